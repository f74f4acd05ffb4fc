// What is to be done with the answer to one call, and how its way back ended: plain shapes between the story of a call and the
// sinks of this room.
import type { AnswerJudge } from '../../policy/evaluate.ts'
import type { Denied, ResponseFacts, Usage } from '../../policy/model.ts'
import type { GatewayError } from '../errors.ts'
import type { ReplySink } from '../exchange.ts'
import type { Reservation } from '../limits/reservation.ts'
import type { MaskRuns } from '../masking/call-masks.ts'
import type { AnswerFormat } from '../protocols/protocol.ts'
import type { Refusal } from '../refusal.ts'

/** With neither judge nor budget nor masks an answer is not read at all, and nothing of this room is on its way. */
export interface Reading {
  readonly format: AnswerFormat
  readonly judge?: AnswerJudge | undefined
  readonly budget?: Budget | undefined
  readonly masks?: MaskRuns | undefined
}

export interface Budget {
  /** False: only limits in mode Audit count, and nothing is held or ended for them. */
  readonly acts: boolean
  readonly spend: Reservation['spend']
  /** An upper bound of what the model has said so far. */
  readonly countOutput: (facts: ResponseFacts) => number
}

/**
 * So much of an answer is read, and held where a rule wants it whole. Beyond it, what a rule should have judged is refused, and what
 * was only counted or watched passes unread. As a stream of chat events it is about 80,000 tokens.
 */
export const maxReadBytes = 16 * 1024 * 1024

/** Where an answer is read on its way. */
export interface AnswerReader extends ReplySink {
  /** What comes cannot be read any more; nothing else follows. */
  readonly fail: (error: GatewayError) => void
}

/** How the reply of one call went. */
export interface Replied {
  /** `Ended`: the gateway ended a stream before the model did, in the protocol's own form. */
  readonly outcome: 'Completed' | 'Cut' | 'Ended'
  readonly status: number
  /** Of the model's body, as far as it came. */
  readonly responseBytes: number
  readonly error?: GatewayError
  /** Who ended it, if a rule or limit did. */
  readonly ending?: Ended
  readonly usage?: Usage | undefined
  readonly shadow?: readonly Denied[] | undefined
}

/** Nothing was sent: a refusal takes the answer's place. */
export interface Withheld {
  readonly ending: Ended
  readonly usage?: Usage | undefined
  readonly shadow?: readonly Denied[] | undefined
}

export interface Ended {
  readonly refusal: Refusal
  /** Absent where a budget of tokens was spent, which may be that of several limits. */
  readonly denied?: Denied
}

export type Carried = Replied | Withheld
