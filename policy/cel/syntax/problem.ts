// A mistake of the author, with its place. Offsets count UTF-16 units; lines and columns begin at one.

export interface Mistake {
  readonly message: string
  readonly at: number
  /** For a wrong type: what would have fitted, and what is there. */
  readonly expected?: string
  readonly found?: string
}

export interface CelProblem extends Mistake {
  readonly line: number
  readonly column: number
}

/** Ends the reading of a source: after the first mistake of syntax the rest would be guesses. */
export class SyntaxMistake extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

export function locate(source: string, mistake: Mistake): CelProblem {
  const before = source.slice(0, mistake.at)
  return { ...mistake, line: before.split('\n').length, column: mistake.at - before.lastIndexOf('\n') }
}
