// What the expressions of one policy see on one call, through both phases. Its variables, its risk and its findings are worked out when
// something first asks for them, once for each call; whoever asks later gets the same value, or the same failure.
import type { CompiledPolicy, CompiledRisk } from './compiled.ts'
import type { Activation, Meter, Program } from './expression.ts'
import { EvaluationFailed } from './expression.ts'
import type { FoundClass, ScanRequest } from './model.ts'

/** What all policies of one side (those that act, those in mode Audit) share on one call. */
export interface Call {
  readonly activation: Activation
  /** Renewed for each judgement of an answer: a long stream is judged often. */
  meter: Meter
  readonly scan?: ScanRequest | undefined
}

/** By the name of a class. */
export type Findings = Readonly<Record<string, FoundClass>>

export interface Risk {
  readonly score: number
  readonly reasons: readonly string[]
}

/** A score that could not be evaluated. */
interface RiskFailure {
  readonly score: string
  readonly failure: EvaluationFailed
}

type Outcome = { readonly value: unknown } | { readonly failure: EvaluationFailed }

export class Scope {
  readonly #policy: CompiledPolicy
  readonly #call: Call
  readonly #values: Outcome[] = []
  #variables: object | undefined
  #risk: Risk | RiskFailure | undefined
  #findings: Findings | undefined
  /** For phase Request. */
  readonly activation: Activation

  constructor(policy: CompiledPolicy, call: Call) {
    this.#policy = policy
    this.#call = call
    this.activation = this.#hasOwnValues() ? new View(this, call.activation) : call.activation
  }

  /** For phase Response. */
  withResponse(response: object): Activation {
    const { activation } = this.#call
    return this.#hasOwnValues() ? new View(this, activation, response) : { ...activation, response }
  }

  run(program: Program, activation: Activation = this.activation): unknown {
    return program.run(activation, this.#call.meter)
  }

  get variables(): object {
    this.#variables ??= this.#policy.toVariables((at) => this.#readVariable(at))
    return this.#variables
  }

  /** Undefined where the policy has none; throws where it cannot be weighed. */
  get risk(): Risk | undefined {
    const { risk } = this.#policy
    if (risk === undefined) return undefined
    const weighed = this.weigh(risk)
    if ('failure' in weighed) throw weighed.failure
    return weighed
  }

  /** Of the request in both phases. Undefined where the policy has no classes; throws where nobody can say. */
  get findings(): Findings | undefined {
    const { classes } = this.#policy
    if (classes.length === 0) return undefined
    if (this.#call.scan === undefined) throw new EvaluationFailed('the request cannot be looked through', false)
    this.#findings ??= Object.fromEntries(this.#call.scan(classes))
    return this.#findings
  }

  /** Weighs the scores, or says which of them failed. */
  weigh(risk: CompiledRisk): Risk | RiskFailure {
    this.#risk ??= this.#sumUp(risk)
    return this.#risk
  }

  #hasOwnValues(): boolean {
    const { variables, risk, classes } = this.#policy
    return variables.length > 0 || risk !== undefined || classes.length > 0
  }

  #readVariable(at: number): unknown {
    const outcome = (this.#values[at] ??= this.#attempt(this.#policy.variables[at]?.program))
    if ('failure' in outcome) throw outcome.failure
    return outcome.value
  }

  #sumUp({ scores }: CompiledRisk): Risk | RiskFailure {
    let score = 0
    const reasons: string[] = []
    for (const { name, when, weight, reason } of scores) {
      const holds = this.#attempt(when)
      if ('failure' in holds) return { score: name, failure: holds.failure }
      if (holds.value !== true) continue
      score += weight
      reasons.push(reason)
    }
    return { score, reasons }
  }

  #attempt(program: Program | undefined): Outcome {
    try {
      return { value: program === undefined ? undefined : this.run(program) }
    } catch (error) {
      if (!(error instanceof EvaluationFailed)) throw error
      return { failure: error }
    }
  }
}

/** The facts of a call and, beside them, what the policy itself declares. */
class View {
  readonly [variable: string]: unknown
  readonly identity: unknown
  readonly connection: unknown
  readonly request: unknown
  readonly now: unknown
  readonly response: unknown
  readonly #scope: Scope

  constructor(scope: Scope, facts: Activation, response?: object) {
    this.#scope = scope
    this.identity = facts['identity']
    this.connection = facts['connection']
    this.request = facts['request']
    this.now = facts['now']
    this.response = response
  }

  get variables(): object {
    return this.#scope.variables
  }

  get risk(): Risk | undefined {
    return this.#scope.risk
  }

  get findings(): Findings | undefined {
    return this.#scope.findings
  }
}
