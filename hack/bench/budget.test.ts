import { expect, it } from 'vitest'

import { judgeBudget } from './budget.ts'

const atMost = { name: 'cpu', op: '<=', limit: 1.5 } as const
const seven = [1.4, 1.6, 1.5, 1.5, 1.3, 1.7, 1.5]

it.each([
  ['at most: kept at the limit', atMost, seven, true],
  ['at most: missed above it', { ...atMost, limit: 1.49 }, seven, false],
  ['at least: kept at the limit', { ...atMost, op: '>=' } as const, seven, true],
  ['at least: missed below it', { ...atMost, op: '>=', limit: 1.51 } as const, seven, false],
])('%s', (_, rule, values, ok) => {
  expect(judgeBudget(rule, values, 7)).toEqual({ ...rule, value: 1.5, spread: 0.4, ok })
})

it.each([
  ['with fewer rounds than seven', seven.slice(1), 7],
  ['with seven where more were asked for but none counts', [], 9],
])('a budget is not judged %s', (_, values, rounds) => {
  expect(judgeBudget(atMost, values, rounds)).toBe(
    `budget cpu: not judged, ${values.length} of the 7 rounds it needs count`,
  )
})

it('a trial with fewer rounds is judged by those', () => {
  expect(judgeBudget(atMost, [1.4], 1)).toMatchObject({ value: 1.4, ok: true })
})
