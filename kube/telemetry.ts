// What kube/ reports about itself: a log and two small metric sinks that arrive as dependencies. The Prometheus form
// with client-go's names is made here too, because both processes need it.
import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'

/** The part of pino that is used: fields first, then one sentence. Fields hold names and numbers, never bodies. */
export interface Log {
  readonly debug: (fields: object, message: string) => void
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** A mistake of ours for the log: its kind and place. Not its message, which may quote what was being handled. */
export function toErrorFields(error: unknown): { readonly error: string; readonly at: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error, at: [] }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { error: error.name, at: frames.slice(0, 6).map((frame) => frame.trim()) }
}

export interface RequestMetrics {
  /** `code` is the HTTP status, or `<error>` when there was no answer. */
  readonly requested: (call: { verb: string; method: string; host: string; code: string; seconds: number }) => void
  readonly throttled: (seconds: number) => void
}

export interface ReflectorMetrics {
  readonly relisted: (resource: string) => void
  readonly restarted: (resource: string, reason: string) => void
  readonly heard: (resource: string) => void
  readonly undecodable: (resource: string) => void
  readonly handlerFailed: (resource: string) => void
}

export interface KubeMetrics extends RequestMetrics, ReflectorMetrics {}

export function makeKubeMetrics(registry: Registry): KubeMetrics {
  return { ...makeRequestMetrics(registry), ...makeReflectorMetrics(registry) }
}

const latencyBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

function makeRequestMetrics(registry: Registry): RequestMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests to the Kubernetes API, by status code, method and host',
    labelNames: ['code', 'method', 'host'],
    registers,
  })
  const durations = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds, by verb and host',
    labelNames: ['verb', 'host'],
    buckets: latencyBuckets,
    registers,
  })
  const waits = new Histogram({
    name: 'rest_client_rate_limiter_duration_seconds',
    help: 'Time that calls waited for the client-side rate limit',
    buckets: latencyBuckets,
    registers,
  })
  return {
    requested: ({ verb, method, host, code, seconds }) => {
      requests.inc({ code, method, host })
      durations.observe({ verb, host }, seconds)
    },
    throttled: (seconds) => waits.observe(seconds),
  }
}

function makeReflectorMetrics(registry: Registry): ReflectorMetrics {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })
  const lists = counter('reflector_lists_total', 'Complete reads of a resource, by list or by initial events', [
    'resource',
  ])
  const restarts = counter('reflector_watch_restarts_total', 'Watches that ended, by reason', ['resource', 'reason'])
  const decodes = counter('reflector_decode_errors_total', 'Watch lines that could not be read', ['resource'])
  const handlers = counter('reflector_handler_errors_total', 'Exceptions thrown by change handlers', ['resource'])
  const last = new Gauge({
    name: 'reflector_last_event_timestamp_seconds',
    help: 'When the watch last said anything, bookmarks included',
    labelNames: ['resource'],
    registers: [registry],
  })
  return {
    relisted: (resource) => lists.inc({ resource }),
    restarted: (resource, reason) => restarts.inc({ resource, reason }),
    heard: (resource) => last.setToCurrentTime({ resource }),
    undecodable: (resource) => decodes.inc({ resource }),
    handlerFailed: (resource) => handlers.inc({ resource }),
  }
}
