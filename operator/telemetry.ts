// What the operator says of itself beyond the runtime's own metrics: publications, replicas, settings. Log fields are names, numbers
// and texts that were made to be read; no object's content is loggable here.
import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'
import type { Log } from '../kube/telemetry.ts'
import { toErrorFields } from '../kube/telemetry.ts'
import type { Bundle, Revision } from '../policy/bundle.ts'
import { toRevisionText } from '../policy/bundle.ts'
import type { Problem } from '../policy/problem.ts'
import { toProblemText } from '../policy/problem.ts'
import type { Replica } from './publish/replicas.ts'

export interface OperatorTelemetry {
  readonly published: (revision: Revision, bundle: Bundle) => void
  readonly publishFailed: (trouble: string) => void
  readonly replicas: (replicas: readonly Replica[], revision: Revision | undefined) => void
  /** Empty: the settings are valid. */
  readonly settings: (problems: readonly Problem[]) => void
  /** Empty: every namespace that needs a key has one. */
  readonly tenantKeys: (troubles: readonly string[]) => void
}

export function makeOperatorTelemetry(registry: Registry, log: Log): OperatorTelemetry {
  const registers = [registry]
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers })
  const sequence = gauge('portcullis_operator_bundle_sequence', 'Sequence number of the published bundle', ['epoch'])
  const objects = gauge('portcullis_operator_bundle_objects', 'Objects in the published bundle', ['kind', 'state'])
  const fleet = gauge('portcullis_operator_gateway_replicas', 'Serving gateway replicas', ['state'])
  const valid = gauge(
    'portcullis_operator_settings_valid',
    '1 while the platform settings in force are those that are written',
  )
  const unusable = gauge('portcullis_operator_tenant_key_troubles', 'Tenant keys that people have to repair')
  const failures = new Counter({
    name: 'portcullis_operator_publish_failures_total',
    help: 'Publications that did not succeed',
    registers,
  })
  return {
    published: (revision, bundle) => {
      sequence.reset()
      sequence.set({ epoch: String(revision.epoch) }, revision.n)
      const blocked = bundle.connections.filter((connection) => connection.blocked !== undefined).length
      objects.set({ kind: 'ModelConnection', state: 'usable' }, bundle.connections.length - blocked)
      objects.set({ kind: 'ModelConnection', state: 'blocked' }, blocked)
      objects.set({ kind: 'InferencePolicy', state: 'usable' }, bundle.policies.length)
      log.info({ revision: toRevisionText(revision), blocked }, 'bundle published')
    },
    publishFailed: (trouble) => {
      failures.inc()
      log.error({ reason: trouble }, 'the bundle could not be published; gateways keep the one before')
    },
    replicas: (replicas, revision) => {
      const current = replicas.filter(
        ({ enforced }) => enforced?.epoch === revision?.epoch && enforced?.n === revision?.n,
      )
      fleet.set({ state: 'current' }, current.length)
      fleet.set({ state: 'behind' }, replicas.length - current.length)
    },
    settings: (problems) => {
      valid.set(problems.length === 0 ? 1 : 0)
      if (problems.length === 0) return
      log.error(
        { problems: problems.slice(0, 8).map(toProblemText) },
        'the platform settings are invalid; the last valid ones stay',
      )
    },
    tenantKeys: (troubles) => {
      unusable.set(troubles.length)
      if (troubles.length > 0) log.error({ problems: troubles.slice(0, 8) }, 'tenant keys cannot be used')
    },
  }
}

/** Errors among the fields of a log line keep their name and place; their messages may quote what was being handled. */
export function toSafeLog(log: Log): Log {
  const write =
    (level: keyof Log): Log[keyof Log] =>
    (fields, message) => {
      const safe = Object.entries(fields).map(([name, value]) => [
        name,
        value instanceof Error ? toErrorFields(value) : value,
      ])
      log[level](Object.fromEntries(safe), message)
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
