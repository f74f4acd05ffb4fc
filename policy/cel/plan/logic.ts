// `&&`, `||` and `?:`. A failure on one side is forgotten when the other side decides alone.
import type { Frame, Plan } from './frame.ts'
import { attempt, rethrow } from './frame.ts'
import { fail } from '../failure.ts'
import type { Value } from '../values/box.ts'

/** `decisive` is false for && and true for ||. */
export function planLogical(operands: readonly Plan[], decisive: boolean): Plan {
  const [first, second] = operands
  if (first === undefined || second === undefined) return () => fail('no_such_overload')
  if (operands.length > 2) return planChain(operands, decisive)
  return (frame) => {
    const left = attempt(first, frame)
    if (left === decisive) return decisive
    const right = attempt(second, frame)
    if (right === decisive) return decisive
    if (left === !decisive && right === !decisive) return !decisive
    return rethrow(left === !decisive ? right : left)
  }
}

function planChain(operands: readonly Plan[], decisive: boolean): Plan {
  return (frame: Frame) => {
    let odd: Value = null
    let isOdd = false
    for (const operand of operands) {
      const value = attempt(operand, frame)
      if (value === decisive) return decisive
      if (value !== !decisive && !isOdd) {
        odd = value
        isOdd = true
      }
    }
    return isOdd ? rethrow(odd) : !decisive
  }
}

export function planConditional(condition: Plan, yes: Plan, no: Plan): Plan {
  return (frame) => {
    const value = condition(frame)
    if (value === true) return yes(frame)
    return value === false ? no(frame) : fail('no_such_overload')
  }
}
