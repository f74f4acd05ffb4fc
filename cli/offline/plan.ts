// Objects to a snapshot, by the very functions that the operator and the gateway run in a cluster. What only a cluster knows is
// assumed, and said: Secrets, CAs and Services that are named exist, and the API server has no address.
import { createHash } from 'node:crypto'
import { toTerms } from '../../operator/publish/content.ts'
import { noApiServer, toNetwork } from '../../operator/publish/network.ts'
import { emptyCache, judgePolicies } from '../../operator/publish/judge.ts'
import type { Plan } from '../../operator/publish/plan.ts'
import { planBundle } from '../../operator/publish/plan.ts'
import { readSettings } from '../../operator/publish/settings-source.ts'
import type { Reference, ReferenceState } from '../../operator/references.ts'
import type { Verdict } from '../../operator/verdict.ts'
import { makeCompiler } from '../../policy/expression.ts'
import type { Problem } from '../../policy/problem.ts'
import type { Settings } from '../../policy/settings.ts'
import { emptySettings } from '../../policy/settings.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import type { Objects } from './objects.ts'

export const defaultPlatformNamespace = 'portcullis'

export interface PlanOptions {
  readonly platformNamespace: string
  /** As in a sidecar or under `portcullis up`, where models may stand on this machine. */
  readonly allowLoopback: boolean
}

export interface OfflinePlan {
  readonly plan: Plan
  readonly snapshot: Snapshot
  /** Of policies, by `namespace/name`; those of connections are in the plan. */
  readonly verdicts: ReadonlyMap<string, Verdict>
  readonly settings: Settings
  readonly settingsProblems: readonly Problem[]
  /** Names of what was assumed to be there. */
  readonly assumed: readonly string[]
}

export async function planOffline(objects: Objects, options: PlanOptions): Promise<OfflinePlan> {
  const { platformNamespace, allowLoopback } = options
  const read = readSettings(objects.settings?.object)
  const settings = 'settings' in read ? read.settings : emptySettings
  const assumed = new Set<string>()
  const plan = planBundle({
    namespace: platformNamespace,
    settings,
    network: toNetwork(noApiServer, settings),
    connections: objects.connections.map(({ object }) => object),
    policies: objects.policies.map(({ object }) => object),
    allowLoopback,
    clusterDomain: 'cluster.local',
    reader: { namespace: platformNamespace, serviceAccount: 'operator' },
    hash: (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`,
    stateOf: (reference) => {
      const { kind, namespace, name } = reference
      if (reference.purpose === 'Dictionary') return findTerms(objects, reference)
      assumed.add(`${kind} ${namespace}/${name}`)
      return { state: 'Found' }
    },
    storedSlots: new Set(),
  })
  const deps = { makeCompiler, nowMs: () => 0, breathe: async () => {} }
  const { verdicts, cache } = await judgePolicies(deps, plan, platformNamespace, emptyCache)
  const { snapshot } = cache
  if (snapshot === undefined) throw new Error('a judgement without a snapshot')
  return {
    plan,
    snapshot,
    verdicts,
    settings,
    settingsProblems: 'problems' in read ? read.problems : [],
    assumed: [...assumed].toSorted(),
  }
}

/** Not assumed like the rest: without its terms a policy could not be judged. */
function findTerms({ configMaps }: Objects, { namespace, name, key = '' }: Reference): ReferenceState {
  const data = configMaps.get(`${namespace}/${name}`)
  if (data === undefined) return { state: 'NotFound' }
  const text = data[key]
  if (typeof text !== 'string') return { state: 'KeyNotFound' }
  const terms = toTerms(text)
  return 'problem' in terms ? { state: 'Invalid', message: terms.problem } : { state: 'Found', terms: terms.value }
}

export function toPlanOptions(given: {
  readonly platformNamespace?: string
  readonly allowLoopback: boolean
}): PlanOptions {
  const { platformNamespace = defaultPlatformNamespace, allowLoopback } = given
  return { platformNamespace, allowLoopback }
}
