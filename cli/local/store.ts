// A folder of YAML as the store that operator and gateway stand on. From the files up: read, admitted as an API server would, and
// given what a machine without a cluster lacks. Starting needs a folder without mistakes; later ones are reported, and what was
// good before stays in force.
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../kube/clock.ts'
import type { FolderProblem } from '../../kube/manifests.ts'
import { configMaps, endpointSlices, secrets } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { FolderStore } from '../../kube/store-folder.ts'
import { openFolder } from '../../kube/store-folder.ts'
import { inferencePolicies, modelConnections, services } from '../../operator/objects.ts'
import { loopback } from '../loopback-server.ts'
import { testApiVersion, testKind } from '../offline/objects.ts'
import type { Refusal } from './admission.ts'
import { withAdmission } from './admission.ts'
import type { Development } from './development.ts'
import { settingsName, toFirstSettings, withDevelopment } from './development.ts'
import { assertAdmitted, assertReadable, assertSettings } from './folder.ts'
import type { CheckObject } from '../../crds/check-object.ts'
import { compileCrd } from '../../crds/check-object.ts'

export interface LocalStoreOptions {
  readonly folder: string
  readonly development: Development
  /** Everything wrong with the files, whenever that changes; empty when healed. */
  readonly onProblem: (problems: readonly FolderProblem[]) => void
  /** An object that its kind does not allow, once for each version of it. */
  readonly onRefusal: (refusal: Refusal) => void
}

/** The one gateway there is, as a cluster would know it. */
export const localGateway = { podName: 'standalone', service: 'portcullis-gateway' } as const

const fieldManager = 'portcullis-cli'
/** Tests of policies may stand in the folder; `portcullis test` reads them. */
const beside: ReadonlySet<string> = new Set([`${testApiVersion} ${testKind}`])

/** Throws CliError `folder_invalid` with a line for each mistake. */
export async function openLocalStore(clock: Clock, options: LocalStoreOptions): Promise<FolderStore> {
  const files = await openReadable(clock, options)
  const store = withDevelopment(await admitAll(files.store, options), options.development)
  await placeSettings(store, options)
  await placeGateway(store, options.development)
  return { store, follow: files.follow }
}

async function openReadable(clock: Clock, { folder, onProblem }: LocalStoreOptions): Promise<FolderStore> {
  const resources = [modelConnections, inferencePolicies, configMaps, secrets, services]
  let report = (problems: readonly FolderProblem[]): void => {
    assertReadable(folder, problems)
    onProblem(problems)
  }
  const files = await openFolder(clock, { folder, resources, beside, onProblem: (problems) => report(problems) })
  report = onProblem
  return files
}

async function admitAll(files: ResourceStore, { folder, onRefusal }: LocalStoreOptions): Promise<ResourceStore> {
  const refusals: Refusal[] = []
  let report = (refusal: Refusal): unknown => refusals.push(refusal)
  const checks = {
    ModelConnection: await readCheck('modelconnections'),
    InferencePolicy: await readCheck('inferencepolicies'),
  }
  const store = withAdmission(files, { checks, onRefusal: (refusal) => report(refusal) })
  await store.list(modelConnections)
  await store.list(inferencePolicies)
  await assertAdmitted(folder, refusals)
  report = onRefusal
  return store
}

async function readCheck(name: string): Promise<CheckObject> {
  return compileCrd(await readFile(new URL(`../../crds/${name}.yaml`, import.meta.url), 'utf8'))
}

async function placeSettings(store: ResourceStore, { folder, development }: LocalStoreOptions): Promise<void> {
  const ref = { namespace: development.namespace, name: settingsName }
  const settings = await store.get(configMaps, ref)
  if (settings === undefined) await store.create(configMaps, toFirstSettings(development))
  else await assertSettings(folder, settings)
}

/** The endpoint that makes this gateway one that serves, so that the operator counts its acknowledgements. */
async function placeGateway(store: ResourceStore, { namespace }: Development): Promise<void> {
  const { podName, service } = localGateway
  const labels = { 'kubernetes.io/service-name': service }
  const targetRef = { kind: 'Pod', namespace, name: podName }
  const slice = {
    metadata: { namespace, name: `${service}-${podName}`, labels },
    addressType: 'IPv4',
    endpoints: [{ addresses: [loopback], conditions: { ready: true }, targetRef }],
  }
  await store.apply(endpointSlices, slice, { fieldManager })
}
