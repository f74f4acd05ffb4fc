// A platform of some size, declared as teams declare it: namespaces with connections, policies that select them by name or label,
// and a baseline over all. The same for every round.
import { createHash } from 'node:crypto'
import type { InferencePolicy, ModelConnection } from '../../../operator/objects.ts'
import type { World } from '../../../operator/publish/plan.ts'
import type { Settings } from '../../../policy/settings.ts'

export const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

export interface Size {
  readonly policies: number
  readonly connections: number
}

const baselines = 5
/** Of the connection that calls are judged on: its team's own policies, and the baselines. */
export const applicable = 10
const connectionsPerTeam = 10

export function makeWorld({ policies, connections }: Size, settings: Settings, edit = 0): World {
  return {
    namespace: 'portcullis',
    settings,
    network: { apiServer: ['10.96.0.1:443'], clusterRanges: ['10.96.0.0/12'] },
    connections: Array.from({ length: connections }, (_, i) => makeConnection(i)),
    policies: [
      ...Array.from({ length: baselines }, (_, i) => makeBaseline(i)),
      ...Array.from({ length: policies - baselines }, (_, i) => makePolicy(i, connections, i === 0 ? edit : 0)),
    ],
    allowLoopback: false,
    clusterDomain: 'cluster.local',
    reader: { namespace: 'portcullis', serviceAccount: 'operator' },
    hash,
    stateOf: () => ({ state: 'Found' }),
    storedSlots: new Set(),
  }
}

function toMetadata(namespace: string, name: string): ModelConnection['metadata'] {
  return {
    namespace,
    name,
    uid: `${namespace}-${name}`,
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  }
}

function makeConnection(i: number): ModelConnection {
  const metadata = toMetadata(`team-${Math.floor(i / connectionsPerTeam)}`, `model-${i}`)
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ModelConnection',
    metadata: { ...metadata, labels: { tier: i % 2 === 0 ? 'gold' : 'plain' } },
    spec: {
      mode: 'Active',
      protocol: 'OpenAI',
      endpoints: [{ name: 'main', url: 'https://api.example.com/v1' }],
      models: [{ name: 'small', upstreamName: 'vendor/small-1' }],
    },
  }
}

/** The first ones of each connection are its own; what is left goes round. */
function makePolicy(i: number, connections: number, edit: number): InferencePolicy {
  const own = applicable - baselines
  const target = i < own ? 0 : 1 + (i % Math.max(1, connections - 1))
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'InferencePolicy',
    metadata: toMetadata(`team-${Math.floor(target / connectionsPerTeam)}`, `policy-${i}`),
    spec: {
      mode: 'Enforce',
      targetRefs: [{ name: `model-${target}` }],
      variables: [{ name: 'long', expression: `request.prompt.size() > ${10_000 + i}` }],
      rules: [
        {
          name: 'allow',
          phase: 'Request',
          action: 'Allow',
          when: `identity.groups.exists(g, g == "team-${i}") || true`,
        },
        { name: 'words', phase: 'Request', action: 'Deny', when: `request.prompt.contains("nightjar-${i}-${edit}")` },
        { name: 'length', phase: 'Request', action: 'Deny', when: 'variables.long && request.maxTokens > 4096' },
      ],
    },
  }
}

function makeBaseline(i: number): InferencePolicy {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'InferencePolicy',
    metadata: toMetadata('portcullis', `baseline-${i}`),
    spec: {
      mode: 'Enforce',
      targetNamespaces: { mode: 'All' },
      rules: [{ name: 'model', phase: 'Request', action: 'Deny', when: `request.model.startsWith("forbidden-${i}")` }],
    },
  }
}
