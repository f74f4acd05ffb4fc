// The only place that logs calls and counts them. Log fields are names and numbers by type, strings are cut short, and labels are
// names of declared objects or words from closed lists: neither can carry a prompt.
import type { Logger } from 'pino'
import { symbols } from 'pino'
import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'
import { toRevisionText } from '../policy/bundle.ts'
import type { RecordedShadow, SessionRecord } from '../policy/evidence.ts'
import type { EnforcementState } from './bundle/enforcement.ts'
import type { GatewayError } from './errors.ts'
import { toErrorRow } from './errors.ts'
import type { KeysEvent } from './identity/keys.ts'
import type { LimitsDeps } from './limits/build.ts'
import { makeLimitTelemetry } from './limits/telemetry.ts'

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

const maxFieldLength = 256

export interface GatewayTelemetry {
  readonly called: (record: SessionRecord, error: GatewayError | undefined) => void
  readonly enforcing: (state: EnforcementState) => void
  readonly inFlight: (change: 1 | -1) => void
  readonly recordsFailed: (error: unknown) => void
  readonly recordsRecovered: () => void
  readonly recordsLost: (count: number) => void
  readonly keys: (event: KeysEvent) => void
  readonly endpointFailed: (connection: string, endpoint: string, error: GatewayError) => void
  readonly tokenizerFailed: (tokenizer: string, error: unknown) => void
  readonly limits: Pick<LimitsDeps, 'onRefused' | 'onStore'>
}

export function makeTelemetry(registry: Registry, log: Logger, nowMs: () => number): GatewayTelemetry {
  const metrics = makeMetrics(registry)
  const logCall = makeCallLog(log)
  let since = nowMs()
  metrics.bundleAge(() => (nowMs() - since) / 1000)
  return {
    called: (record, error) => {
      metrics.called(record)
      logCall(record, error)
    },
    enforcing: ({ enforced, rejection }) => {
      if (rejection === undefined) since = nowMs()
      if (enforced !== undefined) metrics.enforced(enforced.revision.epoch, enforced.revision.n)
      if (rejection !== undefined) metrics.rejected()
      const revision = enforced === undefined ? '' : toRevisionText(enforced.revision)
      const fields = { revision, rejected: rejection?.sequence, reason: rejection?.reason }
      if (rejection === undefined) log.info(toSafeFields(fields), 'bundle enforced')
      else log.error(toSafeFields(fields), 'bundle rejected, the last good one stays')
    },
    inFlight: metrics.inFlight,
    recordsFailed: (error) => {
      metrics.recordsFailed()
      log.error(toSafeFields({ cause: toCause(error) }), 'session records cannot be written: calls are refused')
    },
    recordsRecovered: () => log.info('session records are written again'),
    recordsLost: (count) => {
      metrics.recordsLost(count)
      log.error({ count }, 'session records are lost')
    },
    keys: ({ issuer, outcome, keys, cause }) => {
      metrics.keys(issuer, outcome, keys)
      if (outcome === 'Refreshed') return
      log.warn(toSafeFields({ issuer, keys, cause: toCause(cause) }), 'the keys of an issuer cannot be fetched')
    },
    endpointFailed: (connection, endpoint, error) => {
      metrics.endpointFailed(connection, error.code)
      log.warn(toSafeFields({ connection, endpoint, code: error.code, cause: toCause(error.cause) }), 'endpoint failed')
    },
    tokenizerFailed: (tokenizer, error) => {
      log.error(toSafeFields({ tokenizer, cause: toCause(error) }), 'a tokenizer cannot be loaded: bytes are counted')
    },
    limits: makeLimitTelemetry(registry, {
      storeGone: (cause) => {
        log.error(toSafeFields({ cause: toCause(cause) }), 'the shared store of the limits is away')
      },
      storeBack: () => log.info('the shared store of the limits is there'),
    }),
  }
}

/**
 * The line of a call, in pino's form and through pino's stream, but put together here: pino takes fifteen times as long, and this
 * one is written for every call. Every field is a name from a bundle, a word from a closed list, or a number.
 */
function makeCallLog(log: Logger): (record: SessionRecord, error: GatewayError | undefined) => void {
  const stream: unknown = Reflect.get(log, symbols.streamSym)
  if (!isStream(stream)) throw new Error('the logger has no stream')
  return (record, error) => {
    const level = error === undefined ? 'info' : toErrorRow(error.code).log
    if (!log.isLevelEnabled(level)) return
    const line = { level: log.levels.values[level], time: new Date().toISOString(), ...toCallFields(record, error) }
    stream.write(`${JSON.stringify(line)}\n`)
  }
}

function isStream(value: unknown): value is { readonly write: (line: string) => unknown } {
  return typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function'
}

function toCallFields(record: SessionRecord, error: GatewayError | undefined): LogFields {
  const { connection, decision, request, response } = record
  return {
    session: record.session,
    revision: record.revision,
    connection: connection && `${connection.namespace}/${connection.name}`,
    operation: request.operation,
    decision: decision?.effect,
    reason: decision?.reason,
    rule: decision?.rules[0],
    answerRule: response.rule,
    shadow: record.shadow?.map(toRuleName).join(' ').slice(0, maxFieldLength),
    masked: record.masked?.reduce((sum, { count }) => sum + count, 0),
    status: response.status,
    outcome: response.outcome,
    code: response.error,
    requestBytes: request.bytes,
    responseBytes: response.bytes,
    ms: record.durationMs,
    cause: error?.cause === undefined ? undefined : toCause(error.cause),
    msg: 'call',
  }
}

function toRuleName({ policy, rule }: RecordedShadow): string {
  return rule === '' ? policy : `${policy}/${rule}`
}

export function toSafeFields(fields: LogFields): LogFields {
  const safe: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    safe[name] = typeof value === 'string' && value.length > maxFieldLength ? value.slice(0, maxFieldLength) : value
  }
  return safe
}

/** Kind and code of an error, never its message: libraries put addresses, headers and bodies there. */
export function toCause(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? `${error.name} ${code}` : error.name
}

function makeMetrics(registry: Registry): ReturnType<typeof makeCallMetrics> & ReturnType<typeof makeStateMetrics> {
  return { ...makeCallMetrics([registry]), ...makeStateMetrics([registry]) }
}

function makeCallMetrics(registers: Registry[]) {
  const calls = new Counter({
    name: 'portcullis_calls_total',
    help: 'Calls by connection, outcome and status',
    labelNames: ['connection', 'outcome', 'status', 'code'],
    registers,
  })
  const seconds = new Histogram({
    name: 'portcullis_call_duration_seconds',
    help: 'From the first byte of a call to the last byte of its reply',
    labelNames: ['connection'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
    registers,
  })
  const inFlight = new Gauge({ name: 'portcullis_calls_in_flight', help: 'Calls that are not finished', registers })
  const endpointFailures = new Counter({
    name: 'portcullis_endpoint_failures_total',
    help: 'Endpoints that could not be used, by reason',
    labelNames: ['connection', 'code'],
    registers,
  })
  const shadowDenials = new Counter({
    name: 'portcullis_shadow_denials_total',
    help: 'What policies in mode Audit would have refused',
    labelNames: ['connection', 'policy', 'rule', 'reason'],
    registers,
  })
  const maskedFindings = new Counter({
    name: 'portcullis_masked_findings_total',
    help: 'What masks found, those of mode Audit included',
    labelNames: ['connection', 'phase', 'policy', 'mask', 'class', 'action', 'acted'],
    registers,
  })
  const countOf = cacheByKey((connection: string, outcome: string, status: string, code: string) =>
    calls.labels({ connection, outcome, status, code }),
  )
  const secondsOf = cacheByKey((connection: string) => seconds.labels({ connection }))
  return {
    called: ({ connection, response, durationMs, shadow, masked }: SessionRecord) => {
      const name = connection === undefined ? '' : `${connection.namespace}/${connection.name}`
      countOf(name, response.outcome, String(response.status), response.error ?? '').inc()
      secondsOf(name).observe(durationMs / 1000)
      for (const { policy, rule, reason } of shadow ?? []) shadowDenials.inc({ connection: name, policy, rule, reason })
      for (const { phase, policy, mask, class: dataClass = '', action, acted, count } of masked ?? []) {
        const labels = { connection: name, phase, policy, mask, class: dataClass, action, acted: String(acted) }
        maskedFindings.inc(labels, count)
      }
    },
    inFlight: (change: 1 | -1) => inFlight.inc(change),
    endpointFailed: (connection: string, code: string) => endpointFailures.inc({ connection, code }),
  }
}

function makeStateMetrics(registers: Registry[]) {
  const sequence = new Gauge({
    name: 'portcullis_bundle_sequence',
    help: 'Sequence number of the bundle that is enforced, by epoch',
    labelNames: ['epoch'],
    registers,
  })
  const rejections = new Counter({
    name: 'portcullis_bundle_rejections_total',
    help: 'Bundles that were refused',
    registers,
  })
  const recordFailures = new Counter({
    name: 'portcullis_record_failures_total',
    help: 'Times the session records could not be written',
    registers,
  })
  const recordsLost = new Counter({
    name: 'portcullis_records_lost_total',
    help: 'Session records that will never be written',
    registers,
  })
  const servedKeys = new Gauge({
    name: 'portcullis_issuer_keys',
    help: 'Signing keys known of an issuer',
    labelNames: ['issuer'],
    registers,
  })
  const keyFetches = new Counter({
    name: 'portcullis_issuer_key_fetches_total',
    help: 'Times the keys of an issuer were fetched, by outcome',
    labelNames: ['issuer', 'outcome'],
    registers,
  })
  return {
    keys: (issuer: string, outcome: string, count: number) => {
      servedKeys.set({ issuer }, count)
      keyFetches.inc({ issuer, outcome })
    },
    enforced: (epoch: number, n: number) => {
      sequence.reset()
      sequence.set({ epoch: String(epoch) }, n)
    },
    rejected: () => rejections.inc(),
    recordsFailed: () => recordFailures.inc(),
    recordsLost: (count: number) => recordsLost.inc(count),
    bundleAge: (age: () => number) =>
      new Gauge({
        name: 'portcullis_bundle_age_seconds',
        help: 'Since a bundle was last put in force',
        registers,
        collect() {
          this.set(age())
        },
      }),
  }
}

/** Children of a metric by label values: hashing the labels anew would cost more than counting. */
function cacheByKey<K extends string[], T>(make: (...key: K) => T): (...key: K) => T {
  const known = new Map<string, T>()
  return (...key) => {
    const joined = key.join('\n')
    let value = known.get(joined)
    if (value === undefined) {
      value = make(...key)
      known.set(joined, value)
    }
    return value
  }
}
