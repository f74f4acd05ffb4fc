import { expect, it } from 'vitest'

import { toJson, toTable } from './report.ts'
import type { SuiteResult } from './suite.ts'

const result: SuiteResult = {
  suite: 'forward',
  rounds: 7,
  cases: [
    { case: 'json-c64', target: 'direct', p50Us: 807.4, p99Us: 1860, rps: 74_200, kept: 3, ran: 3, spread: 12 },
    { case: 'json-c64', target: 'dispatch', cpuUs: 40.1, rps: 24_000, kept: 7, ran: 9, utilization: 0.98, spread: 2 },
  ],
  ratios: { 'json-c64 cpuUs portcullis/dispatch': 1.4 },
  budgets: [{ name: 'cpu', op: '<=', limit: 1.5, value: 1.6, spread: 0.2, ok: false }],
  notRun: ['nginx: not run: it is not installed'],
  unjudged: [],
}

it('one suite is one object with the promised keys and numbers only', () => {
  expect(JSON.parse(toJson([result]))).toEqual({
    suite: 'forward',
    rounds: 7,
    cases: [
      { case: 'json-c64', target: 'direct', p50Us: 807.4, p99Us: 1860, rps: 74_200 },
      { case: 'json-c64', target: 'dispatch', cpuUs: 40.1, rps: 24_000 },
    ],
    ratios: { 'json-c64 cpuUs portcullis/dispatch': 1.4 },
    budgets: [{ name: 'cpu', op: '<=', limit: 1.5, value: 1.6, spread: 0.2, ok: false }],
  })
})

it('several suites are still one object', () => {
  expect(JSON.parse(toJson([result, result])).suites.map(({ suite }: { suite: string }) => suite)).toEqual([
    'forward',
    'forward',
  ])
})

it('the table shows figures, ratios, missed budgets and what did not run', () => {
  expect(toTable(result)).toMatchInlineSnapshot(`
    "forward

    case      target    CPU µs  p50 µs  p99 µs  per s  ttft µs  core  spread  rounds
    json-c64  direct         -   807.4    1860  74200        -     -      12     3/3
    json-c64  dispatch    40.1       -       -  24000        -  0.98       2     7/9

    ratio                               median
    json-c64 cpuUs portcullis/dispatch     1.4

    budget  value  limit   spread
    cpu       1.6  <= 1.5     0.2  MISSED

    nginx: not run: it is not installed
    "
  `)
})
