import { describe, expect, it } from 'vitest'

import { toDiscarded, toRatios, toRows } from './figures.ts'

const measured = {
  name: 'json-c64',
  minimumUtilization: 0.9,
  samples: [
    { target: 'a', round: 1, errors: 0, cpuUs: 20, utilization: 0.98, rps: 100 },
    { target: 'b', round: 1, errors: 0, cpuUs: 10, utilization: 0.97, rps: 200 },
    { target: 'c', round: 1, errors: 5, cpuUs: 1, utilization: 0.99, rps: 900 },
    { target: 'a', round: 2, errors: 0, cpuUs: 22, utilization: 0.96, rps: 110 },
    { target: 'b', round: 2, errors: 0, cpuUs: 50, utilization: 0.5, rps: 20 },
    { target: 'c', round: 2, errors: 0, cpuUs: 1, utilization: 0.1, rps: 900 },
  ],
}

it('rows are medians of the rounds that count, without figures that were not measured', () => {
  expect(toRows(measured)).toEqual([
    { case: 'json-c64', target: 'a', cpuUs: 21, rps: 105, kept: 2, ran: 2, utilization: 0.97, spread: 2 },
    { case: 'json-c64', target: 'b', cpuUs: 10, rps: 200, kept: 1, ran: 2, utilization: 0.97, spread: 0 },
  ])
})

it('a target whose rounds all failed or idled has no row and is named', () => {
  expect(toDiscarded(measured)).toEqual(['json-c64 c: no figures, 1 rounds had failed calls and 1 left its core idle'])
})

describe('ratios', () => {
  const pairs = [
    { figure: 'cpuUs', of: 'a', over: 'b' },
    { figure: 'cpuUs', of: 'c', over: 'b' },
  ] as const

  it('pair the rounds that count and leave out a target that has none', () => {
    expect(toRatios(measured, pairs)).toEqual({ 'json-c64 cpuUs a/b': 2 })
  })

  it('compare medians when two targets never had a good round together', () => {
    const apart = measured.samples.filter(({ target, round }) => target !== 'a' || round === 2)
    expect(toRatios({ ...measured, samples: apart }, pairs)).toEqual({ 'json-c64 cpuUs a/b': 2.2 })
  })
})
