// Logs and metrics that keep what they are told, for tests that look at it, and for those that do not care.
import type { Log, ReflectorMetrics, RequestMetrics } from '../../kube/telemetry.ts'
import type { RuntimeMetrics } from '../../operator/runtime/metrics.ts'

export interface Line {
  readonly level: keyof Log
  readonly fields: object
  readonly message: string
}

export function makeLog(lines: Line[] = []): Log {
  const at = (level: keyof Log) => (fields: object, message: string) => void lines.push({ level, fields, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export type Counts = Record<string, number>

export function makeMetrics(counts: Counts = {}): RuntimeMetrics & ReflectorMetrics & RequestMetrics {
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1)
  return {
    added: () => count('added'),
    retried: () => count('retried'),
    waited: () => count('waited'),
    worked: () => count('worked'),
    observe: () => {},
    reconciled: (_controller, result) => count(`reconciled ${result}`),
    leading: (_lease, isLeading) => count(`leading ${isLeading}`),
    statusWritten: (_resource, result) => count(`status ${result}`),
    eventWritten: (result) => count(`event ${result}`),
    relisted: () => count('relisted'),
    restarted: (_resource, reason) => count(reason),
    heard: () => count('heard'),
    undecodable: () => count('undecodable'),
    handlerFailed: () => count('handlerFailed'),
    requested: ({ code }) => count(`requested ${code}`),
    throttled: () => count('throttled'),
  }
}
