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

/** `size(text) < 100` and its kin; undefined where the call is none of them. */
export function findSizeBound(
  call: Call,
  isTextSize: (node: Node) => Node | undefined,
): { readonly text: Node; readonly bound: number; readonly name: string } | undefined {
  const [left, right] = call.args
  if (left === undefined || right === undefined || !Object.hasOwn(decisions, call.name)) return undefined
  const name = right.kind === 'literal' ? call.name : mirrored[call.name]
  const [sized, literal] = right.kind === 'literal' ? [left, right] : [right, left]
  const text = isTextSize(sized)
  if (text === undefined || name === undefined || literal.kind !== 'literal') return undefined
  return typeof literal.value === 'number' && literal.type === 'int' ? { text, bound: literal.value, name } : undefined
}

export function planSizeBound(name: string, text: Plan, bound: number): Plan | undefined {
  const decide = decisions[name]
  if (decide === undefined) return undefined
  return (frame) => decide(compareCodePointCount(String(text(frame)), bound, frame))
}
