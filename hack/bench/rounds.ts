// The order of measuring: A B C ... A B C ..., so that a noisy minute hits every target alike, and more rounds of the
// targets with a budget when some had to be discarded.
import { keepRounds } from './statistics.ts'
import type { Sample } from './statistics.ts'

export interface RoundPlan {
  readonly targets: readonly string[]
  /** Targets that a budget compares: they run in every round, the others in the first three. */
  readonly budgeted: readonly string[]
  readonly rounds: number
  /** Below this share of its core a proxy was not the one that saturated, and the round is discarded. */
  readonly minimumUtilization: number
}

export const otherRounds = 3

/** The targets of one round, counted from 1. */
export function targetsOfRound(plan: RoundPlan, round: number): readonly string[] {
  if (round <= Math.min(otherRounds, plan.rounds)) return plan.targets
  return plan.targets.filter((target) => plan.budgeted.includes(target))
}

/** The targets that still lack rounds that count: three each, or all of them for budgeted ones, which count as a pair. */
export function incompleteTargets(plan: RoundPlan, samples: readonly Sample[]): readonly string[] {
  const kept = keepRounds(samples, plan.minimumUtilization)
  const roundsOf = (target: string) => new Set(kept.filter((s) => s.target === target).map((s) => s.round))
  const pairs = plan.budgeted
    .map(roundsOf)
    .reduce((all, some) => all.intersection(some), roundsOf(plan.budgeted[0] ?? ''))
  return plan.targets.filter((target) => {
    if (plan.budgeted.includes(target)) return pairs.size < plan.rounds
    return roundsOf(target).size < Math.min(otherRounds, plan.rounds)
  })
}

/** The targets to measure again in place of discarded rounds. A noisy machine must not make a suite endless: those without a
 * budget get three more rounds, those with one as many again. */
function targetsOfRepeat(plan: RoundPlan, round: number, samples: readonly Sample[]): readonly string[] {
  const incomplete = incompleteTargets(plan, samples)
  if (round <= plan.rounds + otherRounds) return incomplete
  return incomplete.filter((target) => plan.budgeted.includes(target))
}

/** Runs the rounds of a plan, and more in place of discarded ones. */
export async function runRounds(
  plan: RoundPlan,
  measure: (target: string, round: number) => Promise<Sample>,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (let round = 1; round <= 2 * plan.rounds; round++) {
    const targets = round <= plan.rounds ? targetsOfRound(plan, round) : targetsOfRepeat(plan, round, samples)
    // oxlint-disable-next-line no-await-in-loop -- one measurement at a time is the point
    for (const target of targets) samples.push(await measure(target, round))
  }
  return samples
}
