// Clusters whose processes are not ours: one that a kubeconfig names, when that is explicitly allowed, or one that kind makes in
// Docker and that goes away at the end. Users are certified by the cluster's own API there.
import { KubeConfig } from '@kubernetes/client-node'
import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { findKubectl } from './binary.ts'
import { openCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { startControlPlane } from './control-plane.ts'
import type { ControlPlaneOptions } from './control-plane.ts'
import { makeOwnedFolder } from './leftovers.ts'
import { runCommand, runOrThrow } from './run-command.ts'
import { cacheFolder, parseSource } from './source.ts'

export interface StartedCluster extends Cluster, AsyncDisposable {}

export type StartOptions = Pick<ControlPlaneOptions, 'env' | 'log'>

const kindTimeoutMs = 600_000

/** The cluster that a whole test run shares, from wherever the environment says. */
export async function startCluster(options: StartOptions): Promise<StartedCluster> {
  const source = parseSource(options.env)
  switch (source.kind) {
    case 'kubeconfig':
      return await openExisting(options, source.kubeconfig)
    case 'kind':
      return await startKind(options)
    case 'assets':
    case 'built':
      return await startControlPlane(options)
  }
}

async function openExisting({ env, log }: StartOptions, kubeconfig: string): Promise<StartedCluster> {
  const { server, authorityPem } = await readEndpoint(kubeconfig)
  log(`using the cluster at ${server}, as PORTCULLIS_TEST_KUBECONFIG_ALLOWED says it may be`)
  const kubectl = await findKubectl(env)
  const folder = await makeOwnedFolder(path.join(cacheFolder(env), 'clusters'))
  return {
    ...openCluster({ server, authorityPem, folder, adminKubeconfig: kubeconfig, kubectl, authority: undefined }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

async function startKind(options: StartOptions): Promise<StartedCluster> {
  const docker = await runCommand('docker', ['info'], { timeoutMs: 20_000 }).catch(() => undefined)
  if (docker?.exitCode !== 0) {
    throw new Error(
      'PORTCULLIS_TEST_CLUSTER=kind needs Docker, and `docker info` does not answer. Start Docker, or unset the variable.',
    )
  }
  await using undo = new AsyncDisposableStack()
  const folder = await makeOwnedFolder(path.join(cacheFolder(options.env), 'clusters'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const kubeconfig = path.join(folder, 'admin.kubeconfig')
  const name = `portcullis-${randomBytes(4).toString('hex')}`
  undo.defer(async () => void (await runCommand('kind', ['delete', 'cluster', '--name', name], { timeoutMs: 60_000 })))
  options.log(`kind creates the cluster ${name}`)
  const create = ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--wait', '120s']
  await runOrThrow('kind', create, { timeoutMs: kindTimeoutMs })
  const cluster = undo.use(await openExisting(options, kubeconfig))
  const end = undo.move()
  return { ...cluster, [Symbol.asyncDispose]: () => end.disposeAsync() }
}

/** Where the cluster of a kubeconfig is, and the authority that vouches for it. */
export async function readEndpoint(kubeconfig: string): Promise<{ server: string; authorityPem: string }> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error(`${kubeconfig} has no current context with a cluster`)
  if (cluster.caData) return { server: cluster.server, authorityPem: Buffer.from(cluster.caData, 'base64').toString() }
  if (cluster.caFile) return { server: cluster.server, authorityPem: await readFile(cluster.caFile, 'utf8') }
  throw new Error(
    `${kubeconfig} names no certificate authority for ${cluster.server}; the tests do not talk to it unverified`,
  )
}
