// Compiles a planned bundle as a gateway does, to learn what is wrong with each policy. In slices, because the same process renews
// the leader's Lease. A policy that selects nothing is compiled for the OpenAI protocol, so that its author learns of a mistake
// before it counts.
import type { BundlePolicy } from '../../policy/bundle.ts'
import { compilePolicy } from '../../policy/compile.ts'
import { environmentsOf } from '../../policy/environment.ts'
import type { Compile } from '../../policy/expression.ts'
import type { Problem } from '../../policy/problem.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import { compileSnapshot } from '../../policy/snapshot.ts'
import { judgePolicy } from '../inference-policy/plan.ts'
import type { Verdict } from '../verdict.ts'
import type { Plan } from './plan.ts'

export interface JudgeDeps {
  readonly makeCompiler: () => Compile
  readonly nowMs: () => number
  /** Lets everything else in the process run. */
  readonly breathe: () => Promise<void>
}

/** Results by what they were made from, carried from one judgement to the next. */
export interface JudgeCache {
  readonly snapshot?: Snapshot
  readonly idle: ReadonlyMap<string, { readonly from: string; readonly problems: readonly Problem[] }>
}

export interface Judgement {
  readonly verdicts: ReadonlyMap<string, Verdict>
  readonly cache: JudgeCache
}

export const emptyCache: JudgeCache = { idle: new Map() }

const sliceMs = 10

export async function judgePolicies(
  deps: JudgeDeps,
  plan: Plan,
  platformNamespace: string,
  before: JudgeCache,
): Promise<Judgement> {
  const compile = deps.makeCompiler()
  const rest = makeRest(deps)
  const steps = compileSnapshot(compile, plan.bundle, before.snapshot)
  let step = steps.next()
  while (step.done !== true) {
    await rest()
    step = steps.next()
  }
  const snapshot = step.value
  const verdicts = new Map<string, Verdict>()
  const idle = new Map<string, { from: string; problems: readonly Problem[] }>()
  for (const [id, planned] of plan.policies) {
    const compiled = snapshot.problems.get(id)
    const problems = compiled ?? compileIdle(compile, planned.entry, { id, before: before.idle, after: idle })
    verdicts.set(id, judgePolicy(planned, platformNamespace, problems))
    await rest()
  }
  return { verdicts, cache: { snapshot, idle } }
}

interface IdleCaches {
  readonly id: string
  readonly before: JudgeCache['idle']
  readonly after: Map<string, { from: string; problems: readonly Problem[] }>
}

function compileIdle(
  compile: Compile,
  entry: BundlePolicy | undefined,
  { id, before, after }: IdleCaches,
): readonly Problem[] {
  if (entry === undefined) return []
  const from = JSON.stringify(entry)
  const known = before.get(id)
  const problems =
    known?.from === from ? known.problems : compilePolicy(compile, entry, environmentsOf('OpenAI', false)).problems
  after.set(id, { from, problems })
  return problems
}

function makeRest({ nowMs, breathe }: JudgeDeps): () => Promise<void> {
  let sinceMs = nowMs()
  return async () => {
    if (nowMs() - sinceMs < sliceMs) return
    await breathe()
    sinceMs = nowMs()
  }
}
