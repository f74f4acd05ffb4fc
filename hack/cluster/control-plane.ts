// A Kubernetes control plane of a test's own: etcd, API server and controller manager as child processes on loopback ports, to
// stop, kill and start again at will. Several run side by side; none outlives the process that started it.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { findBinaries } from './binary.ts'
import type { Binaries } from './binary.ts'
import { openCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { apiserverArgs, controllerManagerArgs, etcdArgs, serverUrl } from './flags.ts'
import type { Ports } from './flags.ts'
import { makeOwnedFolder, reapAbandoned } from './leftovers.ts'
import { Parts } from './parts.ts'
import type { PartName, PartsOptions } from './parts.ts'
import { findPorts } from './ports.ts'
import { claimFolder, prepare } from './preparation.ts'
import type { Prepared } from './preparation.ts'
import { cacheFolder } from './source.ts'
import type { Environment } from './source.ts'

export interface ControlPlaneOptions {
  readonly env: Environment
  readonly log: (line: string) => void
  /** Kept afterwards, with the logs. By default a folder of its own that is removed at the end. */
  readonly stateFolder?: string
}

export interface ControlPlane extends Cluster, AsyncDisposable {
  /** Politely: the API server finishes what it does. It comes back on the same port with the same data. */
  stopApiserver(): Promise<void>
  /** Resolves when it serves again. */
  startApiserver(): Promise<void>
  /** SIGTERM for any part. */
  stop(part: PartName): Promise<void>
  /** SIGKILL for any part. */
  kill(part: PartName): Promise<void>
  /** Any part again; resolves when the API server serves, unless that one is down itself. */
  start(part: PartName): Promise<void>
}

/** How often a start is repeated because somebody took a port between finding and using it. */
const attempts = 3

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { env, log, stateFolder } = options
  const binaries = await findBinaries(options)
  const root = path.join(cacheFolder(env), 'clusters')
  for (const abandoned of await reapAbandoned(root)) log(`removed ${abandoned}, left behind by an interrupted run`)
  const folder = stateFolder === undefined ? await makeOwnedFolder(root) : path.resolve(stateFolder)
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(binaries, { folder, keep: stateFolder !== undefined })
    } catch (error) {
      const lostPort = Error.isError(error) && error.message.includes('address already in use')
      if (!lostPort || attempt === attempts) throw error
      log('somebody else took a port of the control plane; trying with others')
    }
  }
}

interface Place {
  readonly folder: string
  readonly keep: boolean
}

async function launch(binaries: Binaries, { folder, keep }: Place): Promise<ControlPlane> {
  await claimFolder(folder)
  const [apiserver = 0, etcd = 0, etcdPeer = 0] = await findPorts(3)
  const ports: Ports = { apiserver, etcd, etcdPeer }
  const server = serverUrl(ports)
  const files = await prepare(folder, ports)
  const { authority, authorityPem, adminKubeconfig } = files
  const parts = new Parts({ folder, server, authorityPem, commands: toCommands(binaries, files, ports) })
  try {
    parts.spawn('etcd')
    parts.spawn('apiserver')
    await parts.serving()
    if (parts.has('controller-manager')) parts.spawn('controller-manager')
  } catch (error) {
    await parts.killAll()
    throw error
  }
  const cluster = openCluster({ server, authorityPem, folder, adminKubeconfig, kubectl: binaries.kubectl, authority })
  return { ...cluster, ...toControls(parts), [Symbol.asyncDispose]: () => end(parts, { folder, keep }) }
}

function toCommands(binaries: Binaries, files: Prepared, ports: Ports): PartsOptions['commands'] {
  const manager = binaries.controllerManager
  return {
    etcd: { command: binaries.etcd, args: etcdArgs(files, ports) },
    apiserver: { command: binaries.apiserver, args: apiserverArgs(files, ports) },
    ...(manager && { 'controller-manager': { command: manager, args: controllerManagerArgs(files) } }),
  }
}

function toControls(parts: Parts): Omit<ControlPlane, keyof Cluster | typeof Symbol.asyncDispose> {
  const start = async (part: PartName): Promise<void> => {
    parts.spawn(part)
    if (parts.runs('apiserver') && parts.runs('etcd')) await parts.serving()
  }
  return {
    start,
    stop: (part) => parts.stop(part),
    kill: (part) => parts.kill(part),
    startApiserver: () => start('apiserver'),
    stopApiserver: () => parts.stop('apiserver'),
  }
}

async function end(parts: Parts, { folder, keep }: Place): Promise<void> {
  // Nothing of a folder that goes away is worth a polite end.
  await (keep ? parts.stopAll() : parts.killAll())
  if (!keep) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
