// The words of an approval: the question as it was frozen, and the record of what became of it. They are the parts of an
// ApprovalRequest that judging needs, with times as numbers, because this room has no clock and parses no dates.
import type {
  ApprovalRequestConnectionRef,
  ApprovalRequestDecision,
  ApprovalRequestPhase,
  ApprovalRequestPolicy,
  ApprovalRequestReleasedBy,
  ApprovalRequestRequester,
  ApprovalRequestType,
} from '../../crds/generated/approval-request.ts'

/** What was asked. Nothing in it changes after creation. */
export interface Question {
  readonly type: ApprovalRequestType
  readonly connectionRef: ApprovalRequestConnectionRef
  readonly policies: readonly ApprovalRequestPolicy[]
  /** Absent for Change, which nobody asks for in person. */
  readonly requester?: Pick<ApprovalRequestRequester, 'issuer' | 'subject' | 'username'>
  readonly digest: string
  /** When the question ends. */
  readonly notAfterMs: number
  /** When a granted elevation ends; for type Access only. */
  readonly accessNotAfterMs?: number
}

/** Why a request ended without an answer. */
export type CancelCause = 'CallerLeft' | 'PolicyChanged' | 'DecisionsEdited'

/** What became of a question, as it stands in the object or in the memory of one who watches it. */
export interface ApprovalRecord {
  /** metadata.generation: grows with every added decision, so that an older view is known to be older. */
  readonly generation: number
  readonly phase: ApprovalRequestPhase
  readonly decisions: readonly ApprovalRequestDecision[]
  readonly releasedBy?: ApprovalRequestReleasedBy
  readonly canceledFor?: CancelCause
}

/** The policy as a decision names it. */
export function toPolicyKey(policy: { readonly namespace: string; readonly name: string }): string {
  return `${policy.namespace}/${policy.name}`
}

const finals: Readonly<Record<ApprovalRequestPhase, boolean>> = {
  Pending: false,
  Approved: false,
  Denied: true,
  Expired: true,
  Released: true,
  Canceled: true,
}

export function isFinal(phase: ApprovalRequestPhase): boolean {
  return finals[phase]
}
