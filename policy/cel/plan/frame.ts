// One evaluation: what it may read, the variables of its loops, and what it may still spend. Made for one run and dropped after
// it, so that no program keeps a request alive.
import type { FailureCode } from '../failure.ts'
import { CelFailure, fail, HostFailure, isAbsorbable, Meter } from '../failure.ts'
import type { Value } from '../values/box.ts'

export type Variables = Readonly<Record<string, Value>>

/** Shared by programs without loops; nothing is ever put there. */
const noSlots: Value[] = []

export class Frame extends Meter {
  readonly variables: Variables
  readonly slots: Value[]
  constructor(variables: Variables, slotCount: number, budget: number) {
    super(budget)
    this.variables = variables
    this.slots = slotCount === 0 ? noSlots : Array<Value>(slotCount).fill(null)
  }
}

export type Plan = (frame: Frame) => Value

/** An absorbed failure costs a hundred times as much as a step. */
const failureUnits = 100

/** The value, or the failure that an operator may absorb. The end of the budget is no such failure and goes on. */
export function attempt(plan: Plan, frame: Frame): Value {
  try {
    return plan(frame)
  } catch (error) {
    if (!isAbsorbable(error)) throw error
    frame.charge(failureUnits)
    return error
  }
}

export function rethrow(outcome: Value): never {
  // oxlint-disable-next-line typescript/only-throw-error -- an absorbed failure goes on as it was
  if (outcome instanceof CelFailure || outcome instanceof HostFailure) throw outcome
  return fail('no_such_overload')
}

export function failing(code: FailureCode): Plan {
  return () => fail(code)
}
