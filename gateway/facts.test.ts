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
import type { CompiledConnection } from '../policy/snapshot.ts'
import { toFacts } from './facts.ts'

function compile(when: string): CompiledConnection {
  const bundle = makeBundle({
    connections: [makeConnection()],
    policies: [makePolicy({ rules: [allowAll, denyWhen(when)] })],
  })
  const connection = makeSnapshot(bundle).connections.get('team-a/chat')
  if (connection === undefined) throw new Error('the connection did not compile')
  return connection
}

function judge(when: string, rawHeaders: readonly string[]): string {
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
  const asked = { bytes: 1, path: '/v1/chat/completions', rawHeaders }
  const facts = toFacts(() => 0, { request, identity: makeIdentity(), connection, asked, nowMs: 0 })
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
