// What the expressions of one policy see on one call, through both phases. Its variables and its risk are worked out when something
// first asks for them, once for each call; whoever asks later gets the same value, or the same failure.
import type { CompiledPolicy, CompiledRisk } from './compiled.ts'
import type { Activation, Meter, Program } from './expression.ts'
import { EvaluationFailed } from './expression.ts'

/** What all policies of one side (those that act, those in mode Audit) share on one call. */
export interface Call {
  readonly activation: Activation
  /** Renewed for each judgement of an answer: a long stream is judged often. */
  meter: Meter
}

export interface Risk {
  readonly score: number
  readonly reasons: readonly string[]
}

/** A score that could not be evaluated. */
interface RiskFailure {
  readonly score: string
  readonly failure: EvaluationFailed
}

export class Scope {
  readonly #policy: CompiledPolicy
  readonly #call: Call
  #variables: object | undefined
  #risk: Risk | RiskFailure | undefined
  /** For phase Request. */
  readonly activation: Activation

  constructor(policy: CompiledPolicy, call: Call) {
    this.#policy = policy
    this.#call = call
    this.activation = this.#extend(call.activation)
  }

  /** For phase Response. */
  withResponse(response: object): Activation {
    return this.#extend({ ...this.#call.activation, response })
  }

  run(program: Program, activation: Activation = this.activation): unknown {
    return program.run(activation, this.#call.meter)
  }

  /** Weighs the scores, or says which of them failed. */
  weigh(risk: CompiledRisk): Risk | RiskFailure {
    this.#risk ??= this.#sumUp(risk)
    return this.#risk
  }

  #extend(base: Activation): Activation {
    const { variables, risk } = this.#policy
    if (variables.length === 0 && risk === undefined) return base
    const valuesOfVariables = (): object => (this.#variables ??= this.#toVariables())
    const valueOfRisk = (): Risk | undefined => (risk === undefined ? undefined : this.#readRisk(risk))
    return {
      ...base,
      get variables() {
        return valuesOfVariables()
      },
      get risk() {
        return valueOfRisk()
      },
    }
  }

  #toVariables(): object {
    const values = {}
    for (const { name, program } of this.#policy.variables) {
      Object.defineProperty(values, name, { enumerable: true, get: once(() => this.run(program)) })
    }
    return values
  }

  #readRisk(risk: CompiledRisk): Risk {
    const weighed = this.weigh(risk)
    if ('failure' in weighed) throw weighed.failure
    return weighed
  }

  #sumUp({ scores }: CompiledRisk): Risk | RiskFailure {
    let score = 0
    const reasons: string[] = []
    for (const { name, when, weight, reason } of scores) {
      const holds = tryOnce(() => this.run(when))
      if ('failure' in holds) return { score: name, failure: holds.failure }
      if (holds.value !== true) continue
      score += weight
      reasons.push(reason)
    }
    return { score, reasons }
  }
}

type Outcome = { readonly value: unknown } | { readonly failure: EvaluationFailed }

function tryOnce(run: () => unknown): Outcome {
  try {
    return { value: run() }
  } catch (error) {
    if (!(error instanceof EvaluationFailed)) throw error
    return { failure: error }
  }
}

function once(run: () => unknown): () => unknown {
  let outcome: Outcome | undefined
  return () => {
    outcome ??= tryOnce(run)
    if ('failure' in outcome) throw outcome.failure
    return outcome.value
  }
}
