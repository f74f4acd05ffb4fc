// What is kept of a session: who decided what, by which revision, and how it ended. No text of a request or reply and no
// personal data: the caller is a digest, and a model's name is kept only where the connection declares it.
import type { DenyReason, IdentityKind, ObjectRef } from './model.ts'

export const recordFormat = 1

export interface SessionRecord {
  readonly format: typeof recordFormat
  readonly session: string
  /** RFC 3339, UTC. */
  readonly startedAt: string
  readonly durationMs: number
  readonly gateway: string
  /** Empty when no bundle was in force. */
  readonly revision: string
  readonly caller?: RecordedCaller
  readonly connection?: ObjectRef
  readonly request: RecordedRequest
  readonly decision?: RecordedDecision
  /** What policies in mode Audit would have refused, of the request and of the answer. Absent: nothing. */
  readonly shadow?: readonly RecordedShadow[]
  /** What masks found, of the request and of the answer. Absent: nothing. */
  readonly masked?: readonly RecordedMask[]
  readonly response: RecordedResponse
}

export interface RecordedCaller {
  readonly issuer: string
  readonly kind: IdentityKind
  /** Digest of issuer and subject: the same caller is the same value, and nobody's name. */
  readonly subject: string
}

export interface RecordedRequest {
  readonly method: string
  readonly bytes: number
  readonly operation?: string
  readonly model?: string
  readonly stream?: boolean
}

export interface RecordedDecision {
  readonly effect: 'Permit' | 'Deny'
  readonly reason?: DenyReason
  /** `namespace/name/rule` of every rule that permitted, or of the one that denied. */
  readonly rules: readonly string[]
}

export interface RecordedShadow {
  /** `namespace/name`. */
  readonly policy: string
  /** A rule or limit of it; empty where the policy itself is what refuses. */
  readonly rule: string
  readonly reason: DenyReason
}

export interface RecordedMask {
  readonly phase: 'Request' | 'Response'
  /** `namespace/name`. */
  readonly policy: string
  readonly mask: string
  /** Absent: the mask is about one field. */
  readonly class?: string
  readonly action: string
  /** False: of a policy in mode Audit, and only counted. */
  readonly acted: boolean
  readonly count: number
  /** The first places, as JSON pointers; names that may be data are `*` in them. */
  readonly paths: readonly string[]
}

export interface RecordedResponse {
  /** 0 when the caller left before there was one. */
  readonly status: number
  /** Of the model's body, as far as it came; of the refusal where the gateway answered itself. */
  readonly bytes: number
  /**
   * `Refused`: answered by the gateway itself, in place of the model's answer where there was one. `Ended`: a stream that the
   * gateway ended before the model did, in the protocol's own form. `Cut`: the caller saw a broken transfer.
   */
  readonly outcome: 'Refused' | 'Completed' | 'Ended' | 'Cut'
  /** Code of the error, from the closed list of the gateway. */
  readonly error?: string
  /** `namespace/name/rule` of the rule that refused or ended the answer. */
  readonly rule?: string
}
