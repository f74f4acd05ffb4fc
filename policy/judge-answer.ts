// The Response phase: the rules that judge an answer, whole or as it grows, for every policy that spoke about the call and did not
// deny it. A policy in mode Audit is judged beside them and changes nothing: neither bytes nor the moment they leave.
import { toAnswerActivation } from './activation.ts'
import type { CompiledAnswerRule } from './compiled.ts'
import { denyByFailure, denyByRule } from './deny.ts'
import { Meter } from './expression.ts'
import type { AnswerJudge, AnswerVerdict } from './judgement.ts'
import type { Consent } from './judge-policy.ts'
import type { Denied } from './model.ts'
import type { Call } from './scope.ts'

/** The policies of one side that have rules for answers. */
export interface Listeners {
  readonly call: Call
  readonly consents: readonly Consent[]
}

/** Undefined: no rule looks at answers. */
export function toAnswerJudge(acting: Listeners, audits: Listeners): AnswerJudge | undefined {
  if (acting.consents.length === 0 && audits.consents.length === 0) return undefined
  const holds = acting.consents.some(({ policy }) => policy.answerRules.some((rule) => rule.holds))
  /** Where a stream would have been cut, it would have ended: later text does not undo that. */
  const cut = new Map<Consent, Denied>()
  const judge: AnswerJudge['judge'] = (response, goesOn = false) => {
    const answer = { response: toAnswerActivation(response), goesOn }
    const denied = findDenial(acting, answer)
    return { ...(denied === undefined ? {} : { denied }), shadow: judgeAudits(audits, answer, cut) }
  }
  return { manner: holds ? 'Hold' : 'Cut', acts: acting.consents.length > 0, judge }
}

interface Answer {
  readonly response: object
  readonly goesOn: boolean
}

interface Finding {
  readonly denied: Denied
  readonly rule: CompiledAnswerRule
}

/** The first in order; one is enough to refuse. */
function findDenial({ call, consents }: Listeners, answer: Answer): Denied | undefined {
  call.meter = new Meter()
  for (const consent of consents) {
    const found = judgeConsent(consent, answer)
    if (found !== undefined) return found.denied
  }
  return undefined
}

const nothing: AnswerVerdict['shadow'] = []

function judgeAudits({ call, consents }: Listeners, answer: Answer, cut: Map<Consent, Denied>): readonly Denied[] {
  if (consents.length === 0) return nothing
  return consents.flatMap((consent) => {
    const known = cut.get(consent)
    if (known !== undefined) return [known]
    call.meter = new Meter()
    const found = judgeConsent(consent, answer)
    if (found === undefined) return []
    if (!found.rule.holds) cut.set(consent, found.denied)
    return [found.denied]
  })
}

function judgeConsent({ policy, scope }: Consent, { response, goesOn }: Answer): Finding | undefined {
  const activation = scope.withResponse(response)
  for (const rule of policy.answerRules) {
    if (goesOn && rule.holds) continue
    try {
      if (rule.when !== undefined && scope.run(rule.when, activation) !== true) continue
    } catch (error) {
      return { denied: denyByFailure(error, policy.id, rule.name), rule }
    }
    return { denied: denyByRule(rule, { policy: policy.id, scope, activation }), rule }
  }
  return undefined
}
