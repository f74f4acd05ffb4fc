// How far each object has come: since which publication its present entry stands in the bundle, and whether every serving gateway
// has enforced it. Once that was so it stays so for that entry, so that new or restarting pods (which become ready only when they
// enforce the newest bundle) do not make conditions flap. Pure.
import type { Revision } from '../../policy/bundle.ts'
import type { Finding } from '../verdict.ts'
import type { Enforcement, Replica } from './replicas.ts'
import { judgeEnforcement } from './replicas.ts'

export interface Progress {
  /** Names the content of the entry: another fingerprint is another thing to roll out. */
  readonly fingerprint: string
  readonly since: Revision
  /** On the monotonic clock. */
  readonly sinceMs: number
  readonly latched: boolean
}

export type ProgressByObject = ReadonlyMap<string, Progress>

export interface Moment {
  readonly revision: Revision
  readonly nowMs: number
}

/** After a publication. `fingerprints`: every entry of the bundle that was published. */
export function trackEntries(
  before: ProgressByObject,
  fingerprints: ReadonlyMap<string, string>,
  { revision, nowMs }: Moment,
): ProgressByObject {
  const next = new Map<string, Progress>()
  for (const [key, fingerprint] of fingerprints) {
    const known = before.get(key)
    const kept = known?.fingerprint === fingerprint ? known : undefined
    next.set(key, kept ?? { fingerprint, since: revision, sinceMs: nowMs, latched: false })
  }
  return next
}

/** After acks or endpoints changed: latches what every serving replica enforces now. Gives `before` itself when nothing did. */
export function latchEntries(before: ProgressByObject, replicas: readonly Replica[]): ProgressByObject {
  if (replicas.length === 0) return before
  const complete = new Map<string, boolean>()
  const isComplete = ({ since }: Progress): boolean => {
    const key = `${since.epoch}.${since.n}`
    const known = complete.get(key) ?? judgeEnforcement(replicas, since).laggards.length === 0
    complete.set(key, known)
    return known
  }
  let changed = false
  const next = new Map<string, Progress>()
  for (const [key, progress] of before) {
    const latches = !progress.latched && isComplete(progress)
    changed ||= latches
    next.set(key, latches ? { ...progress, latched: true } : progress)
  }
  return changed ? next : before
}

export const laggingAfterMs = 60_000
const maxNamed = 8

export interface Programming {
  readonly finding: Finding
  readonly enforcement: Enforcement
  /** When to look again although nothing happens: the deadline for laggards. */
  readonly againInMs?: number
}

/** What people are told. `nowMs` on the clock of `sinceMs`. */
export function judgeProgramming(progress: Progress, replicas: readonly Replica[], nowMs: number): Programming {
  const enforcement = judgeEnforcement(replicas, progress.since)
  const { enforced, of, laggards, rejected } = enforcement
  const name = `revision ${progress.since.epoch}.${progress.since.n}`
  if (progress.latched) {
    return { enforcement, finding: found('True', 'Programmed', `Every serving gateway replica has enforced ${name}.`) }
  }
  if (of === 0) {
    const message = `No gateway replica serves, so nobody enforces ${name}; see Deployment portcullis-gateway.`
    return { enforcement, finding: found('False', 'NoReplicas', message) }
  }
  if (rejected !== undefined) {
    const message = `Gateway ${rejected.pod} keeps its last good bundle instead of ${name}: ${rejected.reason}`
    return { enforcement, finding: found('False', 'RejectedByGateway', message) }
  }
  const who = `${enforced} of ${of} gateway replicas enforce ${name}; missing: ${toNames(laggards)}.`
  const leftMs = progress.sinceMs + laggingAfterMs - nowMs
  if (leftMs <= 0) return { enforcement, finding: found('False', 'ReplicaLagging', who) }
  return { enforcement, finding: found('Unknown', 'Pending', who), againInMs: leftMs }
}

function found(status: Finding['status'], reason: string, message: string): Finding {
  return { status, reason, message }
}

function toNames(pods: readonly string[]): string {
  const more = pods.length - maxNamed
  return more > 0 ? `${pods.slice(0, maxNamed).join(', ')} and ${more} more` : pods.join(', ')
}
