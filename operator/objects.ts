// Our kinds as resources of the store, and the few built-in ones that only the operator touches.
import type { InferencePolicySpec, InferencePolicyStatus } from '../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec, ModelConnectionStatus } from '../crds/generated/model-connection.ts'
import type { KubeObject, Resource } from '../kube/resource.ts'
import type { ObjectRef } from '../policy/model.ts'

export interface ModelConnection extends KubeObject {
  readonly spec: ModelConnectionSpec
  readonly status?: ModelConnectionStatus
}

export interface InferencePolicy extends KubeObject {
  readonly spec: InferencePolicySpec
  readonly status?: InferencePolicyStatus
}

export interface Service extends KubeObject {
  readonly spec?: { readonly type?: string; readonly clusterIPs?: readonly string[] }
}

export const modelConnections: Resource<ModelConnection> = ours('modelconnections', 'ModelConnection')
export const inferencePolicies: Resource<InferencePolicy> = ours('inferencepolicies', 'InferencePolicy')
export const services: Resource<Service> = {
  group: '',
  version: 'v1',
  plural: 'services',
  kind: 'Service',
  namespaced: true,
}

const sourceAnnotation = 'portcullis.dev/source'
const maxSourceLength = 512

export function toObjectRef(object: ModelConnection | InferencePolicy): ObjectRef {
  const { metadata } = object
  const source = sourceOf(object)
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    ...(source === undefined ? {} : { source }),
  }
}

/** The commit or URL that a pipeline annotated. */
export function sourceOf({ metadata }: ModelConnection | InferencePolicy): string | undefined {
  const source = metadata.annotations?.[sourceAnnotation]
  return source === undefined || source === '' ? undefined : source.slice(0, maxSourceLength)
}

/** `namespace/name`. */
export function toId({ metadata }: ModelConnection | InferencePolicy): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function ours<T extends KubeObject>(plural: string, kind: string): Resource<T> {
  return { group: 'portcullis.dev', version: 'v1alpha1', plural, kind, namespaced: true }
}
