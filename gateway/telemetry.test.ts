import { pino } from 'pino'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { SessionRecord } from '../policy/evidence.ts'
import { makeBundle, makeSnapshot } from '../test/helpers/make.ts'
import type { EnforcementState } from './bundle/enforcement.ts'
import { GatewayError } from './errors.ts'
import type { GatewayTelemetry } from './telemetry.ts'
import { makeTelemetry, toCause, toSafeFields } from './telemetry.ts'

interface Told {
  readonly telemetry: GatewayTelemetry
  readonly lines: () => readonly Record<string, unknown>[]
  readonly metrics: () => Promise<string>
  nowMs: number
}

function make(): Told {
  const lines: Record<string, unknown>[] = []
  const registry = new Registry()
  const told = { nowMs: 0 }
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const telemetry = makeTelemetry(registry, log, () => told.nowMs)
  return Object.assign(told, { telemetry, lines: () => lines, metrics: async () => registry.metrics() })
}

const record: SessionRecord = {
  format: 1,
  session: 's',
  startedAt: '2026-11-20T12:00:00.000Z',
  durationMs: 40,
  gateway: 'g',
  revision: '1.1-abc',
  caller: { issuer: 'https://idp.example', kind: 'User', subject: 'digest' },
  connection: { namespace: 'team-a', name: 'chat', uid: 'u', generation: 1 },
  request: { method: 'POST', bytes: 3, operation: 'chat.completions', model: 'small' },
  decision: { effect: 'Permit', rules: ['team-a/p/a', 'team-a/p/b'] },
  response: { status: 200, bytes: 9, outcome: 'Completed' },
}
const enforced: EnforcementState['enforced'] = {
  revision: { epoch: 1, n: 7, digest: 'sha256:0123456789abcdef' },
  snapshot: makeSnapshot(makeBundle({})),
}

describe('a call', () => {
  it('is one line and one count, without its caller and its model', async () => {
    const { telemetry, lines, metrics } = make()
    telemetry.called(record, undefined)
    telemetry.called(record, undefined)
    expect(lines()).toHaveLength(2)
    expect(lines()[0]).toMatchObject({ level: 30, msg: 'call', session: 's', rule: 'team-a/p/a', status: 200, ms: 40 })
    expect(JSON.stringify(lines())).not.toMatch(/digest|small/u)
    expect(await metrics()).toContain(
      'portcullis_calls_total{connection="team-a/chat",outcome="Completed",status="200",code=""} 2',
    )
    expect(await metrics()).toContain('portcullis_call_duration_seconds_bucket{le="0.1",connection="team-a/chat"} 2')
  })

  it('that failed is as loud as its code, with the kind of its cause alone', () => {
    const { telemetry, lines } = make()
    const cause = Object.assign(new TypeError('canary'), { code: 'ECONNREFUSED' })
    telemetry.called(record, new GatewayError('internal', 'canary', { cause }))
    telemetry.called(record, new GatewayError('upstream_failed', 'canary'))
    expect(lines().map(({ level, cause: kind }) => [level, kind])).toEqual([
      [50, 'TypeError ECONNREFUSED'],
      [40, undefined],
    ])
    expect(JSON.stringify(lines())).not.toContain('canary')
  })

  it('under way is counted until it ends', async () => {
    const { telemetry, metrics } = make()
    telemetry.inFlight(1)
    telemetry.inFlight(1)
    telemetry.inFlight(-1)
    expect(await metrics()).toMatch(/^portcullis_calls_in_flight 1$/mu)
  })
})

describe('the bundle in force', () => {
  it('grows older while others are refused', async () => {
    const told = make()
    told.telemetry.enforcing({ enforced })
    told.nowMs = 5_000
    told.telemetry.enforcing({ enforced, rejection: { sequence: '1.8', reason: 'r' } })
    expect(await told.metrics()).toMatch(/^portcullis_bundle_age_seconds 5$/mu)
    expect(await told.metrics()).toMatch(/^portcullis_bundle_rejections_total 1$/mu)
    told.telemetry.enforcing({ enforced })
    expect(await told.metrics()).toMatch(/^portcullis_bundle_age_seconds 0$/mu)
  })

  it('is one sequence of one epoch', async () => {
    const { telemetry, metrics } = make()
    telemetry.enforcing({ enforced })
    telemetry.enforcing({ enforced: { ...enforced, revision: { epoch: 2, n: 1, digest: 'sha256:a' } } })
    expect((await metrics()).match(/^portcullis_bundle_sequence\{.*$/gmu)).toEqual([
      'portcullis_bundle_sequence{epoch="2"} 1',
    ])
  })
})

describe('fields', () => {
  it('are cut short, and absent where nothing is known', () => {
    expect(toSafeFields({ a: 'x'.repeat(1000), b: undefined, c: 0, d: false })).toEqual({
      a: 'x'.repeat(256),
      c: 0,
      d: false,
    })
  })

  it('break no line, whatever is in them', () => {
    const { telemetry, lines } = make()
    telemetry.endpointFailed('team-a/chat', 'e\n{"level":60}', new GatewayError('upstream_failed', 'x'))
    expect(lines()).toHaveLength(1)
    expect(lines()[0]).toMatchObject({ level: 40, endpoint: 'e\n{"level":60}' })
  })

  it.each([
    [new Error('canary'), 'Error'],
    [Object.assign(new Error('canary'), { code: 'EIO' }), 'Error EIO'],
    [Object.assign(new Error('canary'), { code: { canary: 1 } }), 'Error'],
    ['canary', 'string'],
    [undefined, 'undefined'],
  ])('name the kind of a failure and never its words', (failure, cause) => {
    expect(toCause(failure)).toBe(cause)
  })
})
