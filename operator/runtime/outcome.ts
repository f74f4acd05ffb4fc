// What a reconcile can end with, and the one place that decides what a failure means: try again, or wait until
// somebody changes something.
import { isKubeError } from '../../kube/errors.ts'

export type Outcome =
  | { readonly type: 'done' }
  /** Fine so far; look again later even if nothing changes. */
  | { readonly type: 'requeueAfter'; readonly ms: number }
  /** Failed in a way that time may heal; `afterMs` is the server's own wish. */
  | { readonly type: 'retry'; readonly reason: string; readonly afterMs?: number | undefined }
  /** Failed in a way that only a change of the object, of permissions or of the code heals. */
  | { readonly type: 'stalled'; readonly reason: string }

export const done: Outcome = { type: 'done' }

/** Thrown where retrying is known to be useless; the message is for the log and must quote nothing. */
export class StalledError extends Error {
  override readonly name = 'StalledError'
}

const hopeless = ['Forbidden', 'Invalid', 'BadRequest', 'TooLarge'] as const

/** The API said no, or a reconcile gave up knowingly; anything else is a mistake in our code. */
export function isForeseen(error: unknown): boolean {
  return error instanceof StalledError || isKubeError(error)
}

export function classify(error: unknown): Outcome {
  if (error instanceof StalledError) return { type: 'stalled', reason: error.message }
  if (isKubeError(error, ...hopeless)) return { type: 'stalled', reason: error.message }
  if (isKubeError(error)) return { type: 'retry', reason: error.message, afterMs: error.retryAfterMs }
  // A mistake of ours: its text may hold anything, so only its name travels.
  return { type: 'retry', reason: error instanceof Error ? error.name : 'unknown error' }
}
