// The name under which a limit is counted. A digest, because what a policy computes may hold names of people, and because stores
// must not keep texts of any length.
import { hash } from 'node:crypto'
import type { LimitDemand } from '../../policy/evaluate.ts'

/**
 * Calls share a count when all of this agrees; a policy in mode Audit counts apart, and an edited window begins a new count. `max` is
 * left out: raising it must not forget what was used.
 */
export function toDemandKey({ policy, limit, key, measure, windowMs, acts }: LimitDemand): string {
  return hash('sha256', JSON.stringify([policy, limit, measure, windowMs, acts, key]), 'base64url')
}
