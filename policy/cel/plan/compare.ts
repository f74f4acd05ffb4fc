// Comparisons, with the fast ways for what rules are made of: numbers, short texts, and `size(text) < 8000`, which nearly always
// can be told from the length in units without counting code points.
import type { Call, Node } from '../syntax/ast.ts'
import type { Value } from '../values/box.ts'
import { compare, isEqual } from '../values/compare.ts'
import { compareCodePointCount } from '../values/text.ts'
import type { Frame, Plan } from './frame.ts'

type Decide = (order: number) => boolean

/** Of NaN every one of them is false. */
const decisions: Readonly<Record<string, Decide>> = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
}

const numbers: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '_<_': (a, b) => a < b,
  '_<=_': (a, b) => a <= b,
  '_>_': (a, b) => a > b,
  '_>=_': (a, b) => a >= b,
}

export function planOrder(name: string, left: Plan, right: Plan): Plan | undefined {
  const decide = decisions[name]
  const ofNumbers = numbers[name]
  if (decide === undefined || ofNumbers === undefined) return undefined
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    if (typeof a === 'number' && typeof b === 'number') return ofNumbers(a, b)
    if (typeof a === 'string') frame.charge(a.length / 64)
    return decide(compare(a, b))
  }
}

export function planEquality(name: string, left: Plan, right: Plan): Plan | undefined {
  if (name === '_==_') return (frame) => areEqual(left(frame), right(frame), frame)
  if (name === '_!=_') return (frame) => !areEqual(left(frame), right(frame), frame)
  return undefined
}

export function areEqual(a: Value, b: Value, frame: Frame): boolean {
  if (typeof a === 'string') {
    if (typeof b !== 'string' || a.length !== b.length) return false
    if (a.length > 64) frame.charge(a.length / 64)
    return a === b
  }
  return isEqual(a, b, frame)
}

const mirrored: Readonly<Record<string, string>> = { '_<_': '_>_', '_<=_': '_>=_', '_>_': '_<_', '_>=_': '_<=_' }

export interface SizeBound {
  readonly text: Node
  readonly bound: number
  readonly name: string
}

/** `size(text) < 100` and its kin; undefined where the call is none of them. */
export function findSizeBound(call: Call, findText: (node: Node) => Node | undefined): SizeBound | undefined {
  const [left, right] = call.args
  const mirror = mirrored[call.name]
  if (left === undefined || right === undefined || mirror === undefined) return undefined
  return (
    boundOf({ name: call.name, sized: left, literal: right }, findText) ??
    boundOf({ name: mirror, sized: right, literal: left }, findText)
  )
}

function boundOf(
  { name, sized, literal }: { readonly name: string; readonly sized: Node; readonly literal: Node },
  findText: (node: Node) => Node | undefined,
): SizeBound | undefined {
  if (literal.kind !== 'literal' || literal.type !== 'int' || typeof literal.value !== 'number') return undefined
  const text = findText(sized)
  return text === undefined ? undefined : { text, bound: literal.value, name }
}

export function planSizeBound(name: string, text: Plan, bound: number): Plan | undefined {
  const decide = decisions[name]
  if (decide === undefined) return undefined
  return (frame) => decide(compareCodePointCount(String(text(frame)), bound, frame))
}
