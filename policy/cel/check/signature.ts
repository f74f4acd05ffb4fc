// How libraries declare functions: `['string.charAt(int): string', implementation]`. The text before the first dot is the receiver's
// type; `math.abs(int): int` would be ambiguous, so functions with a namespace are written `math.abs(int): int` under `global`.
import type { Value } from '../values/box.ts'
import type { Type } from './type.ts'
import { parseType } from './type.ts'

/** The checker, or the dispatch at run time, has proved that the values are of the types the signature declares. */
export type Implementation = (...values: never[]) => Value

export interface Overload {
  readonly name: string
  /** `x.f()` instead of `f(x)`; the receiver is the first parameter. */
  readonly member: boolean
  readonly parameters: readonly Type[]
  readonly result: Type
  /** Takes `arity` values, then the meter. */
  readonly run: (...values: Value[]) => Value
  readonly arity: number
  /** Refuses a constant argument when the expression is compiled. */
  readonly constant: ConstantCheck | undefined
}

/** By position of the argument; gives the text of the problem. */
export interface ConstantCheck {
  readonly index: number
  readonly check: (value: Value) => string | undefined
  /** The name of the thing, for the message: "regular expression (RE2 syntax)". */
  readonly what: string
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>

export interface Library {
  readonly global?: readonly Declaration[]
  readonly member?: readonly Declaration[]
}

export type Declaration = readonly [signature: string, implementation: Implementation, constant?: ConstantCheck]

export function buildFunctions(libraries: readonly Library[]): FunctionTable {
  const table = new Map<string, Overload[]>()
  for (const { global = [], member = [] } of libraries) {
    for (const declaration of global) add(table, toOverload(declaration, false))
    for (const declaration of member) add(table, toOverload(declaration, true))
  }
  return table
}

function add(table: Map<string, Overload[]>, overload: Overload): void {
  const known = table.get(overload.name)
  if (known === undefined) table.set(overload.name, [overload])
  else known.push(overload)
}

const shape = /^(.+?)\((.*)\): (.+)$/u

function toOverload([signature, implementation, constant]: Declaration, member: boolean): Overload {
  const match = shape.exec(signature)
  if (match === null) throw new Error(`not a signature: ${signature}`)
  const [, head = '', inside = '', result = ''] = match
  const dot = member ? head.lastIndexOf('.') : -1
  const parameters = splitTypes(inside)
  if (member) parameters.unshift(head.slice(0, dot))
  return {
    name: head.slice(dot + 1),
    member,
    parameters: parameters.map((text) => parseType(text)),
    result: parseType(result),
    run: toRunnable(implementation),
    arity: parameters.length,
    constant,
  }
}

function toRunnable(implementation: Implementation): Overload['run'] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see Implementation: types are proved by checker or dispatch
  return implementation as unknown as Overload['run']
}

/** At commas outside of angle brackets. */
function splitTypes(text: string): string[] {
  const types: string[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '<') depth += 1
    if (character === '>') depth -= 1
    if (character === ',' && depth === 0) {
      types.push(text.slice(start, index))
      start = index + 1
    }
  }
  if (text.trim() !== '') types.push(text.slice(start))
  return types.map((type) => type.trim())
}
