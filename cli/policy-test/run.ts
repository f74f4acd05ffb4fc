// Runs cases, each by itself: no case can see what another one did.
import type { IdentitySpec } from '../offline/call.ts'
import { toIdentity } from '../offline/call.ts'
import type { OfflineCall } from '../offline/judge-call.ts'
import { judgeCall, makeJudgeDeps } from '../offline/judge-call.ts'
import { compare } from './compare.ts'
import type { Coverage } from './coverage.ts'
import type { CaseSpec, Fixture } from './fixture.ts'
import type { LoadedTest } from './load.ts'
import { lineOf } from './load.ts'
import type { CaseResult, TestResult } from './result.ts'

export interface RunDeps {
  readonly monotonicMs: () => number
}

export interface RunOptions {
  /** Only cases whose file, test or name contains it. */
  readonly filter?: string | undefined
  readonly coverage: Coverage
}

/** Tests of which no case is wanted are left out. */
export async function runTests(
  deps: RunDeps,
  tests: readonly LoadedTest[],
  { filter, coverage }: RunOptions,
): Promise<readonly TestResult[]> {
  const results: TestResult[] = []
  for (const test of tests) {
    coverage.expect(test.world)
    const { name } = test.fixture
    const wanted = test.fixture.cases
      .map((one, index) => ({ one, index }))
      .filter(
        ({ one }) => filter === undefined || [test.file, name ?? '', one.name].some((text) => text.includes(filter)),
      )
    const judge = await makeJudgeDeps(test.world.snapshot)
    const cases: CaseResult[] = []
    for (const { one, index } of wanted) {
      const startedMs = deps.monotonicMs()
      const judged = await judgeCall(judge, toCall(test.fixture, one))
      coverage.add(test.world, judged)
      const differences = compare(one.expect, judged.outcome)
      cases.push({ name: one.name, line: lineOf(test, index), differences, judged, ms: deps.monotonicMs() - startedMs })
    }
    if (cases.length > 0) results.push({ file: test.file, ...(name === undefined ? {} : { name }), cases })
  }
  return results
}

/** When a case does not say when it happens: the same moment for everybody, so that it never depends on the day. */
const usualNow = '2026-01-05T12:00:00Z'

export function toCall(
  fixture: Pick<Fixture, 'identities' | 'now'>,
  one: Omit<CaseSpec, 'name' | 'expect'>,
): OfflineCall {
  const { as, now = fixture.now ?? usualNow, ...call } = one
  return { ...call, identity: toIdentity(identityOf(fixture, as)), nowMs: Date.parse(now) }
}

function identityOf({ identities }: Pick<Fixture, 'identities'>, as: string | IdentitySpec): IdentitySpec {
  if (typeof as !== 'string') return as
  const found = Object.hasOwn(identities, as) ? identities[as] : undefined
  if (found === undefined) throw new Error('the names of identities were checked when the test was read')
  return found
}
