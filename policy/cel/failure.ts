// How an evaluation ends early. A CelFailure is an ordinary CEL error: `&&`, `||`, `all` and `exists` may absorb it. Exhausted is
// the end of the budget and is never absorbed. Neither carries a value of the request, only a kind and a place in the source.

export type FailureCode =
  | 'no_such_overload'
  | 'no_such_key'
  | 'no_such_field'
  | 'index_out_of_range'
  | 'divide_by_zero'
  | 'modulus_by_zero'
  | 'overflow'
  | 'range'
  | 'conversion'
  | 'invalid_argument'
  | 'invalid_utf8'
  | 'invalid_pattern'
  | 'duplicate_key'
  | 'unsupported_key_type'
  | 'undeclared_reference'
  | 'optional_none'

/** Not an Error: making a stack trace costs ten times as much as the evaluation it ends, and absorbed failures are common. */
export class CelFailure {
  readonly code: FailureCode
  constructor(code: FailureCode) {
    this.code = code
  }
}

/** Thrown by a getter of the host, where reading a variable is work of its own. Absorbed like a failure unless it says otherwise. */
export abstract class HostFailure extends Error {
  abstract readonly absorbable: boolean
}

export function isAbsorbable(error: unknown): boolean {
  return error instanceof CelFailure || (error instanceof HostFailure && error.absorbable)
}

/** The evaluation took more steps than its budget. */
export class Exhausted {
  readonly code = 'budget_exhausted'
}

export function fail(code: FailureCode): never {
  // oxlint-disable-next-line typescript/only-throw-error -- stackless on purpose, see CelFailure
  throw new CelFailure(code)
}

/** What one evaluation may spend. One unit is about ten nanoseconds of work. */
export class Meter {
  left: number
  constructor(budget: number) {
    this.left = budget
  }

  charge(units: number): void {
    this.left -= units
    // oxlint-disable-next-line typescript/only-throw-error -- stackless on purpose, see CelFailure
    if (this.left < 0) throw new Exhausted()
  }
}

/** Work in proportion to text or elements that are touched one by one. */
export const unitsPerText = 1 / 16
