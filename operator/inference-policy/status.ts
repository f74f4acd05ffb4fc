// The status of one InferencePolicy. Pure.
import { toConditions } from '../conditions.ts'
import type { Status } from '../runtime/status-writer.ts'
import type { Standing } from '../standing.ts'
import type { Verdict } from '../verdict.ts'
import { toStatusProblems } from '../verdict.ts'
import type { PlannedPolicy } from './plan.ts'

const maxTargets = 16

export function toPolicyStatus(
  { policy, entry, targets }: PlannedPolicy,
  verdict: Verdict,
  standing: Standing,
): Status {
  const generation = policy.metadata.generation ?? 0
  const source = entry?.ref.source
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
    ...(targets.length === 0 ? {} : { targets: targets.slice(0, maxTargets) }),
    targetCount: String(targets.length),
  }
}
