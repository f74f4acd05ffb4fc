// Where a question stands at a moment: phase, count and why, from what people decided. It never trusts a stored Approved, because
// who can write status could have written that; only the decisions say it.
import type {
  ApprovalRequestDecision,
  ApprovalRequestPhase,
  ApprovalRequestPolicy,
  ApprovalRequestTally,
} from '../../crds/generated/approval-request.ts'
import { type ApprovalRecord, type CancelCause, type Question, isFinal, toPolicyKey } from './request.ts'

export type ApprovalWhy =
  | 'WaitingForApprovals'
  | 'RequesterUnknown'
  | 'QuorumReached'
  | 'DeniedByApprover'
  | 'NotDecidedInTime'
  | 'NotUsedInTime'
  | 'ElevationEnded'
  | 'AlreadyUsed'
  | 'Canceled'
  | CancelCause

export interface ApprovalJudgement {
  readonly phase: ApprovalRequestPhase
  readonly why: ApprovalWhy
  /** In the order of the question's policies. */
  readonly tally: readonly ApprovalRequestTally[]
  /** Approvals that fill a quorum, of those needed by all policies together, as in `kubectl get`. Example: 1/2. */
  readonly approvals: string
}

interface Verdict {
  readonly phase: ApprovalRequestPhase
  readonly why: ApprovalWhy
}

export function judgeApproval(question: Question, record: ApprovalRecord, nowMs: number): ApprovalJudgement {
  const tally = question.policies.map((policy) => countApprovals(question, policy, record.decisions))
  const given = tally.reduce((sum, count) => sum + Math.min(count.approvals, count.required), 0)
  const needed = tally.reduce((sum, count) => sum + count.required, 0)
  return { ...judgePhase(question, record, { tally, nowMs }), tally, approvals: `${given}/${needed}` }
}

function judgePhase(
  question: Question,
  record: ApprovalRecord,
  seen: { readonly tally: readonly ApprovalRequestTally[]; readonly nowMs: number },
): Verdict {
  const quorum = hasQuorum(seen.tally)
  if (isFinal(record.phase)) return { phase: record.phase, why: toFinalWhy(question, record, quorum) }
  // Whoever denies and for whichever policy: the API server, too, refuses Approved where any Deny stands.
  if (record.decisions.some((decision) => decision.verdict === 'Deny'))
    return { phase: 'Denied', why: 'DeniedByApprover' }
  // Decisions are only ever added: an Approved that they do not carry is forged, or one of them was taken away.
  if (record.phase === 'Approved' && !quorum) return { phase: 'Canceled', why: 'DecisionsEdited' }
  // Written so that a time that is no number counts as late.
  if (!(seen.nowMs < endOf(question, record))) return { phase: 'Expired', why: toLateWhy(question, quorum) }
  if (quorum) return { phase: 'Approved', why: 'QuorumReached' }
  return { phase: 'Pending', why: isSomebodyExcluded(question) ? 'WaitingForApprovals' : 'RequesterUnknown' }
}

/** A question without policies has nobody to answer it, and so no quorum. */
function hasQuorum(tally: readonly ApprovalRequestTally[]): boolean {
  return tally.length > 0 && tally.every((count) => count.approvals >= count.required)
}

function countApprovals(
  question: Question,
  policy: ApprovalRequestPolicy,
  decisions: readonly ApprovalRequestDecision[],
): ApprovalRequestTally {
  const key = toPolicyKey(policy)
  const approvers = new Set(
    decisions
      .filter(
        (decision) =>
          decision.policy === key && decision.verdict === 'Approve' && mayCount(question, decision.approver),
      )
      .map((decision) => decision.approver),
  )
  return { policy: key, approvals: approvers.size, required: policy.required }
}

function mayCount(question: Question, approver: string): boolean {
  return isSomebodyExcluded(question) && approver !== question.requester?.username
}

/** Where the requester has no name at the Kubernetes API, anybody might be the requester: then nobody counts. */
function isSomebodyExcluded(question: Question): boolean {
  return question.type === 'Change' || question.requester?.username !== undefined
}

/**
 * A call has to be decided and made in time. An elevation or a change has to be decided in time; decisions carry no time, so it is
 * the stored Approved that shows they were.
 */
function endOf(question: Question, record: ApprovalRecord): number {
  switch (question.type) {
    case 'Inference':
      return question.notAfterMs
    case 'Access': {
      const accessEndMs = question.accessNotAfterMs ?? question.notAfterMs
      return record.phase === 'Approved' ? accessEndMs : Math.min(question.notAfterMs, accessEndMs)
    }
    case 'Change':
      return record.phase === 'Approved' ? Number.POSITIVE_INFINITY : question.notAfterMs
  }
}

/** From the decisions alone, so that the answer stays the same after Expired is written. */
function toLateWhy(question: Question, quorum: boolean): ApprovalWhy {
  if (!quorum) return 'NotDecidedInTime'
  const late = { Inference: 'NotUsedInTime', Access: 'ElevationEnded', Change: 'NotDecidedInTime' } as const
  return late[question.type]
}

function toFinalWhy(question: Question, record: ApprovalRecord, quorum: boolean): ApprovalWhy {
  if (record.phase === 'Expired') return toLateWhy(question, quorum)
  if (record.phase === 'Denied') return 'DeniedByApprover'
  return record.phase === 'Released' ? 'AlreadyUsed' : (record.canceledFor ?? 'Canceled')
}
