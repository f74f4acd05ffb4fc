import { expect, it } from 'vitest'
import {
  makeConnection,
  makeBundle,
  makeIdentity,
  makePolicy,
  makeSnapshot,
  denyWhen,
  allowAll,
} from '../test/helpers/make.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { Facts } from '../policy/model.ts'
import { MaskEngines } from '../policy/masking/mask-engines.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import type { LimitDemand } from '../policy/evaluate.ts'
import { toFacts, toSpending } from './facts.ts'
import { makeMakeScan } from './masking/scan.ts'
import type { ReadRequest } from './protocols/protocol.ts'

const makeScan = makeMakeScan(new MaskEngines())

function compile(when: string): CompiledConnection {
  const bundle = makeBundle({
    connections: [makeConnection()],
    policies: [makePolicy({ rules: [allowAll, denyWhen(when)] })],
  })
  const connection = makeSnapshot(bundle).connections.get('team-a/chat')
  if (connection === undefined) throw new Error('the connection did not compile')
  return connection
}

const nothingRead: Pick<ReadRequest, 'facts' | 'answer'> = {
  facts: { operation: 'x', model: '', stream: false, prompt: '', body: null },
  answer: { readWhole: unreadable, openStream: unreadable },
}

function unreadable(): never {
  throw new Error('no answer is read here')
}

function judge(when: string, rawHeaders: readonly string[], anew?: Readonly<Record<string, string>>): string {
  const connection = compile(when)
  const request = {
    method: 'POST',
    path: '/team-a/chat/v1/chat/completions',
    query: '',
    host: 'gw',
    rawHeaders,
    headers: {},
    sourceIP: '192.0.2.1',
    readBody: async () => new Uint8Array(),
    signal: new AbortController().signal,
  }
  const path = '/v1/chat/completions'
  const asked = {
    bytes: 1,
    path,
    rawHeaders,
    ...(anew && { read: { ...nothingRead, upstream: { path, query: '', headers: anew } } }),
  }
  const facts = toFacts(
    { countTokens: () => 0, makeScan },
    { request, identity: makeIdentity(), connection, asked, nowMs: 0 },
  )
  const { decision } = evaluate(connection, facts)
  return decision.effect === 'Permit' ? 'Permit' : decision.reason
}

it.each([
  ['a header', '"x-debug" in request.headers', ['X-Debug', '1'], 'DeniedByRule'],
  [
    'its spelling with underscores, which some servers read as the same',
    '"x-debug" in request.headers',
    ['x_debug', '1'],
    'DeniedByRule',
  ],
  ['that spelling by its own name', '"x_debug" in request.headers', ['x_debug', '1'], 'DeniedByRule'],
  [
    'both spellings, joined',
    'request.headers["x-a"].contains("gold")',
    ['x-a', 'basic', 'x_a', 'gold'],
    'DeniedByRule',
  ],
  ['the name of a prototype', '"__proto__" in request.headers', ['__proto__', '1'], 'DeniedByRule'],
  [
    'no credential',
    '"authorization" in request.headers || "x-api-key" in request.headers',
    ['authorization', 'Bearer x', 'x_api_key', 'y'],
    'Permit',
  ],
  ['no name that was not sent', '"constructor" in request.headers || "toString" in request.headers', [], 'Permit'],
])('rules see %s', (_title, when, rawHeaders, outcome) => {
  expect(judge(when, rawHeaders)).toBe(outcome)
})

it('a header named like what every object inherits is never taken for that', () => {
  expect(judge('"constructor" in request.headers', ['constructor', '1'])).toBe('DeniedByRule')
  expect(judge('request.headers["constructor"] == "1"', ['constructor', '1'])).toBe('DeniedByRule')
})

it('a header that was not sent cannot be read, whatever objects inherit', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'absent']) {
    expect(judge(`request.headers["${name}"] != "x"`, [])).toBe('EvaluationFailed')
  }
})

function countCalls(
  when: string,
  asked: Partial<Facts['request']> = {},
): {
  readonly counted: () => number
  readonly spend: (demands: readonly LimitDemand[]) => object
} {
  let counted = 0
  const count = (): number => {
    counted += 1
    return 42
  }
  const connection = compile(when)
  const exchanged = {
    method: 'POST',
    path: '/',
    query: '',
    host: 'gw',
    rawHeaders: [],
    headers: {},
    sourceIP: '192.0.2.1',
    readBody: async () => new Uint8Array(),
    signal: new AbortController().signal,
  }
  const sources = {
    request: exchanged,
    identity: makeIdentity(),
    connection,
    asked: { bytes: 1, path: '/', rawHeaders: [] },
    nowMs: 0,
  }
  const facts = toFacts({ countTokens: count, makeScan }, sources)
  const request = { ...facts.request, ...asked }
  return { counted: () => counted, spend: (demands) => toSpending(count, sources, demands, { ...facts, request }) }
}

const demand = (measure: LimitDemand['measure']): LimitDemand => ({
  policy: 'team-a/p',
  limit: 'l',
  key: '',
  measure,
  max: 1,
  windowMs: 0,
  onUnavailable: 'Deny',
  acts: true,
})

it('tokens are counted once, and only where a rule or a limit asks for them', () => {
  const unasked = countCalls('request.bytes > 7')
  expect(unasked.spend([demand('Requests')])).toEqual({ inputTokens: 0, maxTokens: 0 })
  expect(unasked.counted()).toBe(0)
  const limited = countCalls('request.bytes > 7')
  expect(limited.spend([demand('Requests'), demand('Tokens')])).toEqual({ inputTokens: 42, maxTokens: 0 })
  expect(limited.counted()).toBe(1)
  const both = countCalls('request.inputTokens > 7')
  expect(both.spend([demand('Tokens')])).toEqual({ inputTokens: 42, maxTokens: 0 })
  expect(both.counted()).toBe(1)
})

it('every answer that is asked for may be as long as allowed', () => {
  const asked = countCalls('request.bytes > 7', { maxTokens: 100, choices: 4 })
  expect(asked.spend([])).toEqual({ inputTokens: 0, maxTokens: 400 })
})

it('a header that is set anew toward the model is judged as it will be there', () => {
  const rule = 'request.headers["content-type"] != "application/json"'
  const form = ['Content-Type', 'application/x-www-form-urlencoded']
  expect(judge(rule, form)).toBe('DeniedByRule')
  expect(judge(rule, form, { 'content-type': 'application/json' })).toBe('Permit')
})
