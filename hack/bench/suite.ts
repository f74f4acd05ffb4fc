// What a suite of the bench is and what it hands back. A suite is one module with a name, a line about itself and a run;
// main.ts runs them, report.ts prints them.

/** The cores of this machine that the bench may use: the proxy has one to itself. */
export interface Cores {
  readonly proxy: string
  readonly others: string
}

/** What the harness gives a suite. */
export interface Bench {
  /** Rounds for what has a budget; the rest has at most three. */
  readonly rounds: number
  readonly cores: Cores
  readonly cacheFolder: string
  /** A folder of this run, removed at its end. */
  readonly scratchFolder: string
  /** The environment that child processes get. */
  readonly environment: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

/** One row: the medians of one target in one case. A figure that does not apply is absent. */
export interface CaseFigures {
  readonly case: string
  readonly target: string
  readonly cpuUs?: number
  readonly p50Us?: number
  readonly p99Us?: number
  readonly rps?: number
  readonly ttftUs?: number
  /** For people, not in the JSON: rounds kept of rounds run, share of its core, spread of the CPU or else the median time. */
  readonly kept: number
  readonly ran: number
  readonly utilization?: number
  readonly spread?: number
}

export interface Budget {
  readonly name: string
  readonly op: '<=' | '>='
  readonly limit: number
  readonly value: number
  readonly spread: number
  readonly ok: boolean
}

export interface SuiteResult {
  readonly suite: string
  readonly rounds: number
  readonly cases: readonly CaseFigures[]
  readonly ratios: Readonly<Record<string, number>>
  readonly budgets: readonly Budget[]
  /** Targets that could not start and budgets without enough rounds, each with its reason. */
  readonly notRun: readonly string[]
  /** Budgets of the suite that could not be judged; under --strict these fail like missed ones. */
  readonly unjudged: readonly string[]
}

export interface Suite {
  readonly name: string
  readonly describe: string
  run(bench: Bench): Promise<SuiteResult>
}

/** Several measurements under one name, one after the other. */
export function joinSuites(name: string, parts: readonly Suite[]): Suite {
  return {
    name,
    describe: parts.map(({ describe }) => describe).join('; '),
    async run(bench) {
      const results: SuiteResult[] = []
      // oxlint-disable-next-line no-await-in-loop -- they share the machine
      for (const part of parts) results.push(await part.run(bench))
      return {
        suite: name,
        rounds: bench.rounds,
        cases: results.flatMap(({ cases }) => cases),
        ratios: Object.assign({}, ...results.map(({ ratios }) => ratios)),
        budgets: results.flatMap(({ budgets }) => budgets),
        notRun: results.flatMap(({ notRun }) => notRun),
        unjudged: results.flatMap(({ unjudged }) => unjudged),
      }
    },
  }
}
