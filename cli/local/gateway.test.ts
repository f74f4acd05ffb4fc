// Operator and gateway over one store in memory, as without a cluster: what the operator keeps in Secrets reaches the gateway.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { buildGateway } from '../../gateway/build.ts'
import { systemClock } from '../../kube/clock.ts'
import { makeKubeMetrics } from '../../kube/telemetry.ts'
import { buildOperator } from '../../operator/build.ts'
import { buildFollower, toLocalConfig } from './gateway.ts'
import { openLocalStore } from './store.ts'

const namespace = 'portcullis'
const issuer = { name: 'development', issuer: 'http://127.0.0.1:1', audiences: ['portcullis'] }
const connection = `
apiVersion: portcullis.dev/v1alpha1
kind: ModelConnection
metadata: {name: chat, namespace: team-a}
spec:
  mode: Active
  protocol: OpenAI
  endpoints: [{name: main, url: https://api.example.com/v1}]
`

describe('the local gateway', () => {
  it('has a tenant key for each namespace with a connection, made anew at every start', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-local-'))
    await writeFile(path.join(folder, 'chat.yaml'), connection)
    const [first, second] = [await runOnce(folder), await runOnce(folder)]
    expect(first).toHaveLength(32)
    expect(second).toHaveLength(32)
    expect(second).not.toEqual(first)
    await rm(folder, { recursive: true })
  })
})

function ignore(): void {}

/** The key of team-a once the gateway is ready. */
async function runOnce(folder: string): Promise<Uint8Array | undefined> {
  const clock = systemClock
  const development = { namespace, issuer, mockOrigin: 'http://127.0.0.1:2' }
  const { store, follow } = await openLocalStore(clock, { folder, development, onProblem: ignore, onRefusal: ignore })
  const registry = new Registry()
  const kubeMetrics = makeKubeMetrics(registry)
  const parts = { clock, random: Math.random, log: pino({ level: 'silent' }), registry, store, kubeMetrics }
  const gateway = buildGateway({ ...parts, config: toLocalConfig(0) })
  const follower = buildFollower({ feed: { ...parts, metrics: kubeMetrics }, store, gateway, namespace })
  const operator = buildOperator(parts, {
    namespace,
    podName: 'standalone',
    serviceAccount: 'operator',
    gatewayService: 'portcullis-gateway',
    clusterDomain: 'cluster.local',
    allowLoopback: true,
    drainMs: 1_000,
    hasApiServer: false,
  })
  const life = new AbortController()
  const running = [follow, follower.start, operator.start].map(async (run) => run(life.signal))
  await expect.poll(() => follower.isReady() && gateway.tenantKeys.get('team-a') !== undefined).toBe(true)
  const key = gateway.tenantKeys.get('team-a')
  life.abort()
  await Promise.all(running)
  return key
}
