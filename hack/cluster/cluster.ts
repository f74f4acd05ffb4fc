// A Kubernetes cluster as tests use it, wherever it comes from: identities, namespaces, kubectl, endpoints, mounted ConfigMaps.
// It holds no process; everything it needs is in a ClusterAddress, which can be handed to another process.
import { KubeConfig, CoreV1Api } from '@kubernetes/client-node'
import path from 'node:path'
import { ignoreStatus } from './api-errors.ts'
import type { Certificate } from './certificates.ts'
import { applyEndpoints } from './endpoints.ts'
import type { EndpointsOptions } from './endpoints.ts'
import { issueToken, makePod, writeTokenKubeconfig, writeUserKubeconfig } from './identities.ts'
import type { PodOptions, PodReference, TokenOptions } from './identities.ts'
import { mountConfigMaps } from './mount.ts'
import type { ConfigMapMount, MountOptions } from './mount.ts'
import { runCommand } from './run-command.ts'
import type { CommandResult } from './run-command.ts'
import type { Command } from './source.ts'

/** Plain data: a test runner hands it from the process that started the cluster to those that run the tests. */
export interface ClusterAddress {
  readonly server: string
  readonly authorityPem: string
  /** For kubeconfig files; private to this user. */
  readonly folder: string
  readonly adminKubeconfig: string
  readonly kubectl: Command
  /** Signs client certificates, where the cluster is our own. */
  readonly authority: Certificate | undefined
}

export interface KubectlOptions {
  /** Path of a kubeconfig; the administrator's by default. */
  readonly user?: string
  readonly stdin?: string
  readonly timeoutMs?: number
}

export interface Cluster {
  readonly address: ClusterAddress
  /** Clients are made of it: `client().makeApiClient(CoreV1Api)`. Takes the path of a kubeconfig. */
  client(user?: string): KubeConfig
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandResult>
  /** Usable at once: its default ServiceAccount exists. */
  createNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>
  /** Returns the path of a kubeconfig with a client certificate for this user and these groups. */
  user(name: string, groups?: readonly string[]): Promise<string>
  serviceAccountToken(namespace: string, name: string, options?: TokenOptions): Promise<string>
  /** Returns the path of a kubeconfig with such a token. */
  serviceAccountKubeconfig(namespace: string, name: string, options?: TokenOptions): Promise<string>
  /** A Pod that no node runs: owner of Leases, target of bound tokens, stand-in for a process of the test. */
  createPod(namespace: string, name: string, options?: PodOptions): Promise<PodReference>
  /** Publishes processes of the test as the ready endpoints of a Service. */
  applyEndpointSlice(options: EndpointsOptions): Promise<void>
  /** Writes ConfigMaps into a folder as kubelet mounts them, and follows their changes until it is disposed. */
  projectConfigMaps(options: MountOptions): Promise<ConfigMapMount>
}

const kubectlTimeoutMs = 60_000

export function openCluster(address: ClusterAddress): Cluster {
  const client = (user = address.adminKubeconfig): KubeConfig => {
    const config = new KubeConfig()
    config.loadFromFile(user)
    return config
  }
  return {
    address,
    client,
    kubectl: (args, options) => kubectl(address, args, options),
    createNamespace: (name, labels) => createNamespace(client(), name, labels),
    user: (name, groups = []) => writeUserKubeconfig(address, client(), { name, groups }),
    serviceAccountToken: (namespace, name, options) => issueToken(client(), { namespace, name }, options),
    serviceAccountKubeconfig: async (namespace, name, options) => {
      const token = await issueToken(client(), { namespace, name }, options)
      return await writeTokenKubeconfig(address, `system:serviceaccount:${namespace}:${name}`, token)
    },
    createPod: (namespace, name, options) => makePod(client(), { namespace, name }, options),
    applyEndpointSlice: (options) => applyEndpoints(client(), options),
    projectConfigMaps: (options) => mountConfigMaps(client(), options),
  }
}

async function kubectl(
  address: ClusterAddress,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<CommandResult> {
  const { file, args: leading } = address.kubectl
  const own = [
    `--kubeconfig=${options.user ?? address.adminKubeconfig}`,
    `--cache-dir=${path.join(address.folder, 'kubectl')}`,
  ]
  return await runCommand(file, [...leading, ...own, ...args], {
    stdin: options.stdin,
    timeoutMs: options.timeoutMs ?? kubectlTimeoutMs,
    // No home, so that a person's kuberc, plugins and defaults stay out of the tests.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: address.folder },
  })
}

async function createNamespace(
  config: KubeConfig,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const core = config.makeApiClient(CoreV1Api)
  await core.createNamespace({ body: { metadata: { name, labels: { ...labels } } } })
  // The controller manager makes it too, some time later or never (assets of kubebuilder have none); until then no Pod is admitted.
  const account = { namespace: name, body: { metadata: { name: 'default' } } }
  await core.createNamespacedServiceAccount(account).catch(ignoreStatus(409))
}
