// The status of one ModelConnection. Pure.
import { toConditions } from '../conditions.ts'
import type { ModelConnection } from '../objects.ts'
import type { Status } from '../runtime/status-writer.ts'
import type { Standing } from '../standing.ts'
import { toStatusProblems } from '../verdict.ts'
import type { PlannedConnection } from './plan.ts'

export function toConnectionStatus(
  { metadata }: ModelConnection,
  { entry, verdict }: PlannedConnection,
  standing: Standing,
  policies: number,
): Status {
  const generation = metadata.generation ?? 0
  const { source } = entry.ref
  const { enforced, laggards, revision, sequence } = standing
  return {
    observedGeneration: generation,
    conditions: toConditions(verdict, standing, generation),
    ...(enforced === undefined ? {} : { enforced }),
    ...(revision === undefined ? {} : { revision }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(source === undefined ? {} : { source }),
    ...(laggards.length === 0 ? {} : { laggards }),
    ...toStatusProblems(verdict.problems),
    ...toRoutes(entry),
    policies: String(policies),
  }
}

/** A connection without its route is served nowhere. */
function toRoutes({ prefix, hostnames, blocked }: PlannedConnection['entry']): { readonly routes?: readonly string[] } {
  if (blocked?.reason === 'RouteConflict' || blocked?.reason === 'RouteNotGranted') return {}
  return { routes: hostnames.length === 0 ? [prefix] : hostnames.map((hostname) => `${hostname}${prefix}`) }
}
