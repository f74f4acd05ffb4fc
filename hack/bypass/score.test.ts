import { describe, expect, it } from 'vitest'
import type { VitestReport } from '../test-outcome.ts'
import { toLines, toScore } from './score.ts'

const report = (...cases: readonly (readonly [title: string, status: string])[]): VitestReport => ({
  success: true,
  testResults: [
    {
      name: 'a.test.ts',
      status: 'passed',
      assertionResults: cases.map(([title, status]) => ({ fullName: `${title} x`, status })),
    },
  ],
})

const classes = { size: ['OpenAI', 'MCP'] }

describe('The score', () => {
  it('counts the cases of each class', () => {
    const score = toScore(report(['size: OpenAI', 'passed'], ['size: MCP', 'passed']), classes)
    expect(score).toEqual({ rows: [{ name: 'size', held: 2, cases: 2 }], missed: [] })
    expect(toLines(score)).toBe('  size  2/2\n')
  })

  it.each([
    ['a case that did not hold', report(['size: OpenAI', 'failed'], ['size: MCP', 'passed']), 'size: OpenAI x'],
    ['a case that did not run', report(['size: OpenAI', 'skipped'], ['size: MCP', 'passed']), 'size: OpenAI x'],
    ['a protocol without a case', report(['size: OpenAI', 'passed']), 'size: MCP (no case)'],
    [
      'a case of no class',
      report(['size: OpenAI', 'passed'], ['size: MCP', 'passed'], ['luck', 'passed']),
      'luck x (of no class)',
    ],
  ])('misses %s', (_title, given, missed) => {
    expect(toScore(given, classes).missed).toEqual([missed])
  })
})
