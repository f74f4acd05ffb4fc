// Puts the limits together: counts in this process, and over them those of all replicas where a shared store is configured.
import type { Clock } from '../../kube/clock.ts'
import { LocalCounters } from './local-counters.ts'
import { RedisCounters } from './redis-counters.ts'
import type { ConnectRedis } from './redis-connection.ts'
import { RedisLink } from './redis-link.ts'
import type { Reserve } from './reservation.ts'
import type { ReserveDeps } from './reserve.ts'
import { makeReserve } from './reserve.ts'

export interface LimitsDeps {
  readonly clock: Clock
  readonly random: () => number
  /** For the place of a call in a limit on calls in flight, and for this replica; never twice, in no replica. */
  readonly newId: () => string
  readonly onRefused: ReserveDeps['onRefused']
  /** The shared store goes, or is there again; only told where one is configured. */
  readonly onStore: (isUp: boolean, cause?: unknown) => void
  /** Absent: every replica counts for itself. */
  readonly connectRedis?: ConnectRedis | undefined
  readonly waitMs?: number
  readonly leaseMs?: number
  readonly maxKeys?: number
}

export interface Limits {
  readonly reserve: Reserve
  /** Keeps the shared store at hand, until the signal. Never rejects. */
  readonly start: (signal: AbortSignal) => Promise<void>
}

/** About 200 bytes each. */
const defaultMaxKeys = 200_000
const defaultWaitMs = 250
const defaultLeaseMs = 30_000

export function buildReserve(deps: LimitsDeps): Limits {
  const { clock, random, newId, onRefused, onStore, connectRedis } = deps
  const local = new LocalCounters({ nowMs: clock.monotonicMs, maxKeys: deps.maxKeys ?? defaultMaxKeys })
  if (connectRedis === undefined) return { reserve: makeReserve({ local, newId, onRefused }), start: async () => {} }
  const waitMs = deps.waitMs ?? defaultWaitMs
  const link = new RedisLink({ connect: connectRedis, clock, random, waitMs, onChange: onStore })
  const shared = new RedisCounters({ link, clock, replica: newId(), leaseMs: deps.leaseMs ?? defaultLeaseMs })
  return {
    reserve: makeReserve({ local, shared, newId, onRefused }),
    start: async (signal) => {
      await Promise.all([link.start(signal), shared.start(signal)])
    },
  }
}
