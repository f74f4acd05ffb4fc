// Loops. Each turn is paid for by the size of its body before it begins; that budget is what ends a comprehension bomb.
import { fail, isAbsorbable } from '../failure.ts'
import type { LoopMacro } from '../syntax/ast.ts'
import type { Value } from '../values/box.ts'
import { isMap } from '../values/kind.ts'
import { CelMap, getEntry, mapKeys, putEntry } from '../values/map.ts'
import type { Frame, Plan } from './frame.ts'
import { attempt, rethrow } from './frame.ts'

/** A new entry of a map costs more than a step. */
const entryUnits = 10

export interface LoopPlan {
  readonly macro: LoopMacro
  readonly range: Plan
  readonly filter: Plan | undefined
  readonly body: Plan
  readonly slot: number
  readonly variables: number
  /** Units per turn. */
  readonly weight: number
}

export function planLoop(loop: LoopPlan): Plan {
  switch (loop.macro) {
    case 'all':
      return planQuantifier(loop, false)
    case 'exists':
      return planQuantifier(loop, true)
    case 'existsOne':
      return planExistsOne(loop)
    case 'filter':
      return planFilter(loop)
    case 'map':
    case 'transformList':
      return planMap(loop)
    case 'transformMap':
      return planTransformMap(loop)
    case 'transformMapEntry':
      return planTransformEntry(loop)
  }
}

interface Range {
  readonly keys: readonly Value[] | undefined
  readonly values: readonly Value[]
}

function rangeOf(loop: LoopPlan, frame: Frame): Range {
  const value = loop.range(frame)
  if (Array.isArray(value)) return { keys: undefined, values: value }
  if (!isMap(value)) return fail('no_such_overload')
  const keys = mapKeys(value)
  frame.charge(keys.length)
  return loop.variables === 1
    ? { keys: undefined, values: keys }
    : { keys, values: keys.map((key) => getEntry(value, key)) }
}

/** Puts the variables of one turn in their places. */
function enter(loop: LoopPlan, frame: Frame, { keys, values }: Range, turn: number): void {
  frame.charge(loop.weight)
  if (loop.variables === 1) {
    frame.slots[loop.slot] = values[turn]
  } else {
    frame.slots[loop.slot] = keys === undefined ? turn : keys[turn]
    frame.slots[loop.slot + 1] = values[turn]
  }
}

function planQuantifier(loop: LoopPlan, decisive: boolean): Plan {
  const { body } = loop
  return (frame) => {
    const range = rangeOf(loop, frame)
    let odd: Value = null
    let isOdd = false
    for (let turn = 0; turn < range.values.length; turn += 1) {
      enter(loop, frame, range, turn)
      const value = attempt(body, frame)
      if (value === decisive) return decisive
      if (value !== !decisive && !isOdd) {
        isOdd = true
        odd = value
      }
    }
    return isOdd ? rethrow(odd) : !decisive
  }
}

function isTrue(plan: Plan, frame: Frame): boolean {
  const value = plan(frame)
  return typeof value === 'boolean' ? value : fail('no_such_overload')
}

function planExistsOne(loop: LoopPlan): Plan {
  return (frame) => {
    const range = rangeOf(loop, frame)
    let count = 0
    for (let turn = 0; turn < range.values.length; turn += 1) {
      enter(loop, frame, range, turn)
      if (isTrue(loop.body, frame)) count += 1
    }
    return count === 1
  }
}

function planFilter(loop: LoopPlan): Plan {
  return (frame) => {
    const range = rangeOf(loop, frame)
    const kept: Value[] = []
    for (let turn = 0; turn < range.values.length; turn += 1) {
      enter(loop, frame, range, turn)
      if (isTrue(loop.body, frame)) kept.push(range.values[turn])
    }
    return kept
  }
}

/** Gives every turn that passes the filter to `take`. */
function eachTurn(loop: LoopPlan, frame: Frame, take: (value: Value, range: Range, turn: number) => void): void {
  const range = rangeOf(loop, frame)
  for (let turn = 0; turn < range.values.length; turn += 1) {
    enter(loop, frame, range, turn)
    if (loop.filter === undefined || isTrue(loop.filter, frame)) take(loop.body(frame), range, turn)
  }
}

function planMap(loop: LoopPlan): Plan {
  return (frame) => {
    const mapped: Value[] = []
    eachTurn(loop, frame, (value) => mapped.push(value))
    return mapped
  }
}

function planTransformMap(loop: LoopPlan): Plan {
  return (frame) => {
    const mapped = new CelMap()
    eachTurn(loop, frame, (value, { keys }, turn) => {
      frame.charge(entryUnits)
      putEntry(mapped, keys === undefined ? turn : keys[turn], value)
    })
    return mapped
  }
}

function planTransformEntry(loop: LoopPlan): Plan {
  return (frame) => {
    const mapped = new CelMap()
    eachTurn(loop, frame, (entry) => {
      if (!isMap(entry)) fail('no_such_overload')
      frame.charge(entryUnits)
      for (const key of mapKeys(entry)) putEntry(mapped, key, getEntry(entry, key))
    })
    return mapped
  }
}

/** A bound value that fails does so where it is used, not where it is bound. */
export function planBind(value: Plan, body: Plan, slot: number): Plan {
  return (frame) => {
    frame.slots[slot] = attempt(value, frame)
    return body(frame)
  }
}

export function planLocal(slot: number): Plan {
  return (frame) => frame.slots[slot]
}

export function planBoundLocal(slot: number): Plan {
  return (frame) => {
    const value = frame.slots[slot]
    return isAbsorbable(value) ? rethrow(value) : value
  }
}
