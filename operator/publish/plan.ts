// All objects and what they referenced, to the one bundle that every gateway judges by. Pure: the same objects in any order give
// the same bundle, and each object is looked at once.
import type { Network } from '../../policy/address.ts'
import type { Bundle, BundleConnection } from '../../policy/bundle.ts'
import { bundleFormat } from '../../policy/bundle.ts'
import type { Settings } from '../../policy/settings.ts'
import type { PlannedPolicy, PolicyRules } from '../inference-policy/plan.ts'
import { planPolicy } from '../inference-policy/plan.ts'
import type { ConnectionRules, ExaminedConnection, PlannedConnection } from '../model-connection/plan.ts'
import { examineConnection, planConnection } from '../model-connection/plan.ts'
import { findRouteConflicts } from '../model-connection/routes.ts'
import type { InferencePolicy, ModelConnection } from '../objects.ts'

export interface World extends Omit<ConnectionRules, 'settings' | 'network'>, PolicyRules {
  /** The operator's own: policies in it are the baseline. */
  readonly namespace: string
  readonly settings: Settings
  readonly network: Network
  readonly connections: readonly ModelConnection[]
  readonly policies: readonly InferencePolicy[]
}

export interface Plan {
  readonly bundle: Bundle
  /** Both by `namespace/name`. */
  readonly connections: ReadonlyMap<string, PlannedConnection>
  readonly policies: ReadonlyMap<string, PlannedPolicy>
  /** How many policies select each connection, by its id; those that are Disabled do not count. */
  readonly policyCounts: ReadonlyMap<string, number>
}

export function planBundle(world: World): Plan {
  const connections = planConnections(world)
  const entries = [...connections.values()].map(({ entry }) => entry)
  const byNamespace = Map.groupBy(entries, ({ ref }) => ref.namespace)
  const connectionsOf = (namespace: string | undefined): readonly BundleConnection[] =>
    namespace === undefined ? entries : (byNamespace.get(namespace) ?? [])
  const planned = world.policies.map((policy) => planPolicy(policy, world, connectionsOf)).toSorted(byId)
  return {
    bundle: {
      format: bundleFormat,
      settings: world.settings,
      network: world.network,
      connections: entries,
      policies: planned.flatMap(({ entry }) => entry ?? []),
    },
    connections,
    policies: new Map(planned.map((policy) => [policy.id, policy])),
    policyCounts: countPolicies(planned),
  }
}

function planConnections(world: World): ReadonlyMap<string, PlannedConnection> {
  const examined = world.connections.map((connection) => examineConnection(connection, world)).toSorted(byId)
  // A route that was never granted is not held against anybody.
  const claims = examined.filter(({ ungranted }) => ungranted.length === 0).map(toClaim)
  const winners = findRouteConflicts(claims)
  return new Map(examined.map((one) => [one.id, planConnection(one, winners.get(one.id))]))
}

function toClaim({ id, connection, route }: ExaminedConnection): Parameters<typeof findRouteConflicts>[0][number] {
  const { namespace = '', creationTimestamp = '' } = connection.metadata
  return { id, namespace, createdAt: creationTimestamp, ...route }
}

function countPolicies(planned: readonly PlannedPolicy[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { policy, targets } of planned) {
    if (policy.spec.mode === 'Disabled') continue
    for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1)
  }
  return counts
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
