// Starts the one cluster that all tests of a run share, before the first of them, and tells the tests where it is.
import process from 'node:process'
import type { TestProject } from 'vitest/node'
import type { ClusterAddress } from '../../hack/cluster/cluster.ts'
import { startCluster } from '../../hack/cluster/existing.ts'
import type { StartedCluster } from '../../hack/cluster/existing.ts'

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterAddress
  }
}

let cluster: StartedCluster | undefined

export async function setup(project: TestProject): Promise<void> {
  // oxlint-disable-next-line node/no-process-env -- a global set-up is an entry point: nobody could hand it the environment
  const env = process.env
  cluster = await startCluster({ env, log: (line) => process.stderr.write(`cluster: ${line}\n`) })
  project.provide('cluster', cluster.address)
}

export async function teardown(): Promise<void> {
  await cluster?.[Symbol.asyncDispose]()
}
