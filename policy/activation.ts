// Facts as CEL sees them. The engine reads plain objects and JSON as they are (integers as int, also in undeclared JSON, as in
// Kubernetes), so nothing is copied: a rule on the model's name never pays for the body.
import { timestampOfMillis } from './cel/values/timestamp.ts'
import type { Activation } from './expression.ts'
import type { Facts, ResponseFacts } from './model.ts'

export function toActivation({ identity, connection, request, nowMs }: Facts): Activation {
  return { identity, connection, request, now: timestampOfMillis(nowMs) }
}

/** The variable `response`. Tokens that the model server did not count are 0. */
export function toAnswerActivation({ usage, ...response }: ResponseFacts): object {
  return { ...response, outputTokens: usage?.outputTokens ?? 0 }
}
