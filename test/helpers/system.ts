// The whole product on a real API server: config/ applied as it is, operator and gateways as real processes with the identities
// their Deployments would give them, a real identity provider in front and a model server behind.
//
//   await using system = await startSystem({ cluster, replicas: 3 })
//   await system.apply(makePolicyYaml(...), { user: alice })
//   await system.waitProgrammed(inferencePolicies, 'team-a', 'chat')
//   expect((await system.call(0)).status).toBe(200)
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { readMounted } from '../../gateway/bundle/mounted.ts'
import type { Cluster } from '../../hack/cluster/cluster.ts'
import { eventually } from '../../hack/cluster/eventually.ts'
import type { GatewayProcess, Installation, LaunchOptions, OperatorProcess } from '../../hack/cluster/processes.ts'
import {
  installProduct,
  kubectlOrThrow,
  makeGateway,
  makeOperator,
  productNamespace,
} from '../../hack/cluster/processes.ts'
import { Kubelet } from '../../hack/cluster/processes-kubelet.ts'
import { connectKube } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Resource } from '../../kube/resource.ts'
import { configMaps } from '../../kube/resource.ts'
import { makeKubernetesStore } from '../../kube/store-kubernetes.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { InferencePolicy, ModelConnection } from '../../operator/objects.ts'
import { toRevisionText } from '../../policy/bundle.ts'
import type { Settings } from '../../policy/settings.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { startIdentityProvider } from './identity-provider.ts'
import type { SystemModel } from './system-model.ts'
import { startSystemModel } from './system-model.ts'

export interface SystemOptions {
  readonly cluster: Cluster
  readonly replicas?: number
  /** For every operator: three seconds of lease by default, so that a lost leader costs a test seconds. */
  readonly operatorEnvironment?: Readonly<Record<string, string>>
  /** Address of the API server as the processes see it, where a proxy stands in between. */
  readonly server?: string
}

export interface CallOptions {
  /** `namespace/name`; `team-a/chat` by default. */
  readonly connection?: string
  readonly prompt?: string
  readonly model?: string
  /** Alice's of group `research` by default. */
  readonly token?: string
}

export interface Reply {
  readonly status: number
  /** `epoch.n-digest`. */
  readonly revision: string
  readonly code: string | undefined
  readonly message: string | undefined
}

type Ours = InferencePolicy | ModelConnection

export interface System extends AsyncDisposable {
  readonly cluster: Cluster
  readonly installation: Installation
  readonly kubelet: Kubelet
  readonly idp: IdentityProvider
  readonly model: SystemModel
  /** As the cluster's administrator. */
  readonly store: ResourceStore
  readonly operator: OperatorProcess
  readonly gateways: readonly GatewayProcess[]
  /** Alice's, of group `research`. */
  readonly token: string
  startOperator(name: string, options?: Partial<LaunchOptions>): Promise<OperatorProcess>
  /** Resolves when it runs; ready or not. */
  startGateway(name: string, options?: Partial<LaunchOptions>): Promise<GatewayProcess>
  removeGateway(gateway: GatewayProcess): Promise<void>
  /** As an administrator unless `user` says otherwise; throws with kubectl's words. */
  apply(objects: string | readonly object[], options?: { readonly user?: string }): Promise<string>
  publishSettings(settings: Partial<Settings>): Promise<void>
  call(gateway: number | GatewayProcess, options?: CallOptions): Promise<Reply>
  waitStatus<T extends Ours>(resource: Resource<T>, id: string, accept: (object: T) => boolean): Promise<T>
  /** Of the present generation, by all serving replicas. */
  waitProgrammed<T extends Ours>(resource: Resource<T>, id: string): Promise<T>
  /** What the cluster's DNS says from now on. */
  setNames(names: Readonly<Record<string, string>>): Promise<void>
  /** Of the bundle that the kubelet has mounted for this gateway, as replies name it. */
  mountedRevision(gateway: GatewayProcess): Promise<string>
  until(condition: () => unknown, message: string, timeoutMs?: number): Promise<void>
}

const convergeMs = 45_000

export async function startSystem(options: SystemOptions): Promise<System> {
  await using parts = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-system-'))
  parts.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const installation = await installProduct(options.cluster, folder)
  const idp = parts.use(await startIdentityProvider({ clock: systemClock }))
  const model = parts.use(await startSystemModel())
  const kube = parts.use(connectKube({ kubeconfig: options.cluster.address.adminKubeconfig }))
  const kubelet = parts.use(new Kubelet(options.cluster))
  const store = makeKubernetesStore(kube.transport)
  const token = await idp.sign({ sub: 'alice', groups: ['research'] })
  const children = parts.use(new AsyncDisposableStack())
  const shop: Workshop = {
    options,
    installation,
    kubelet,
    idp,
    model,
    store,
    token,
    children,
    operators: [],
    gateways: [],
  }
  await publishSettings(shop, {})
  const replicas = Array.from({ length: options.replicas ?? 3 }, (_, index) => `gateway-${index}`)
  const [operator] = await Promise.all([
    startOperator(shop, 'operator-0'),
    ...replicas.map(async (name) => startGateway(shop, name)),
  ])
  // By name, so that `gateways[1]` is gateway-1 whoever came first.
  shop.gateways.sort((one, other) => one.pod.name.localeCompare(other.pod.name))
  kubelet.start()
  await until(shop, () => shop.gateways.every(({ pod }) => kubelet.isReady(pod)), {
    message: 'all gateways to be ready',
  })
  const owned = parts.move()
  return { ...toSystem(shop, operator), [Symbol.asyncDispose]: async () => owned.disposeAsync() }
}

interface Workshop {
  readonly options: SystemOptions
  readonly installation: Installation
  readonly kubelet: Kubelet
  readonly idp: IdentityProvider
  readonly model: SystemModel
  readonly store: ResourceStore
  readonly token: string
  /** Ends whatever was started, also later. */
  readonly children: AsyncDisposableStack
  readonly operators: OperatorProcess[]
  readonly gateways: GatewayProcess[]
}

function toSystem(shop: Workshop, operator: OperatorProcess): Omit<System, typeof Symbol.asyncDispose> {
  const { installation, kubelet, idp, model, store, token } = shop
  const { cluster } = installation
  const waitStatus: System['waitStatus'] = async (resource, id, accept) => waitObject(shop, { resource, id, accept })
  return {
    cluster,
    installation,
    kubelet,
    idp,
    model,
    store,
    token,
    operator,
    gateways: shop.gateways,
    startOperator: async (name, more) => startOperator(shop, name, more),
    startGateway: async (name, more) => startGateway(shop, name, more),
    removeGateway: async (gateway) => removeGateway(shop, gateway),
    apply: async (objects, { user } = {}) => {
      // As JSON: in the YAML that kubectl reads, a message `no` would be a boolean.
      const stdin = typeof objects === 'string' ? objects : objects.map((one) => JSON.stringify(one)).join('\n---\n')
      const apply = ['apply', '--server-side', '--field-manager=test', '-f', '-']
      return kubectlOrThrow(cluster, apply, { stdin, ...(user === undefined ? {} : { user }) })
    },
    publishSettings: async (settings) => publishSettings(shop, settings),
    call: async (gateway, call) => {
      const found = typeof gateway === 'number' ? shop.gateways[gateway] : gateway
      if (found === undefined) throw new Error('there is no such gateway')
      return callGateway(found, { token, ...call })
    },
    waitStatus,
    waitProgrammed: async (resource, id) => waitStatus(resource, id, isProgrammed),
    setNames: async (names) => {
      const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`)
      await writeFile(installation.namesFile, lines.join(''))
    },
    mountedRevision: async ({ bundleFolder }) => {
      const mounted = await readMounted(bundleFolder)
      return 'offer' in mounted ? toRevisionText(mounted.offer.revision) : ''
    },
    until: async (condition, message, timeoutMs) =>
      until(shop, condition, timeoutMs === undefined ? { message } : { message, timeoutMs }),
  }
}

async function startOperator(
  shop: Workshop,
  name: string,
  more: Partial<LaunchOptions> = {},
): Promise<OperatorProcess> {
  const { operatorEnvironment, server } = shop.options
  const operator = await makeOperator(shop.installation, {
    name,
    ...(server === undefined ? {} : { server }),
    ...more,
    environment: { PORTCULLIS_LEASE_SECONDS: '3', ...operatorEnvironment, ...more.environment },
  })
  shop.children.use(operator.child)
  shop.operators.push(operator)
  operator.child.start()
  return operator
}

async function startGateway(shop: Workshop, name: string, more: Partial<LaunchOptions> = {}): Promise<GatewayProcess> {
  const { server } = shop.options
  const gateway = await makeGateway(shop.installation, { name, ...(server === undefined ? {} : { server }), ...more })
  shop.children.use(gateway.child)
  shop.gateways.push(gateway)
  await shop.kubelet.admit(gateway)
  gateway.child.start()
  return gateway
}

async function removeGateway(shop: Workshop, gateway: GatewayProcess): Promise<void> {
  shop.kubelet.evict(gateway.pod)
  await gateway.child.kill9()
  shop.gateways.splice(shop.gateways.indexOf(gateway), 1)
  const { name } = gateway.pod
  await kubectlOrThrow(shop.options.cluster, ['delete', 'pod', name, '-n', productNamespace, '--now', '--wait=false'])
}

/** Laid over one issuer, the test's identity provider. */
async function publishSettings({ store, idp }: Workshop, settings: Partial<Settings>): Promise<void> {
  const issuers = [{ name: 'test', issuer: idp.issuer, audiences: ['models'], preset: 'Generic' as const }]
  const text = stringify({ issuers, grants: [], ...settings })
  const metadata = { namespace: productNamespace, name: 'portcullis-settings' }
  await store.apply(
    configMaps,
    { metadata, data: { 'settings.yaml': text } },
    { fieldManager: 'platform', force: true },
  )
}

async function callGateway(gateway: GatewayProcess, call: CallOptions): Promise<Reply> {
  const { connection = 'team-a/chat', prompt = 'hello', model = 'small', token } = call
  const reply = await fetch(`${gateway.origin}/${connection}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token ?? ''}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
    signal: AbortSignal.timeout(10_000),
  })
  const body: { error?: { code?: string; message?: string } } = JSON.parse(await reply.text())
  return {
    status: reply.status,
    revision: reply.headers.get('x-portcullis-revision') ?? '',
    code: body.error?.code,
    message: body.error?.message,
  }
}

export function isProgrammed({ metadata, status }: Ours): boolean {
  const programmed = status?.conditions?.find(({ type }) => type === 'Programmed')
  return status?.observedGeneration === metadata.generation && programmed?.status === 'True'
}

/** Type to status, all of them. */
export function toConditions({ status }: Ours): Readonly<Record<string, string>> {
  return Object.fromEntries((status?.conditions ?? []).map((condition) => [condition.type, condition.status]))
}

interface Wanted<T extends Ours> {
  readonly resource: Resource<T>
  readonly id: string
  readonly accept: (object: T) => boolean
}

async function waitObject<T extends Ours>(shop: Workshop, { resource, id, accept }: Wanted<T>): Promise<T> {
  const [namespace = '', name = ''] = id.split('/')
  let last: T | undefined
  await until(
    shop,
    async () => {
      last = await shop.store.get(resource, { namespace, name })
      return last !== undefined && accept(last)
    },
    {
      message: `the status of ${resource.kind} ${id}`,
      more: () => `${JSON.stringify(last?.status, undefined, 2)}\n`,
    },
  )
  if (last === undefined) throw new Error(`${resource.kind} ${id} is gone`)
  return last
}

interface Patience {
  readonly message: string
  readonly timeoutMs?: number
  /** For the reader of a failure, before the logs. */
  readonly more?: () => string
}

async function until(shop: Workshop, condition: () => unknown, patience: Patience): Promise<void> {
  const { message, timeoutMs = convergeMs, more = () => '' } = patience
  const explain = async (): Promise<string> => {
    // Of a hundred operators that were killed the last ones are news.
    const said = [...shop.operators.slice(-3), ...shop.gateways].map(async ({ child }) => child.explain())
    return more() + (await Promise.all(said)).join('\n')
  }
  const isMet = async (): Promise<boolean> => Boolean(await condition())
  await eventually(isMet, { message, timeoutMs, intervalMs: 50, explain })
}
