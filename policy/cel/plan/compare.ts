// Comparisons, with the fast ways for what rules are made of: numbers, short texts, and `size(text) < 8000`, which nearly always
// can be told from the length in units without counting code points.
import type { Call, Literal, Node } from '../syntax/ast.ts'
import type { Value } from '../values/box.ts'
import { compareMetered, isEqual } from '../values/compare.ts'
import { compareCodePointCount } from '../values/text.ts'
import type { Plan } from './frame.ts'

type Decide = (order: number) => boolean

/** Of NaN every one of them is false. */
const decisions: Readonly<Record<string, Decide>> = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
}

/** Each operator has a closure of its own: a shared one would have to call what it cannot inline. */
const ordered: Readonly<Record<string, (left: Plan, right: Plan) => Plan>> = {
  '_<_': (left, right) => (frame) => {
    const a = left(frame)
    const b = right(frame)
    return typeof a === 'number' && typeof b === 'number' ? a < b : compareMetered(a, b, frame) < 0
  },
  '_<=_': (left, right) => (frame) => {
    const a = left(frame)
    const b = right(frame)
    return typeof a === 'number' && typeof b === 'number' ? a <= b : compareMetered(a, b, frame) <= 0
  },
  '_>_': (left, right) => (frame) => {
    const a = left(frame)
    const b = right(frame)
    return typeof a === 'number' && typeof b === 'number' ? a > b : compareMetered(a, b, frame) > 0
  },
  '_>=_': (left, right) => (frame) => {
    const a = left(frame)
    const b = right(frame)
    return typeof a === 'number' && typeof b === 'number' ? a >= b : compareMetered(a, b, frame) >= 0
  },
}

export function planOrder(name: string, left: Plan, right: Plan): Plan | undefined {
  return Object.hasOwn(ordered, name) ? ordered[name]?.(left, right) : undefined
}

export function planEquality(call: Call, left: Plan, right: Plan): Plan | undefined {
  if (call.name !== '_==_' && call.name !== '_!=_') return undefined
  const wanted = call.name === '_==_'
  const [a, b] = call.args
  if (isPlainLiteral(b)) return planLiteralEquality(left, b.value, wanted)
  if (isPlainLiteral(a)) return planLiteralEquality(right, a.value, wanted)
  return (frame) => isEqual(left(frame), right(frame), frame) === wanted
}

/** Nothing else equals a text, a bool or null than the same. */
function isPlainLiteral(node: Node | undefined): node is Literal {
  return node?.kind === 'literal' && (node.type === 'string' || node.type === 'bool' || node.type === 'null_type')
}

function planLiteralEquality(plan: Plan, literal: Value, wanted: boolean): Plan {
  return (frame) => (plan(frame) === literal) === wanted
}

/** `x in ["a", "b"]` with texts written out. */
export function planTextMembership(call: Call, left: Plan): Plan | undefined {
  const [, list] = call.args
  if (call.name !== '@in' || list?.kind !== 'list') return undefined
  const texts = list.items.map(({ node }) => (node.kind === 'literal' ? node.value : undefined))
  if (!texts.every((text) => typeof text === 'string')) return undefined
  const set = new Set<Value>(texts)
  return (frame) => set.has(left(frame))
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
