// Fields the CRDs already shape but this version does not enforce. A spec that uses one is refused with its path: a promise that
// is silently ignored would be worse than none.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import type { Problem } from './problem.ts'

const supportedProtocols = new Set<string>([
  'OpenAI',
  'Anthropic',
  'OpenInference',
  'KServeV1',
  'TensorFlowServing',
  'TorchServe',
  'Triton',
  'MCP',
])

/** The tokenizers that the gateway can count with. */
export const tokenizers: readonly string[] = ['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base']

/** Where a request names the version of a model. */
const versionedProtocols = new Set<string>(['OpenInference', 'TensorFlowServing', 'TorchServe', 'Triton'])

export function findUnsupportedInPolicy(spec: InferencePolicySpec): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = toRefuse(problems)
  const absent = ['approval', 'access', 'changes'] as const
  for (const field of absent) if (spec[field] !== undefined) refuse(`spec.${field}`, field)
  if (spec.risk?.approveAbove !== undefined) {
    refuse('spec.risk.approveAbove', 'approval of risky calls', 'use denyAbove instead')
  }
  for (const [i, rule] of (spec.rules ?? []).entries()) {
    if (rule.action === 'RequireApproval') refuse(`spec.rules[${i}].action`, 'action RequireApproval')
  }
  refuseRecording(spec.recording, refuse)
  return problems
}

export function findUnsupportedInConnection(spec: ModelConnectionSpec): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = toRefuse(problems)
  refuseProtocol(spec, refuse)
  refuseEndpoints(spec, refuse)
  refuseModels(spec, refuse)
  refuseLifecycle(spec, refuse)
  refuseRecording(spec.recording, refuse)
  return problems
}

function refuseEndpoints(spec: ModelConnectionSpec, refuse: Refuse): void {
  for (const [i, { health, tls }] of spec.endpoints.entries()) {
    if (health !== undefined) refuse(`spec.endpoints[${i}].health`, 'an active health check')
    if (tls?.clientCertificateRef !== undefined) {
      refuse(`spec.endpoints[${i}].tls.clientCertificateRef`, 'a client certificate')
    }
  }
}

function refuseModels(spec: ModelConnectionSpec, refuse: Refuse): void {
  for (const [i, { tokenizer, upstreamVersion }] of (spec.models ?? []).entries()) {
    if (tokenizer !== undefined && !tokenizers.includes(tokenizer)) {
      refuse(`spec.models[${i}].tokenizer`, 'this tokenizer', `choose one of ${tokenizers.join(', ')}, or remove it`)
    }
    if (upstreamVersion !== undefined && !versionedProtocols.has(spec.protocol)) {
      refuse(`spec.models[${i}].upstreamVersion`, `an upstream version on protocol ${spec.protocol}`)
    }
  }
}

function refuseLifecycle({ credential, lifecycle }: ModelConnectionSpec, refuse: Refuse): void {
  if (credential !== undefined && credential.type !== 'Header') {
    refuse('spec.credential.type', `credential type ${credential.type}`)
  }
  if (lifecycle?.changes === 'RequireApproval') refuse('spec.lifecycle.changes', 'approval of changes')
  if (lifecycle?.drainTimeout !== undefined) refuse('spec.lifecycle.drainTimeout', 'a drain timeout')
}

type Refuse = (path: string, what: string, advice?: string) => void

function toRefuse(problems: Problem[]): Refuse {
  return (path, what, advice = 'remove it') => {
    const message = `${what} is not supported by this version of Portcullis; ${advice}`
    problems.push({ path, reason: 'NotSupported', message })
  }
}

function refuseProtocol(spec: ModelConnectionSpec, refuse: Refuse): void {
  const isDeclared = spec.protocol === 'HTTP' && spec.content !== undefined
  if (isDeclared || supportedProtocols.has(spec.protocol)) return
  if (spec.protocol === 'HTTP') refuse('spec.content', 'protocol HTTP without content')
  else refuse('spec.protocol', `protocol ${spec.protocol}`)
}

type Recording = InferencePolicySpec['recording']

function refuseRecording(recording: Recording, refuse: Refuse): void {
  if (recording === undefined) return
  if (recording.level !== 'Metadata') refuse('spec.recording.level', `recording level ${recording.level}`)
  if (recording.retentionClass !== undefined) refuse('spec.recording.retentionClass', 'a retention class')
  if (recording.durability !== undefined && recording.durability !== 'Batched') {
    refuse('spec.recording.durability', `durability ${recording.durability}`)
  }
}
