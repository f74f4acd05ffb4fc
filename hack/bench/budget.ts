// From the rounds of a suite to its verdicts: a budget holds when the median of enough paired rounds does (at least seven,
// unless the caller asked for fewer), and a budget without enough rounds is not judged, which is not the same as kept.
import type { Budget } from './suite.ts'
import { round4, summarize } from './statistics.ts'

export const budgetRounds = 7

export interface BudgetRule {
  readonly name: string
  readonly op: '<=' | '>='
  readonly limit: number
}

/** The verdict, or the reason why there is none. */
export function judgeBudget(rule: BudgetRule, values: readonly number[], rounds: number): Budget | string {
  const needed = Math.min(budgetRounds, rounds)
  const summary = summarize(values)
  if (summary === undefined || summary.count < needed) {
    return `budget ${rule.name}: not judged, ${values.length} of the ${needed} rounds it needs count`
  }
  const ok = rule.op === '<=' ? summary.value <= rule.limit : summary.value >= rule.limit
  return { ...rule, value: round4(summary.value), spread: round4(summary.spread), ok }
}
