// What a caller is told when the gateway itself answers. The text is ours or the policy author's, never the caller's.
import type { ErrorCode } from './errors.ts'

export interface Refusal {
  readonly status: number
  readonly code: ErrorCode
  readonly message: string
  /** `policy` and `rule` help the caller's team to find what to ask for. */
  readonly policy?: string
  readonly rule?: string
  /** Seconds until it makes sense to try again. */
  readonly retryAfterSeconds?: number
}
