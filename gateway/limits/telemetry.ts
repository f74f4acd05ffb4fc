// What the limits count and log. Labels are names of declared objects and words from closed lists; whose count it was stands nowhere.
import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'
import type { LimitsDeps } from './build.ts'

export interface LimitLog {
  readonly storeGone: (cause: unknown) => void
  readonly storeBack: () => void
}

export function makeLimitTelemetry(registry: Registry, log: LimitLog): Pick<LimitsDeps, 'onRefused' | 'onStore'> {
  const registers = [registry]
  const refusals = new Counter({
    name: 'portcullis_limit_refusals_total',
    help: 'Calls that a limit refused, or would have refused in mode Audit',
    labelNames: ['policy', 'limit', 'reason', 'mode'],
    registers,
  })
  const store = new Gauge({
    name: 'portcullis_limit_store_up',
    help: '1 while the shared store of the limits answers; absent where none is configured',
    registers,
    labelNames: [],
  })
  // A gauge without labels says 0 from the beginning: where no store is configured that would be an alarm.
  store.remove()
  return {
    onRefused: ({ policy, limit, acts }, { reason }) =>
      refusals.inc({ policy, limit, reason, mode: acts ? 'Enforce' : 'Audit' }),
    onStore: (isUp, cause) => {
      store.set(isUp ? 1 : 0)
      if (isUp) log.storeBack()
      else log.storeGone(cause)
    },
  }
}
