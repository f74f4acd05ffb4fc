// Macros: calls that are not calls. Each takes the parsed arguments and gives a node of its own, or undefined where the shape is
// that of an ordinary call after all.
import type { Node, Loop, LoopMacro } from './ast.ts'
import { SyntaxMistake } from './problem.ts'

export interface MacroCall {
  readonly at: number
  readonly name: string
  readonly target: Node | undefined
  readonly args: readonly Node[]
}

type Shape = Omit<Loop, 'depth'>

/** The node without its depth, which the parser's builder adds. */
export type Expanded =
  | Shape
  | { kind: 'bind'; at: number; name: string; value: Node; body: Node }
  | { kind: 'optionalMap'; at: number; target: Node; name: string; body: Node; flat: boolean }
  | { kind: 'call'; at: number; name: string; target: undefined; args: readonly Node[] }

export function expandMacro(call: MacroCall): Expanded | undefined {
  const { target } = call
  if (target === undefined) return undefined
  if (target.kind === 'ident' && target.name === 'cel' && call.name === 'bind') return expandBind(call)
  if (target.kind === 'ident' && target.name === 'math') return expandExtreme(call)
  return expandOptionalMap(call, target) ?? expandLoop(call, target)
}

function nameOf(node: Node | undefined): string {
  if (node?.kind === 'ident' && !node.absolute) return node.name
  throw new SyntaxMistake('argument must be a simple name', node?.at ?? 0)
}

function expandBind(call: MacroCall): Expanded | undefined {
  const [name, value, body] = call.args
  if (value === undefined || body === undefined || call.args.length !== 3) return undefined
  return { kind: 'bind', at: call.at, name: nameOf(name), value, body }
}

const extremes: Readonly<Record<string, string>> = { greatest: 'math.@max', least: 'math.@min' }

/** Any number of arguments: one or two are given as they are, more as a list. */
function expandExtreme({ at, name, args }: MacroCall): Expanded | undefined {
  const extreme = Object.hasOwn(extremes, name) ? extremes[name] : undefined
  if (extreme === undefined) return undefined
  if (args.length === 0) throw new SyntaxMistake(`math.${name}() requires at least one argument`, at)
  if (args.length <= 2) return { kind: 'call', at, name: extreme, target: undefined, args }
  const depth = 1 + Math.max(...args.map((node) => node.depth))
  const list: Node = { kind: 'list', at, depth, items: args.map((node) => ({ node, optional: false })) }
  return { kind: 'call', at, name: extreme, target: undefined, args: [list] }
}

function expandOptionalMap({ at, name, args }: MacroCall, target: Node): Expanded | undefined {
  const [variable, body] = args
  if (name !== 'optMap' && name !== 'optFlatMap') return undefined
  if (body === undefined || args.length !== 2) return undefined
  return { kind: 'optionalMap', at, target, name: nameOf(variable), body, flat: name === 'optFlatMap' }
}

interface LoopForm {
  readonly macro: LoopMacro
  readonly variables: number
  readonly filter: boolean
}

const single = (macro: LoopMacro): LoopForm => ({ macro, variables: 1, filter: false })
const double = (macro: LoopMacro, filter = false): LoopForm => ({ macro, variables: 2, filter })

/** By name and number of arguments. */
const loopForms: Readonly<Record<string, LoopForm>> = {
  'all/2': single('all'),
  'exists/2': single('exists'),
  'exists_one/2': single('existsOne'),
  'existsOne/2': single('existsOne'),
  'map/2': single('map'),
  'map/3': { macro: 'map', variables: 1, filter: true },
  'filter/2': single('filter'),
  'all/3': double('all'),
  'exists/3': double('exists'),
  'exists_one/3': double('existsOne'),
  'existsOne/3': double('existsOne'),
  'transformList/3': double('transformList'),
  'transformList/4': double('transformList', true),
  'transformMap/3': double('transformMap'),
  'transformMap/4': double('transformMap', true),
  'transformMapEntry/3': double('transformMapEntry'),
  'transformMapEntry/4': double('transformMapEntry', true),
}

function expandLoop({ at, name, args }: MacroCall, range: Node): Expanded | undefined {
  const key = `${name}/${args.length}`
  const form = Object.hasOwn(loopForms, key) ? loopForms[key] : undefined
  const body = args.at(-1)
  if (form === undefined || body === undefined) return undefined
  const variables = args.slice(0, form.variables).map(nameOf)
  if (new Set(variables).size !== variables.length) {
    throw new SyntaxMistake('the two variables of a loop must have different names', at)
  }
  const filter = form.filter ? args[form.variables] : undefined
  return { kind: 'loop', at, macro: form.macro, range, variables, filter, body }
}
