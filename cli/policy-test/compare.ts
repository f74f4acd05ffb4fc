// What a case expects, held against what came of its call: one line for each difference, empty when there is none. Lists are compared
// as sets, because the order of policies means nothing.
import type { Outcome } from '../offline/judge-call.ts'
import { isDeepStrictEqual } from 'node:util'
import type { BodySpec } from '../offline/call.ts'
import type { Expectation, LimitExpectation, MaskedExpectation, ShadowExpectation } from './fixture.ts'

export interface Difference {
  /** Of the expectation, such as `rule` or `limits`. */
  readonly field: string
  readonly expected: string
  readonly found: string
}

const plain = ['decision', 'answer', 'reason', 'code', 'policy', 'rule', 'message', 'answerText'] as const

export function compare(expected: Expectation, found: Outcome): readonly Difference[] {
  const differences = plain.flatMap((field): readonly Difference[] => {
    const wanted = expected[field]
    if (wanted === undefined || wanted === found[field]) return []
    return [{ field, expected: wanted, found: found[field] ?? nothing }]
  })
  return [
    ...differences,
    ...compareRules(expected.rules, found),
    ...compareSets('limits', expected.limits, found.limits, { fits: fitsLimit, toText: toLimitText }),
    ...compareSets('shadow', expected.shadow, found.shadow, { fits: fitsShadow, toText: toShadowText }),
    ...compareSets('masked', expected.masked, found.masked ?? [], { fits: fitsMasked, toText: toMaskedText }),
    ...compareBodies('body', expected.body, found.body),
    ...compareBodies('answerBody', expected.answerBody, found.answerBody),
  ]
}

const nothing = '(nothing)'

function compareRules(expected: readonly string[] | undefined, found: Outcome): readonly Difference[] {
  if (expected === undefined) return []
  const [wanted, is] = [expected.toSorted(), (found.rules ?? []).toSorted()].map((rules) => rules.join(', '))
  return wanted === is
    ? []
    : [{ field: 'rules', expected: wanted ?? nothing, found: is === '' ? nothing : (is ?? nothing) }]
}

function compareBodies(
  field: string,
  expected: BodySpec | undefined,
  found: Uint8Array | undefined,
): readonly Difference[] {
  if (expected === undefined) return []
  const [wanted, is] = inOneForm(expected, found === undefined ? undefined : Buffer.from(found))
  return isDeepStrictEqual(wanted, is) ? [] : [{ field, expected: toShown(wanted), found: toShown(is) }]
}

/** JSON is compared as a value, the rest as it is. */
function inOneForm({ json, text, base64 }: BodySpec, found: Buffer | undefined): readonly [unknown, unknown] {
  if (json !== undefined) return [json, parse(found)]
  return text === undefined ? [base64, found?.toString('base64')] : [text, found?.toString()]
}

function toShown(value: unknown): string {
  return value === undefined ? nothing : typeof value === 'string' ? value : JSON.stringify(value)
}

function parse(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString() ?? '')
  } catch {
    return undefined
  }
}

interface Comparison<E, F> {
  readonly fits: (expected: E, found: F) => boolean
  readonly toText: (one: Partial<E & F>) => string
}

/** Each found one must be expected by one of its own, and the other way round. */
function compareSets<E extends object, F extends object>(
  field: string,
  expected: readonly E[] | undefined,
  found: readonly F[],
  { fits, toText }: Comparison<E, F>,
): readonly Difference[] {
  if (expected === undefined || isPairing(expected, found, fits)) return []
  const show = (items: readonly object[]): string =>
    items.length === 0 ? nothing : items.map((one) => toText(one)).join('; ')
  return [{ field, expected: show(expected), found: show(found) }]
}

/** Expectations are few; the ones that fit least are tried first, so that a general one does not take what only a special one fits. */
function isPairing<E, F>(expected: readonly E[], found: readonly F[], fits: (e: E, f: F) => boolean): boolean {
  if (expected.length !== found.length) return false
  const [first, ...others] = expected.toSorted((a, b) => countFits(a, found, fits) - countFits(b, found, fits))
  if (first === undefined) return true
  return found.some((one, i) => fits(first, one) && isPairing(others, found.toSpliced(i, 1), fits))
}

function countFits<E, F>(expected: E, found: readonly F[], fits: (e: E, f: F) => boolean): number {
  return found.filter((one) => fits(expected, one)).length
}

function fitsAll(expected: object, found: object): boolean {
  const known = new Map<string, unknown>(Object.entries(found))
  return Object.entries(expected).every(([field, value]) => known.get(field) === value)
}

const fitsLimit = (expected: LimitExpectation, found: Outcome['limits'][number]): boolean => fitsAll(expected, found)
const fitsShadow = (expected: ShadowExpectation, found: Outcome['shadow'][number]): boolean => fitsAll(expected, found)

const fitsMasked = (expected: MaskedExpectation, found: NonNullable<Outcome['masked']>[number]): boolean =>
  fitsAll(expected, found)

function toMaskedText({ phase, policy, mask, class: dataClass, action, acted, count }: MaskedExpectation): string {
  const told = [phase, policy, mask, dataClass, action, acted === false ? 'not acting' : undefined]
  const times = count === undefined ? '' : ` x ${count}`
  return `${told.filter((one) => one !== undefined).join(' ')}${times}`
}

function toLimitText(one: Partial<LimitExpectation>): string {
  const { policy, limit = '', key, measure, max } = one
  const details = [measure, max === undefined ? undefined : `max ${max}`, key === undefined ? undefined : `key ${key}`]
  const told = details.filter((detail) => detail !== undefined)
  return `${policy === undefined ? '' : `${policy}/`}${limit}${told.length === 0 ? '' : ` (${told.join(', ')})`}`
}

function toShadowText({ policy = '', rule, reason }: Partial<ShadowExpectation>): string {
  return `${policy}${rule === undefined || rule === '' ? '' : `/${rule}`}${reason === undefined ? '' : ` (${reason})`}`
}
