// The three kinds on a real API server: installing the CRDs, asking by server-side dry run what it makes of an object, and
// reading a refusal as field and message.
import { ApiException, CustomObjectsApi, setHeaderOptions } from '@kubernetes/client-node'
import path from 'node:path'
import { CRD_FILES, CRD_FOLDER, readCrds } from '../../hack/generate/generate.ts'
import { isRecord } from '../../hack/generate/crd.ts'
import type { Cluster } from '../../hack/cluster/cluster.ts'

export interface Refusal {
  /** As the API server names it, such as `spec.endpoints[0].url`; empty when it is about the whole object. */
  readonly field: string
  readonly message: string
}

export type Answer = { readonly object: StoredObject } | { readonly refusals: readonly Refusal[] }

export interface StoredObject {
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

export interface ObjectOfOurs {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: object
}

const plurals = new Map(readCrds().map(({ crd }) => [crd.spec.names.kind, crd.spec.names.plural]))
const group = 'portcullis.dev'
const version = 'v1alpha1'

/** They stay installed: they are the product, and the same for every test. */
export async function installCrds(cluster: Cluster): Promise<void> {
  const files = CRD_FILES.flatMap((file) => ['-f', path.join(CRD_FOLDER, file)])
  await mustKubectl(cluster, ['apply', '--server-side', '--force-conflicts', ...files])
  await mustKubectl(cluster, ['wait', '--for=condition=Established', '--timeout=30s', ...files])
}

export async function mustKubectl(cluster: Cluster, args: readonly string[], stdin?: string): Promise<string> {
  const result = await cluster.kubectl(args, stdin === undefined ? {} : { stdin })
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${result.stderr}`)
  return result.stdout
}

export interface Api {
  /** What creating it would give; nothing is stored. */
  dryRun(object: ObjectOfOurs): Promise<Answer>
  create(object: ObjectOfOurs): Promise<Answer>
  /** A JSON merge patch of the main resource or of `status`. */
  patch(object: ObjectOfOurs, patch: object, part?: 'main' | 'status'): Promise<Answer>
}

export function connectApi(cluster: Cluster, namespace: string): Api {
  const client = cluster.client().makeApiClient(CustomObjectsApi)
  const place = ({ kind }: ObjectOfOurs) => ({ group, version, namespace, plural: plurals.get(kind) ?? kind })
  const strict = { fieldValidation: 'Strict' }
  const merge = setHeaderOptions('Content-Type', 'application/merge-patch+json')
  return {
    dryRun: (object) =>
      answer(client.createNamespacedCustomObject({ ...place(object), ...strict, body: toBody(object), dryRun: 'All' })),
    create: (object) =>
      answer(client.createNamespacedCustomObject({ ...place(object), ...strict, body: toBody(object) })),
    patch: (object, body, part = 'main') => {
      const request = { ...place(object), ...strict, name: object.metadata.name, body }
      return answer(
        part === 'main'
          ? client.patchNamespacedCustomObject(request, merge)
          : client.patchNamespacedCustomObjectStatus(request, merge),
      )
    },
  }
}

function toBody(object: ObjectOfOurs): object {
  return { apiVersion: `${group}/${version}`, ...object }
}

/** Every refusal of an answer as text; an answer that is no refusal gives nothing. */
export function refusalsOf(given: Answer): readonly Refusal[] {
  return 'refusals' in given ? given.refusals : []
}

async function answer(request: Promise<unknown>): Promise<Answer> {
  try {
    return { object: (await request) as StoredObject }
  } catch (error) {
    if (error instanceof ApiException && (error.code === 422 || error.code === 400)) {
      return { refusals: toRefusals(JSON.parse(String(error.body))) }
    }
    throw error
  }
}

function toRefusals(status: unknown): readonly Refusal[] {
  if (!isRecord(status)) throw new Error('the API server refused without a status')
  const details = isRecord(status['details']) ? status['details'] : {}
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isRecord) : []
  if (causes.length === 0) return [{ field: '', message: toText(status['message']) }]
  return causes.map((cause) => ({ field: toText(cause['field']), message: toText(cause['message']) }))
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
