// What judgement says about one call, in both phases. Made by evaluate.ts and judge-answer.ts; the gateway acts on it, records it
// and counts it.
import type { MaskDemands } from './masking/demand.ts'
import type { Decision, Denied, ResponseFacts } from './model.ts'

/** Everything that the policies say about one call. */
export interface Judgement {
  readonly decision: Decision
  /** What policies in mode Audit would have refused; recorded and counted, never acted on. */
  readonly shadow: readonly Denied[]
  /** What is to be reserved before the call goes on; empty for a call that is refused. */
  readonly demands: readonly LimitDemand[]
  /** What is to be masked; nothing for a call that is refused. The same object for the same policies of a connection. */
  readonly masks: MaskDemands
  /** Absent: no rule looks at the answer, or there will be none. */
  readonly answer?: AnswerJudge
}

/** Shared, so that who compares sees at once that there is nothing to do. */
export const noMasks: MaskDemands = { request: [], response: [] }

/** One limit, for one call. */
export interface LimitDemand {
  /** `namespace/name` of the policy. */
  readonly policy: string
  readonly limit: string
  /** What the CEL key gave; calls with the same one share a count. May hold personal data: hash it before it leaves the process. */
  readonly key: string
  readonly measure: 'Requests' | 'Tokens' | 'Concurrent'
  readonly max: number
  /** 0 for Concurrent. */
  readonly windowMs: number
  readonly onUnavailable: 'Deny' | 'LocalShare'
  /** False for mode Audit: counted apart, never refused. */
  readonly acts: boolean
}

/** The Response rules of all policies that speak about this call. */
export interface AnswerJudge {
  /** Hold: nothing of the answer may leave before all of it was judged. Cut: what was judged leaves, a denial ends the rest. */
  readonly manner: 'Hold' | 'Cut'
  /** False: only policies in mode Audit look at answers, so nothing is held, ended or refused; `denied` is never given. */
  readonly acts: boolean
  /**
   * May be asked again as an answer grows; what it said last counts. `goesOn`: more of the answer may come, so rules that judge
   * the whole are not asked yet.
   */
  readonly judge: (response: ResponseFacts, goesOn?: boolean) => AnswerVerdict
}

export interface AnswerVerdict {
  readonly denied?: Denied
  readonly shadow: readonly Denied[]
}
