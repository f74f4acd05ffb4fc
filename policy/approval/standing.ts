// Does a question still fit what is in force? Asked once more at release, because days may lie between the question and its use.
import type { ApprovalRequestPolicy } from '../../crds/generated/approval-request.ts'
import { type Question, toPolicyKey } from './request.ts'

/** What the one who wants to release sees now, for the same call. */
export interface InForce {
  /** The connection's uid; absent when there is none of that name. */
  readonly connectionUid?: string
  /** Every policy that demands approval of this call now. */
  readonly policies: readonly ApprovalRequestPolicy[]
}

/**
 * Void is known for all replicas and for good: a newer generation of the same policy is in force. Differs may be this replica being
 * behind: it must not release, and it must not end the question for the others either.
 */
export type Standing =
  | { readonly kind: 'Holds' }
  | { readonly kind: 'Void'; readonly policy: string }
  | { readonly kind: 'Differs'; readonly why: 'Connection' | 'Policies' }

export function judgeStanding(question: Question, inForce: InForce): Standing {
  const now = new Map(inForce.policies.map((policy) => [toPolicyKey(policy), policy]))
  const voided = question.policies.find((asked) => isSuperseded(asked, now.get(toPolicyKey(asked))))
  if (voided !== undefined) return { kind: 'Void', policy: toPolicyKey(voided) }
  if (inForce.connectionUid !== question.connectionRef.uid) return { kind: 'Differs', why: 'Connection' }
  const same =
    now.size === question.policies.length &&
    question.policies.every((asked) => isSame(asked, now.get(toPolicyKey(asked))))
  return same ? { kind: 'Holds' } : { kind: 'Differs', why: 'Policies' }
}

function isSuperseded(asked: ApprovalRequestPolicy, now: ApprovalRequestPolicy | undefined): boolean {
  return now !== undefined && now.uid === asked.uid && now.generation > asked.generation
}

/** Another rule of the same policy may demand another quorum, and its approvers were asked another thing. */
function isSame(asked: ApprovalRequestPolicy, now: ApprovalRequestPolicy | undefined): boolean {
  return (
    now !== undefined &&
    now.uid === asked.uid &&
    now.generation === asked.generation &&
    now.rule === asked.rule &&
    now.required === asked.required
  )
}
