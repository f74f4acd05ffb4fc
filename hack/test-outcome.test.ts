import { expect, it } from 'vitest'
import type { VitestReport } from './test-outcome.ts'
import { toClosingLines, toOutcome } from './test-outcome.ts'

const report = (...statuses: readonly string[]): VitestReport => ({
  success: true,
  testResults: [
    { name: 'file', status: 'passed', assertionResults: statuses.map((status, i) => ({ fullName: `t${i}`, status })) },
  ],
})

it('counts what passed and failed, and names what did not run', () => {
  expect(toOutcome(report('passed', 'failed', 'skipped', 'todo', 'passed'), 1)).toEqual({
    passed: 2,
    failed: 1,
    notRun: ['t2', 't3'],
  })
})

it('a run that failed outside of its tests has failed', () => {
  expect(toOutcome(report('passed'), 1)).toMatchObject({ passed: 1, failed: 1 })
  expect(toOutcome(undefined, 0)).toMatchObject({ failed: 1 })
})

it('a run of no tests has failed', () => {
  expect(toOutcome(report(), 0)).toMatchObject({ passed: 0, failed: 1 })
})

it('what did not run fails in CI and is named everywhere', () => {
  const outcome = { passed: 3, failed: 0, notRun: ['needs root'] }
  expect(toClosingLines(outcome, false)).toBe(
    '  not run here: needs root\n1 not run on this machine\n3 passed, 0 failed\n',
  )
  expect(toClosingLines(outcome, true)).toMatch(/which CI does not accept\n3 passed, 1 failed\n$/u)
})
