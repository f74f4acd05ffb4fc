import { expect, it } from 'vitest'

import { joinSuites } from './suite.ts'
import type { Bench, Suite, SuiteResult } from './suite.ts'

const bench: Bench = {
  rounds: 7,
  cores: { proxy: '1', others: '0' },
  cacheFolder: '',
  scratchFolder: '',
  environment: {},
  log: () => {},
  signal: new AbortController().signal,
}

function makeSuite(name: string, ran: string[]): Suite {
  const result: SuiteResult = {
    suite: name,
    rounds: 7,
    cases: [{ case: name, target: 'a', kept: 7, ran: 7 }],
    ratios: { [name]: 1 },
    budgets: [{ name, op: '<=', limit: 1, value: 2, spread: 0, ok: false }],
    notRun: [`${name}: not run`],
    unjudged: [`${name}: not judged`],
  }
  return {
    name,
    describe: `what ${name} does`,
    run: async () => {
      ran.push(name)
      return result
    },
  }
}

it('suites under one name run one after the other, and nothing that they found is lost', async () => {
  const ran: string[] = []
  const joined = joinSuites('both', [makeSuite('one', ran), makeSuite('two', ran)])
  expect([joined.name, joined.describe]).toEqual(['both', 'what one does; what two does'])
  expect(await joined.run(bench)).toMatchObject({
    suite: 'both',
    rounds: 7,
    cases: [{ case: 'one' }, { case: 'two' }],
    ratios: { one: 1, two: 1 },
    budgets: [{ name: 'one' }, { name: 'two' }],
    notRun: ['one: not run', 'two: not run'],
    unjudged: ['one: not judged', 'two: not judged'],
  })
  expect(ran).toEqual(['one', 'two'])
})
