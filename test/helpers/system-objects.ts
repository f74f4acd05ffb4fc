// The objects that tests of the whole product apply: each with what a person would write at least.
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'

const apiVersion = 'portcullis.dev/v1alpha1'

type Named<T> = { readonly metadata: { readonly namespace: string; readonly name: string }; readonly spec: T }
export type ConnectionObject = Named<ModelConnectionSpec> & { readonly kind: 'ModelConnection' }
export type PolicyObject = Named<InferencePolicySpec> & { readonly kind: 'InferencePolicy' }
type Rule = NonNullable<InferencePolicySpec['rules']>[number]

/** `id`: `namespace/name`. */
export function makeConnectionObject(
  id: string,
  url: string,
  more: Partial<ModelConnectionSpec> & { readonly labels?: Readonly<Record<string, string>> } = {},
): ConnectionObject {
  const { labels, ...spec } = more
  return {
    ...toHead('ModelConnection', id, labels),
    spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [{ name: 'main', url }], ...spec },
  }
}

export const allow: Rule = { name: 'allow', phase: 'Request', action: 'Allow' }

export function denyPrompt(word: string, message: string): Rule {
  return { name: 'deny', phase: 'Request', action: 'Deny', when: `request.prompt.contains('${word}')`, message }
}

/** Targets connection `chat` of its namespace unless it says otherwise. */
export function makePolicyObject(
  id: string,
  rules: readonly Rule[],
  more: Partial<InferencePolicySpec> = {},
): PolicyObject {
  const target = (more.targetSelector ?? more.targetNamespaces) ? {} : { targetRefs: [{ name: 'chat' }] }
  return { ...toHead('InferencePolicy', id), spec: { mode: 'Enforce', ...target, rules, ...more } }
}

function toHead<K extends string>(kind: K, id: string, labels?: Readonly<Record<string, string>>) {
  const [namespace = '', name = ''] = id.split('/')
  return { apiVersion, kind, metadata: { namespace, name, ...(labels && { labels }) } }
}
