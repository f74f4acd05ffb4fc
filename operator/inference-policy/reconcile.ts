// Brings the status of one InferencePolicy up to date with what the publication knows. What the object says was judged when the
// bundle was planned and compiled; a generation that has not been planned yet waits for that.
import type { Clock } from '../../kube/clock.ts'
import { toRef } from '../../kube/resource.ts'
import type { InferencePolicy } from '../objects.ts'
import { inferencePolicies } from '../objects.ts'
import type { Publication } from '../publish/publication.ts'
import { toEntryKey } from '../publish/publication.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { done } from '../runtime/outcome.ts'
import { toStanding } from '../standing.ts'
import type { WriteStatusDeps } from '../write-status.ts'
import { writeStatus } from '../write-status.ts'
import type { Verdict } from '../verdict.ts'
import { isTrue } from '../verdict.ts'
import type { PlannedPolicy } from './plan.ts'
import { toPolicyStatus } from './status.ts'

export interface PolicyReconcileDeps extends WriteStatusDeps {
  readonly clock: Clock
  readonly get: (id: string) => InferencePolicy | undefined
  readonly publication: Publication
}

export async function reconcilePolicy(deps: PolicyReconcileDeps, id: string): Promise<Outcome> {
  const policy = deps.get(id)
  const judged = policy === undefined ? undefined : findJudged(deps.publication, policy, id)
  if (policy === undefined) deps.writer.forget(inferencePolicies, toRef(id))
  if (policy === undefined || judged === undefined) return done
  const { planned, verdict } = judged
  const subject = {
    key: toEntryKey('InferencePolicy', id),
    generation: policy.metadata.generation ?? 0,
    previous: policy.status,
    refused: isTrue(verdict.accepted) ? planned.entry?.blocked : verdict.accepted,
  }
  const standing = toStanding(deps.publication, subject, deps.clock.monotonicMs())
  const status = toPolicyStatus(planned, verdict, standing)
  return writeStatus(deps, { resource: inferencePolicies, object: policy, status, standing })
}

interface JudgedPolicy {
  readonly planned: PlannedPolicy
  readonly verdict: Verdict
}

/** Of this very object and generation, or nothing. */
function findJudged({ judged }: Publication, { metadata }: InferencePolicy, id: string): JudgedPolicy | undefined {
  const planned = judged?.plan.policies.get(id)
  const verdict = judged?.policies.get(id)
  if (planned === undefined || verdict === undefined) return undefined
  const { uid, generation } = planned.policy.metadata
  return uid === metadata.uid && generation === metadata.generation ? { planned, verdict } : undefined
}
