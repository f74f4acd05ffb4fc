// Test data with defaults: each test says only what it is about.
import { createHash } from 'node:crypto'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { Bundle, BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import { bundleFormat } from '../../policy/bundle.ts'
import { makeCompiler } from '../../policy/expression.ts'
import type { Facts, Identity, ObjectRef, ScanRequest } from '../../policy/model.ts'
import type { Settings } from '../../policy/settings.ts'
import { emptySettings } from '../../policy/settings.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import { compileSnapshot } from '../../policy/snapshot.ts'

export const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

export function makeRef(name: string, namespace = 'team-a'): ObjectRef {
  return { namespace, name, uid: `uid-${namespace}-${name}`, generation: 1 }
}

type Rule = NonNullable<InferencePolicySpec['rules']>[number]

export const allowAll: Rule = { name: 'allow', phase: 'Request', action: 'Allow' }

export function denyWhen(when: string, message = 'no'): Rule {
  return { name: 'deny', phase: 'Request', action: 'Deny', when, message }
}

interface PolicyOptions {
  readonly name?: string
  readonly namespace?: string
  readonly baseline?: boolean
  readonly blocked?: BundlePolicy['blocked']
  readonly dictionaries?: BundlePolicy['dictionaries']
}

export function makePolicy(spec: Partial<InferencePolicySpec> = {}, options: PolicyOptions = {}): BundlePolicy {
  const { name = 'policy', namespace = 'team-a', baseline = false, blocked, dictionaries } = options
  return {
    ref: makeRef(name, namespace),
    baseline,
    spec: {
      mode: 'Enforce',
      ...(spec.targetSelector === undefined && spec.targetNamespaces === undefined
        ? { targetRefs: [{ name: 'chat' }] }
        : {}),
      rules: [allowAll],
      ...spec,
    },
    ...(dictionaries === undefined ? {} : { dictionaries }),
    ...(blocked === undefined ? {} : { blocked }),
  }
}

type ConnectionOptions = Partial<Omit<BundleConnection, 'ref' | 'spec'>> & {
  readonly name?: string
  readonly namespace?: string
}

export function makeConnection(
  spec: Partial<ModelConnectionSpec> = {},
  options: ConnectionOptions = {},
): BundleConnection {
  const { name = 'chat', namespace = 'team-a', ...rest } = options
  return {
    ref: makeRef(name, namespace),
    labels: {},
    prefix: `/${namespace}/${name}/`,
    hostnames: [],
    endpoints: [{ name: 'main', origin: 'http://127.0.0.1:9', basePath: '', weight: 1, place: 'External' }],
    spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [{ name: 'main', url: 'http://127.0.0.1:9' }], ...spec },
    ...rest,
  }
}

export function makeBundle(parts: {
  readonly connections?: readonly BundleConnection[]
  readonly policies?: readonly BundlePolicy[]
  readonly settings?: Settings
}): Bundle {
  return {
    format: bundleFormat,
    settings: parts.settings ?? emptySettings,
    network: { apiServer: [], clusterRanges: [] },
    connections: parts.connections ?? [makeConnection()],
    policies: parts.policies ?? [makePolicy()],
  }
}

export function makeSnapshot(bundle: Bundle, previous?: Snapshot): Snapshot {
  const steps = compileSnapshot(makeCompiler(), bundle, previous)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

export function makeIdentity(identity: Partial<Identity> = {}): Identity {
  return {
    issuer: 'https://idp.example',
    subject: 'alice-id',
    username: 'alice',
    email: 'alice@example.com',
    kind: 'User',
    groups: ['research'],
    scopes: ['chat'],
    claims: { level: 3 },
    ...identity,
  }
}

interface FactsOptions {
  readonly identity?: Partial<Identity>
  readonly request?: Partial<Facts['request']>
  readonly scan?: ScanRequest
}

export function makeFacts(facts: FactsOptions = {}): Facts {
  return {
    identity: makeIdentity(facts.identity),
    connection: { name: 'chat', namespace: 'team-a', labels: {}, protocol: 'OpenAI' },
    request: {
      method: 'POST',
      path: '/team-a/chat/v1/chat/completions',
      headers: { 'x-team': 'a' },
      sourceIP: '192.0.2.7',
      bytes: 120,
      operation: 'chat.completions',
      model: 'small',
      stream: false,
      prompt: 'hello',
      messages: [{ role: 'user', content: 'hello', name: '' }],
      tools: [],
      toolCalls: [],
      parameters: { temperature: 1 },
      maxTokens: 100,
      body: { model: 'small', n: 2 },
      ...facts.request,
    },
    ...(facts.scan === undefined ? {} : { scan: facts.scan }),
    nowMs: Date.UTC(2026, 10, 20, 12),
  }
}
