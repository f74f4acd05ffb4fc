import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  keepRounds,
  median,
  pairedDifferences,
  pairedRatios,
  round4,
  summarize,
  valuesOf,
  percentile,
} from './statistics.ts'
import type { Sample } from './statistics.ts'

const makeSample = (sample: Partial<Sample>): Sample => ({ target: 'a', round: 1, errors: 0, ...sample })

describe('median', () => {
  it.each([
    ['of nothing is nothing', [], undefined],
    ['of one value is that value', [3], 3],
    ['of an odd number is the middle one', [9, 1, 4], 4],
    ['of an even number lies between the middle two', [1, 2, 10, 4], 3],
    ['sorts by size, not by text', [10, 9, 100], 10],
  ])('%s', (_, values, expected) => {
    expect(median(values)).toBe(expected)
  })

  it('does not depend on order, does not change its input, and has half of the values on each side', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1 }), (values) => {
        const copy = [...values]
        const middle = median(values) ?? Number.NaN
        expect(values).toEqual(copy)
        expect(median(copy.toReversed())).toBe(middle)
        expect(values.filter((v) => v <= middle).length * 2).toBeGreaterThanOrEqual(values.length)
        expect(values.filter((v) => v >= middle).length * 2).toBeGreaterThanOrEqual(values.length)
      }),
    )
  })
})

it('a summary has the median, the distance from smallest to largest, and how many there were', () => {
  expect(summarize([1.2, 1.5, 1.1])).toEqual({ value: 1.2, spread: 0.3999999999999999, count: 3 })
  expect(summarize([])).toBeUndefined()
})

describe('a round is discarded', () => {
  it.each([
    ['not when the proxy filled its core', { utilization: 0.95 }, true],
    ['not at exactly the limit', { utilization: 0.9 }, true],
    ['when the proxy had idle time', { utilization: 0.89 }, false],
    ['when a call failed, however busy the proxy was', { utilization: 0.99, errors: 1 }, false],
    ['not for idle time where there is no proxy', {}, true],
  ])('%s', (_, sample, kept) => {
    expect(keepRounds([makeSample(sample)], 0.9)).toHaveLength(kept ? 1 : 0)
  })
})

it('values are those of one target that were measured', () => {
  const samples = [makeSample({ cpuUs: 1 }), makeSample({}), makeSample({ target: 'b', cpuUs: 2 })]
  expect(valuesOf(samples, 'a', 'cpuUs')).toEqual([1])
})

describe('paired rounds', () => {
  const pair = { figure: 'cpuUs', of: 'a', over: 'b' } as const
  const samples = [
    makeSample({ round: 1, cpuUs: 30 }),
    makeSample({ round: 1, target: 'b', cpuUs: 20 }),
    makeSample({ round: 2, cpuUs: 90 }),
    makeSample({ round: 3, target: 'b', cpuUs: 10 }),
    makeSample({ round: 4, cpuUs: 44 }),
    makeSample({ round: 4, target: 'b', cpuUs: 40 }),
  ]

  it('compare a target with its neighbour of the same round and with no other', () => {
    expect(pairedRatios(samples, pair)).toEqual([1.5, 1.1])
    expect(pairedDifferences(samples, pair)).toEqual([10, 4])
  })

  it('have no ratio over nothing', () => {
    const zero = [makeSample({ cpuUs: 30 }), makeSample({ target: 'b', cpuUs: 0 })]
    expect(pairedRatios(zero, pair)).toEqual([])
  })
})

it.each([
  [1.23456, 1.235],
  [123_456.7, 123_500],
  [0, 0],
])('%d is shown as %d', (value, shown) => {
  expect(round4(value)).toBe(shown)
})

describe('a percentile', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [Array.from({ length: 100 }, (_, index) => index + 1), 0.99, 99],
    [Array.from({ length: 60 }, (_, index) => index + 1), 0.99, 60],
    [[7], 0, 7],
  ])('is a value that was measured, and of few the largest counts', (values, share, found) => {
    expect(percentile(values, share)).toBe(found)
  })

  it('of nothing is none', () => {
    expect(percentile([], 0.99)).toBeNaN()
  })
})
