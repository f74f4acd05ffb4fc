// A control plane with exactly config/default applied, operators as processes, and fake gateways: pods that no node runs, whose
// bound tokens write acks as a gateway would.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import type { InferencePolicyStatus } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionStatus } from '../../crds/generated/model-connection.ts'
import type { Cluster } from '../../hack/cluster/cluster.ts'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import type { PodReference } from '../../hack/cluster/identities.ts'
import { eventually, makeControlPlane } from '../helpers/cluster.ts'

export const platform = 'portcullis'
const root = path.join(import.meta.dirname, '..', '..')

export async function install(): Promise<ControlPlane> {
  const cluster = await makeControlPlane()
  try {
    await applyProduct(cluster)
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw error
  }
  return cluster
}

async function applyProduct(cluster: ControlPlane): Promise<void> {
  // Custom kinds are served a moment after their definitions are stored; nothing in the tree is one of them.
  await must(cluster, ['apply', '--server-side', '-k', path.join(root, 'config', 'default')])
  await must(cluster, [
    'wait',
    '--for=condition=Established',
    '--timeout=30s',
    'crd',
    '-l',
    'app.kubernetes.io/part-of=portcullis',
  ])
  // No node runs their pods here; processes of the tests stand for them.
  await must(cluster, [
    'scale',
    '--replicas=0',
    '-n',
    platform,
    'deployment/portcullis-operator',
    'deployment/portcullis-gateway',
  ])
  const forged = toYaml(
    'v1',
    'ConfigMap',
    { namespace: platform, name: 'portcullis-bundle' },
    { data: { epoch: '1', sequence: '1' } },
  )
  await eventually(
    async () => /only the Portcullis operator/u.test(await refusalOf(cluster, forged, { dryRun: true })),
    {
      message: 'the admission policies to be in force',
      timeoutMs: 30_000,
    },
  )
}

export async function must(
  cluster: Cluster,
  args: readonly string[],
  options: Parameters<Cluster['kubectl']>[1] = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args, options)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

export async function apply(cluster: Cluster, yaml: string, user?: string): Promise<void> {
  await must(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], {
    stdin: yaml,
    ...(user === undefined ? {} : { user }),
  })
}

/** What the API server said against it; empty when it took it. */
export async function refusalOf(
  cluster: Cluster,
  yaml: string,
  { user, dryRun = false }: { readonly user?: string; readonly dryRun?: boolean } = {},
): Promise<string> {
  const args = ['apply', '--server-side', '--force-conflicts', ...(dryRun ? ['--dry-run=server'] : []), '-f', '-']
  const { exitCode, stderr } = await cluster.kubectl(args, { stdin: yaml, ...(user === undefined ? {} : { user }) })
  return exitCode === 0 ? '' : stderr
}

export function toYaml(apiVersion: string, kind: string, metadata: object, rest: object): string {
  return JSON.stringify({ apiVersion, kind, metadata, ...rest })
}

export interface Stored {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly generation: number
    readonly resourceVersion: string
  }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly holderIdentity?: string }
  readonly status?: ModelConnectionStatus & InferencePolicyStatus
}

export async function getJson(
  cluster: Cluster,
  resource: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Stored> {
  return JSON.parse(await must(cluster, ['get', resource, name, '-n', namespace, '-o', 'json']))
}

export interface OperatorProcess extends AsyncDisposable {
  readonly child: ChildProcess
  /** Lines of JSON. */
  readonly log: readonly string[]
  readonly kill: () => Promise<void>
}

export async function startOperator(
  cluster: Cluster,
  name = 'operator-0',
  env: Readonly<Record<string, string>> = {},
): Promise<OperatorProcess> {
  const kubeconfig = await cluster.serviceAccountKubeconfig(platform, 'operator')
  const log: string[] = []
  const child = spawn(process.execPath, [path.join(root, 'operator', 'main.ts')], {
    env: {
      PATH: '/usr/bin:/bin',
      PORTCULLIS_POD_NAME: name,
      PORTCULLIS_KUBECONFIG: kubeconfig,
      PORTCULLIS_ADMIN_HOST: '127.0.0.1',
      PORTCULLIS_ADMIN_PORT: '0',
      PORTCULLIS_LEASE_SECONDS: '3',
      PORTCULLIS_DRAIN_SECONDS: '5',
      PORTCULLIS_REFERENCE_SECONDS: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => log.push(...text.trim().split('\n')))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return { child, log, kill: async () => end('SIGKILL'), [Symbol.asyncDispose]: async () => end('SIGTERM') }
}

export interface FakeGateway {
  readonly pod: PodReference
  readonly kubeconfig: string
  /** Says that it enforces what is published now, or something else. */
  readonly ack: (annotations?: Readonly<Record<string, string>>) => Promise<void>
}

export async function makeGateways(cluster: Cluster, ...names: readonly string[]): Promise<readonly FakeGateway[]> {
  const gateways = await Promise.all(names.map(async (name) => makeGateway(cluster, name)))
  await serve(cluster, gateways)
  return gateways
}

/** Makes exactly these the endpoints of the gateway Service. */
export async function serve(cluster: Cluster, gateways: readonly FakeGateway[]): Promise<void> {
  const endpoints = gateways.map(({ pod }, i) => ({ pod, port: 20_000 + i }))
  await cluster.applyEndpointSlice({ namespace: platform, service: 'portcullis-gateway', endpoints })
}

async function makeGateway(cluster: Cluster, name: string): Promise<FakeGateway> {
  const pod = await cluster.createPod(platform, name, { serviceAccount: 'gateway' })
  const kubeconfig = await cluster.serviceAccountKubeconfig(platform, 'gateway', { pod })
  return {
    pod,
    kubeconfig,
    ack: async (annotations) => apply(cluster, toAck(pod, annotations ?? (await readAnnotations(cluster))), kubeconfig),
  }
}

async function readAnnotations(cluster: Cluster): Promise<Readonly<Record<string, string>>> {
  const { data = {} } = await getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' })
  return {
    'portcullis.dev/sequence': `${data['epoch']}.${data['sequence']}`,
    'portcullis.dev/digest': data['digest'] ?? '',
  }
}

export function toAck(
  pod: PodReference,
  annotations: Readonly<Record<string, string>> = {},
  { name = `portcullis-ack-${pod.name}`, uid = pod.uid, holder = pod.name } = {},
): string {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid, blockOwnerDeletion: false }]
  const renewTime = new Date().toISOString().replace('Z', '000Z')
  return toYaml(
    'coordination.k8s.io/v1',
    'Lease',
    { namespace: platform, name, annotations, ownerReferences },
    { spec: { holderIdentity: holder, leaseDurationSeconds: 30, renewTime } },
  )
}

export function toConnectionYaml(namespace: string, name: string, spec: object = {}): string {
  const endpoints = [{ name: 'main', url: 'https://api.example.com/v1' }]
  return toYaml(
    'portcullis.dev/v1alpha1',
    'ModelConnection',
    { namespace, name },
    { spec: { mode: 'Active', protocol: 'OpenAI', endpoints, ...spec } },
  )
}

export function toPolicyYaml(namespace: string, name: string, spec: object = {}): string {
  const rules = [{ name: 'all', phase: 'Request', action: 'Allow' }]
  return toYaml(
    'portcullis.dev/v1alpha1',
    'InferencePolicy',
    { namespace, name },
    { spec: { mode: 'Enforce', targetRefs: [{ name: 'chat' }], rules, ...spec } },
  )
}
