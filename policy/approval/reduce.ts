// The state machine of an approval: a record and an event give the next record. Whoever writes what it returns must write it
// against the very version of the object that the record was read from; on a conflict they read again. That, and not this file,
// is what makes one of two replicas win; this file makes sure that the loser then finds nothing to win.
import type { ApprovalRequestDecision, ApprovalRequestReleasedBy } from '../../crds/generated/approval-request.ts'
import { judgeApproval } from './judge.ts'
import { type ApprovalRecord, type CancelCause, type Question, isFinal } from './request.ts'
import type { Standing } from './standing.ts'

export type ApprovalEvent =
  /** Time has passed; nothing else is new. */
  | { readonly kind: 'Looked' }
  /** The object as it was read or watched. */
  | { readonly kind: 'Observed'; readonly record: ApprovalRecord }
  /** A waiting caller is gone; stillWaiting counts the calls that joined and remain. */
  | { readonly kind: 'Left'; readonly stillWaiting: number }
  | { readonly kind: 'Revalidated'; readonly standing: Standing }
  /** A call wants to use the approval: its own digest, and how the question fits what is in force for it. */
  | {
      readonly kind: 'Claimed'
      readonly by: ApprovalRequestReleasedBy
      readonly digest: string
      readonly standing: Standing
    }

export type ClaimRefusal =
  /** The digest is another one: another body, model, caller, connection or policy. Says nothing of the record. */
  | 'AnotherQuestion'
  /** Only calls are released; elevations and changes hold while they are Approved. */
  | 'NotACall'
  | 'AlreadyUsed'
  /** Pending, Denied, Expired or Canceled: the record's phase tells which. */
  | 'NotApproved'
  /** What is in force here is not what was approved. */
  | 'NotInForce'

export type Claim = { readonly kind: 'Released' } | { readonly kind: 'Refused'; readonly why: ClaimRefusal }

export interface Step {
  /** To be written when it differs from what is stored. */
  readonly record: ApprovalRecord
  /** The answer to a claim; Released is true only once the record is written. */
  readonly claim?: Claim
}

export function reduceApproval(question: Question, record: ApprovalRecord, event: ApprovalEvent, nowMs: number): Step {
  switch (event.kind) {
    case 'Looked':
      return { record: settle(question, record, nowMs) }
    case 'Observed':
      return { record: settle(question, observe(record, event.record), nowMs) }
    case 'Left': {
      const settled = settle(question, record, nowMs)
      return { record: event.stillWaiting > 0 ? settled : cancel(settled, 'CallerLeft') }
    }
    case 'Revalidated':
      return { record: revalidate(settle(question, record, nowMs), event.standing) }
    case 'Claimed':
      return claim(question, record, event, nowMs)
  }
}

/** The record with the phase that its decisions and the time give it. */
function settle(question: Question, record: ApprovalRecord, nowMs: number): ApprovalRecord {
  const { phase } = judgeApproval(question, record, nowMs)
  if (phase === record.phase) return record
  // Judging alone cancels for one cause only.
  return phase === 'Canceled' ? cancel(record, 'DecisionsEdited') : { ...record, phase }
}

/**
 * What is remembered is never unlearned: a final phase stays, an older view is passed over (watches and caches may lag), and a
 * decision that is gone or reads otherwise than before shows that the API server's rules were lifted. Only a final phase that is
 * stored outweighs one that is remembered: the remembered one may never have been written.
 */
function observe(known: ApprovalRecord, seen: ApprovalRecord): ApprovalRecord {
  if (isFinal(seen.phase)) return seen
  if (isFinal(known.phase)) return known
  if (seen.generation < known.generation) return known
  const kept = known.decisions.every((before) => seen.decisions.some((now) => isSameDecision(before, now)))
  return kept ? seen : cancel(seen, 'DecisionsEdited')
}

function isSameDecision(a: ApprovalRequestDecision, b: ApprovalRequestDecision): boolean {
  return a.policy === b.policy && a.approver === b.approver && a.verdict === b.verdict && a.reason === b.reason
}

function revalidate(record: ApprovalRecord, standing: Standing): ApprovalRecord {
  return standing.kind === 'Void' ? cancel(record, 'PolicyChanged') : record
}

function cancel(record: ApprovalRecord, cause: CancelCause): ApprovalRecord {
  return isFinal(record.phase) ? record : { ...record, phase: 'Canceled', canceledFor: cause }
}

function claim(
  question: Question,
  record: ApprovalRecord,
  event: Extract<ApprovalEvent, { readonly kind: 'Claimed' }>,
  nowMs: number,
): Step {
  // First, and without touching the record: who asks with another call may neither use nor end this approval.
  if (event.digest !== question.digest) return refuse(record, 'AnotherQuestion')
  const settled = revalidate(settle(question, record, nowMs), event.standing)
  if (question.type !== 'Inference') return refuse(settled, 'NotACall')
  if (settled.phase === 'Released') return refuse(settled, 'AlreadyUsed')
  if (event.standing.kind !== 'Holds') return refuse(settled, 'NotInForce')
  if (settled.phase !== 'Approved') return refuse(settled, 'NotApproved')
  return { record: { ...settled, phase: 'Released', releasedBy: event.by }, claim: { kind: 'Released' } }
}

function refuse(record: ApprovalRecord, why: ClaimRefusal): Step {
  return { record, claim: { kind: 'Refused', why } }
}
