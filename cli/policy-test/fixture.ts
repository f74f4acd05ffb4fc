// The format of a PolicyTest (cli/TESTS.md): from a YAML document to cases, with every mistake at its place. A document that could
// not fail is a mistake: without cases, with an expectation of nothing, with a field that nobody reads.
import type { Read } from '../../policy/settings-reader.ts'
import { addProblem, listOf, objectOf, oneOf, optional, text } from '../../policy/settings-reader.ts'
import type { BodySpec, CallSpec, IdentitySpec } from '../offline/call.ts'
import {
  anyText,
  instant,
  isJson,
  name,
  objectName,
  readAnswer,
  readBody,
  readIdentities,
  readIdentity,
  readRequest,
} from '../offline/call.ts'
import { testApiVersion, testKind } from '../offline/objects.ts'

export interface LimitExpectation {
  readonly policy?: string
  readonly limit: string
  readonly key?: string
  readonly measure?: 'Requests' | 'Tokens' | 'Concurrent'
  readonly max?: number
}

export interface ShadowExpectation {
  readonly policy: string
  readonly rule?: string
  readonly reason?: string
}

export interface MaskedExpectation {
  readonly phase?: 'Request' | 'Response'
  readonly policy?: string
  readonly mask?: string
  readonly class?: string
  readonly action?: string
  readonly acted?: boolean
  readonly count?: number
}

export interface Expectation {
  readonly decision: 'Permit' | 'Deny'
  /** Who refuses the request or its answer, and what the caller is told. */
  readonly reason?: string
  readonly code?: string
  readonly policy?: string
  readonly rule?: string
  readonly message?: string
  /** Of a Permit: all rules that allow, as `namespace/policy/rule`. */
  readonly rules?: readonly string[]
  /** All limits that the call counts against. */
  readonly limits?: readonly LimitExpectation[]
  /** All that policies in mode Audit would have refused. */
  readonly shadow?: readonly ShadowExpectation[]
  readonly answer?: 'Released' | 'Denied'
  /** What the model gets. */
  readonly body?: BodySpec
  /** What the caller gets. */
  readonly answerBody?: BodySpec
  /** All text of it, whole or streamed. */
  readonly answerText?: string
  /** All that masks found. */
  readonly masked?: readonly MaskedExpectation[]
}

export interface CaseSpec extends CallSpec {
  readonly name: string
  /** A name of `identities`, or an identity. */
  readonly as: string | IdentitySpec
  readonly expect: Expectation
}

export interface Fixture {
  readonly name?: string
  /** Files and folders, relative to the file of the test. */
  readonly objects: readonly string[]
  readonly now?: string
  readonly identities: Readonly<Record<string, IdentitySpec>>
  readonly cases: readonly CaseSpec[]
}

const sentence = text({ max: 512, expected: 'a text' })

const limit = objectOf<LimitExpectation>({
  policy: optional(objectName),
  limit: name,
  key: optional(anyText),
  measure: optional(oneOf(['Requests', 'Tokens', 'Concurrent'])),
  max: optional((value, at) =>
    Number.isSafeInteger(value) ? Number(value) : addProblem(at, 'must be a whole number'),
  ),
})

const shadow = objectOf<ShadowExpectation>({ policy: objectName, rule: optional(name), reason: optional(name) })

const masked = objectOf<MaskedExpectation>({
  phase: optional(oneOf(['Request', 'Response'])),
  policy: optional(objectName),
  mask: optional(name),
  class: optional(name),
  action: optional(name),
  acted: optional((value, at) => (typeof value === 'boolean' ? value : addProblem(at, 'must be true or false'))),
  count: optional((value, at) =>
    Number.isSafeInteger(value) ? Number(value) : addProblem(at, 'must be a whole number'),
  ),
})

const rawExpectation = objectOf<Expectation>({
  decision: oneOf(['Permit', 'Deny']),
  reason: optional(name),
  code: optional(name),
  policy: optional(objectName),
  rule: optional(name),
  message: optional(anyText),
  rules: optional(listOf(sentence, { min: 1, max: 1000, key: (one) => one })),
  limits: optional(listOf(limit, { max: 1000 })),
  shadow: optional(listOf(shadow, { max: 1000 })),
  answer: optional(oneOf(['Released', 'Denied'])),
  body: optional(readBody),
  answerBody: optional(readBody),
  answerText: optional(anyText),
  masked: optional(listOf(masked, { max: 1000 })),
})

const whoRefuses = ['reason', 'code', 'policy', 'rule', 'message'] as const

const readExpectation: Read<Expectation> = (value, at) => {
  const read = rawExpectation(value, at)
  const mistake = read === undefined ? undefined : findContradiction(read)
  return mistake === undefined ? read : addProblem(at, mistake)
}

function findContradiction(expected: Expectation): string | undefined {
  const { decision, answer, rules, limits } = expected
  const refuses = decision === 'Deny' || answer === 'Denied'
  const says = whoRefuses.filter((field) => expected[field] !== undefined)
  if (refuses && !says.some((field) => field !== 'policy')) {
    return 'must say why: rule, reason, code or message; any mistake in the request would be refused as well'
  }
  if (!refuses && says.length > 0) {
    return `has ${says.join(' and ')}, which say who refuses; for a Permit, name those that allow in rules`
  }
  const isPastDenial = [answer, rules, limits, expected.body].some((one) => one !== undefined)
  if (decision === 'Deny' && isPastDenial) {
    return 'has answer, rules, limits or body, which a request that is refused never comes to'
  }
  const isReleased = [expected.answerBody, expected.answerText].some((one) => one !== undefined)
  return isReleased && answer !== 'Released'
    ? 'has answerBody or answerText, which only an answer that is Released has'
    : undefined
}

const rawCase = objectOf<CaseSpec>({
  name,
  as: (value, at) => (typeof value === 'string' ? name(value, at) : readIdentity(value, at)),
  connection: optional(objectName),
  request: readRequest,
  answer: optional(readAnswer),
  now: optional(instant),
  expect: readExpectation,
})

const readCase: Read<CaseSpec> = (value, at) => {
  const read = rawCase(value, at)
  if (read === undefined) return undefined
  const { answer, expect } = read
  if (answer !== undefined && expect.answer === undefined) {
    return addProblem(at, 'has an answer; say in expect.answer whether it is Released or Denied')
  }
  if (answer === undefined && expect.answer !== undefined) {
    return addProblem(at, 'expects something of an answer; write what the model server answers in answer')
  }
  return read
}

interface Document {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata?: { readonly name?: string }
  readonly objects: readonly string[]
  readonly now?: string
  readonly identities?: Readonly<Record<string, IdentitySpec>>
  readonly cases: readonly CaseSpec[]
}

const document = objectOf<Document>({
  apiVersion: oneOf([testApiVersion]),
  kind: oneOf([testKind]),
  metadata: optional(objectOf<{ readonly name?: string }>({ name: optional(name) })),
  objects: listOf(sentence, { min: 1, max: 100, key: (one) => one }),
  now: optional(instant),
  identities: optional(readIdentities),
  cases: listOf(readCase, { min: 1, max: 10_000, key: (one) => one.name }),
})

export const readFixture: Read<Fixture> = (value, at) => {
  if (!isJson(value)) return addProblem(at, 'must be JSON: no dates, tags or endless numbers')
  const read = document(value, at)
  if (read === undefined) return undefined
  const { metadata, objects, now, identities: known = {}, cases } = read
  for (const [i, { as }] of cases.entries()) {
    if (typeof as !== 'string' || Object.hasOwn(known, as)) continue
    addProblem({ ...at, path: `cases[${i}].as` }, 'is no name of identities')
  }
  const called = metadata?.name === undefined ? {} : { name: metadata.name }
  return { ...called, objects, ...(now === undefined ? {} : { now }), identities: known, cases }
}
