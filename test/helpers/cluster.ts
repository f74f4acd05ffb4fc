// How a test gets at a real Kubernetes: the cluster its run shares, a namespace of its own in it, or, for a test that takes the
// API server away, a whole control plane of its own.
//
//   const cluster = sharedCluster()
//   await using namespace = await makeNamespace(cluster)
//   const alice = await cluster.user('alice@corp', ['team-a'])
//   await cluster.kubectl(['apply', '-n', namespace.name, '-f', '-'], { user: alice, stdin: yaml })
//   await eventually(() => isProgrammed(namespace.name), { message: 'the policy to be Programmed' })
import { CoreV1Api } from '@kubernetes/client-node'
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { inject } from 'vitest'
import { openCluster } from '../../hack/cluster/cluster.ts'
import type { Cluster } from '../../hack/cluster/cluster.ts'
import { startControlPlane } from '../../hack/cluster/control-plane.ts'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import { eventually as waitFor } from '../../hack/cluster/eventually.ts'

export interface Namespace extends AsyncDisposable {
  readonly name: string
}

/** The cluster of this run. Other tests use it as well: leave nothing cluster-wide behind, and its API server running. */
export function sharedCluster(): Cluster {
  return openCluster(inject('cluster'))
}

/** Seconds to start and some 600 MB: for tests that stop, kill or restart parts of it. */
export async function makeControlPlane(log: (line: string) => void = () => {}): Promise<ControlPlane> {
  // oxlint-disable-next-line node/no-process-env -- says where the programs are; the runner hands tests no environment
  return await startControlPlane({ env: process.env, log })
}

/** A new namespace with an unused name, deleted (without waiting for it) at the end of the test. */
export async function makeNamespace(
  cluster: Cluster,
  options: { readonly prefix?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): Promise<Namespace> {
  const name = `${options.prefix ?? 'test'}-${randomBytes(4).toString('hex')}`
  await cluster.createNamespace(name, options.labels)
  return {
    name,
    async [Symbol.asyncDispose]() {
      await cluster.client().makeApiClient(CoreV1Api).deleteNamespace({ name })
    },
  }
}

/** Waits for a condition that may also throw; the failure says what was waited for and what was wrong last. */
export const eventually: typeof waitFor = waitFor
