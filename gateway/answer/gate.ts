// The one place where an answer, whole or so far, is put before the rules and the budget. What it lets pass may leave.
import type { Denied, ResponseFacts } from '../../policy/model.ts'
import { toAnswerDenial, toBudgetRefusal } from '../reply.ts'
import type { Ended, Reading } from './reading.ts'

export class Gate {
  readonly #reading: Reading
  #shadow: readonly Denied[] = []

  constructor(reading: Reading) {
    this.#reading = reading
  }

  /** What cannot be judged must not pass. */
  get acts(): boolean {
    const { judge, masks } = this.#reading
    return judge?.acts === true || masks?.acting !== undefined
  }

  /** Nobody asks what the answer says: it is only masked. */
  get isIdle(): boolean {
    return this.#reading.judge === undefined && this.#reading.budget === undefined
  }

  /** What policies in mode Audit said when they were asked last. */
  get shadow(): readonly Denied[] {
    return this.#shadow
  }

  /** Whatever is said, it has no consequence. */
  watch(facts: ResponseFacts, goesOn: boolean): void {
    void this.check(facts, goesOn)
  }

  /** Undefined: it may pass. A promise only where a shared counter has to be asked. `goesOn`: it is not all of the answer yet. */
  check(facts: ResponseFacts, goesOn: boolean): Ended | undefined | Promise<Ended | undefined> {
    const { judge, budget } = this.#reading
    const verdict = judge?.judge(facts, goesOn)
    this.#shadow = verdict?.shadow ?? this.#shadow
    if (judge?.acts === true && verdict?.denied !== undefined) {
      return { refusal: toAnswerDenial(verdict.denied), denied: verdict.denied }
    }
    if (budget === undefined) return undefined
    const within = budget.spend(budget.countOutput(facts))
    return typeof within === 'boolean' ? toEnded(within) : within.then(toEnded)
  }
}

function toEnded(within: boolean): Ended | undefined {
  return within ? undefined : { refusal: toBudgetRefusal() }
}
