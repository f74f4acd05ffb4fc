// The product as processes against a test cluster: config/ is applied as it is, and each process gets what its Deployment would
// give it (a pod with its ServiceAccount's token bound to it, mounts, the variables of its template). What a cluster without nodes
// cannot give comes from processes-kubelet.ts and processes-preload.ts.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Child } from './processes-child.ts'
import type { Tenant } from './processes-kubelet.ts'
import type { Cluster } from './cluster.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { findPorts } from './ports.ts'

export interface Installation {
  readonly cluster: Cluster
  /** Private to the user: kubeconfigs, mounts, logs. */
  readonly folder: string
  /** Lines `address name`: what the cluster's DNS would say. */
  readonly namesFile: string
}

export interface LaunchOptions {
  /** Of the pod and of the process. */
  readonly name: string
  /** Another address of the API server, such as a proxy in front of it. */
  readonly server?: string
  /** Another tree of sources: another version of the product. */
  readonly root?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface GatewayProcess extends Tenant {
  readonly child: Child
  readonly origin: string
  readonly recordsFile: string
}

export interface OperatorProcess {
  readonly child: Child
  readonly adminOrigin: string
}

export const productNamespace = 'portcullis'
const repository = path.resolve(import.meta.dirname, '..', '..')

/** Exactly `kubectl apply --server-side -k config/default`, and its kinds served. */
export async function installProduct(cluster: Cluster, folder: string): Promise<Installation> {
  await kubectlOrThrow(cluster, ['apply', '--server-side', '-k', path.join(repository, 'config', 'default')])
  const crds = ['modelconnections', 'inferencepolicies', 'approvalrequests'].map((kind) => `crd/${kind}.portcullis.dev`)
  await kubectlOrThrow(cluster, ['wait', '--for=condition=Established', '--timeout=30s', ...crds])
  for (const name of ['identities', 'logs', 'mounts', 'state']) {
    await mkdir(path.join(folder, name), { recursive: true, mode: 0o700 })
  }
  const namesFile = path.join(folder, 'names')
  await writeFile(namesFile, '')
  return { cluster, folder, namesFile }
}

/** Made, not started: `child.start()`. */
export async function makeOperator(installation: Installation, options: LaunchOptions): Promise<OperatorProcess> {
  const [adminPort = 0] = await findPorts(1)
  const { kubeconfig } = await makeIdentity(installation, 'operator', options)
  const child = makeChild(installation, options, {
    main: path.join('operator', 'main.ts'),
    environment: {
      PORTCULLIS_KUBECONFIG: kubeconfig,
      PORTCULLIS_NAMESPACE: productNamespace,
      PORTCULLIS_POD_NAME: options.name,
      PORTCULLIS_ADMIN_HOST: '127.0.0.1',
      PORTCULLIS_ADMIN_PORT: String(adminPort),
      PORTCULLIS_ALLOW_LOOPBACK: 'yes',
      PORTCULLIS_DRAIN_SECONDS: '5',
    },
  })
  return { child, adminOrigin: `http://127.0.0.1:${adminPort}` }
}

/** Made, not started: the kubelet admits it first. The port stays the same at every start, as in a pod. */
export async function makeGateway(installation: Installation, options: LaunchOptions): Promise<GatewayProcess> {
  const { folder } = installation
  const [port = 0, adminPort = 0] = await findPorts(2)
  const { kubeconfig, pod } = await makeIdentity(installation, 'gateway', options)
  const bundleFolder = path.join(folder, 'mounts', options.name, 'bundle')
  const credentialsFolder = path.join(folder, 'mounts', options.name, 'credentials')
  const stateFolder = path.join(folder, 'state', options.name)
  const recordsFile = path.join(stateFolder, 'records.jsonl')
  await mkdir(stateFolder, { recursive: true })
  const child = makeChild(installation, options, {
    main: path.join('gateway', 'main.ts'),
    environment: {
      PORTCULLIS_KUBECONFIG: kubeconfig,
      PORTCULLIS_NAMESPACE: productNamespace,
      PORTCULLIS_POD_NAME: pod.name,
      PORTCULLIS_POD_UID: pod.uid,
      PORTCULLIS_HOST: '127.0.0.1',
      PORTCULLIS_PORT: String(port),
      PORTCULLIS_ADMIN_HOST: '127.0.0.1',
      PORTCULLIS_ADMIN_PORT: String(adminPort),
      PORTCULLIS_BUNDLE_FOLDER: bundleFolder,
      PORTCULLIS_CREDENTIALS_FOLDER: credentialsFolder,
      PORTCULLIS_STATE_FOLDER: stateFolder,
      PORTCULLIS_RECORDS: recordsFile,
      PORTCULLIS_ALLOW_LOOPBACK: 'yes',
      PORTCULLIS_DRAIN_SECONDS: '5',
    },
  })
  const [origin, adminOrigin] = [port, adminPort].map((one) => `http://127.0.0.1:${one}`)
  return {
    child,
    pod,
    port,
    bundleFolder,
    credentialsFolder,
    recordsFile,
    origin: origin ?? '',
    adminOrigin: adminOrigin ?? '',
  }
}

export async function kubectlOrThrow(
  cluster: Cluster,
  args: readonly string[],
  options: Parameters<Cluster['kubectl']>[1] = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args, options)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed:\n${stderr.trim()}`)
  return stdout
}

interface Entry {
  readonly main: string
  readonly environment: Readonly<Record<string, string>>
}

function makeChild({ folder, namesFile }: Installation, options: LaunchOptions, { main, environment }: Entry): Child {
  const { name, root = repository } = options
  return new Child({
    name,
    main: path.join(root, main),
    logFile: path.join(folder, 'logs', `${name}.log`),
    environment: { HOME: folder, PORTCULLIS_TEST_NAMES: namesFile, ...environment, ...options.environment },
  })
}

interface Identity {
  readonly pod: Tenant['pod']
  readonly kubeconfig: string
}

/** A pod as the Deployment would make it, and a token as the kubelet would mount it. */
async function makeIdentity(
  { cluster, folder }: Installation,
  role: 'operator' | 'gateway',
  { name, server = cluster.address.server }: LaunchOptions,
): Promise<Identity> {
  const labels = {
    'app.kubernetes.io/name': 'portcullis',
    'app.kubernetes.io/component': role,
    'app.kubernetes.io/part-of': 'portcullis',
  }
  const pod = await cluster.createPod(productNamespace, name, { serviceAccount: role, labels })
  const token = await cluster.serviceAccountToken(productNamespace, role, {
    pod,
    expirationSeconds: 24 * 3600,
  })
  const kubeconfig = path.join(folder, 'identities', `${name}.kubeconfig`)
  await writeKubeconfig(kubeconfig, {
    server,
    authorityPem: cluster.address.authorityPem,
    user: `system:serviceaccount:${productNamespace}:${role}`,
    credential: { kind: 'token', token },
  })
  return { pod, kubeconfig }
}
