// The operator as a process: settings from the environment, signals, exit codes. Everything else is built in build.ts.
import { once } from 'node:events'
import process from 'node:process'
import { pino } from 'pino'
import { Registry, collectDefaultMetrics } from 'prom-client'
import { connectKube } from '../kube/client.ts'
import { systemClock } from '../kube/clock.ts'
import { makeKubernetesStore } from '../kube/store-kubernetes.ts'
import { makeKubeMetrics, toErrorFields } from '../kube/telemetry.ts'
import { buildAdminServer } from './admin.ts'
import { buildOperator } from './build.ts'
import type { Config } from './config.ts'
import { parseConfig } from './config.ts'
import { OperatorError } from './errors.ts'
import { checkAlive, checkReady, measureLoopLag } from './runtime/health.ts'
import { toSafeLog } from './telemetry.ts'

const parsed = parseConfig(process.env)
if ('mistakes' in parsed) {
  process.stderr.write(`the operator cannot start:\n${parsed.mistakes.map((mistake) => `  ${mistake}\n`).join('')}`)
  process.exit(2)
}
process.exitCode = await run(parsed.config)

async function run(config: Config): Promise<number> {
  const pinoLog = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const log = toSafeLog(pinoLog)
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  process.on('unhandledRejection', (reason) => {
    log.error(toErrorFields(reason), 'a failure that nobody handled: exiting')
    process.exit(1)
  })
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const kubeMetrics = makeKubeMetrics(registry)
  const { kubeconfig, leaseMs } = config
  await using kube = connectKube({
    metrics: kubeMetrics,
    rate: { perSecond: 100, burst: 200 },
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  })
  const store = makeKubernetesStore(kube.transport)
  const operator = buildOperator(
    { store, clock: systemClock, random: Math.random, log, registry, kubeMetrics },
    { ...config, election: { leaseMs }, hasApiServer: true },
  )
  using lag = measureLoopLag()
  const health = { ...operator.health, loopLagMs: () => lag.readMs() }
  const admin = buildAdminServer({
    registry,
    checkAlive: () => checkAlive(health),
    checkReady: () => checkReady(health),
  })
  try {
    admin.listen(config.adminPort, config.adminHost)
    await once(admin, 'listening').catch((cause: unknown) => {
      throw new OperatorError('cannot_listen', { cause })
    })
    log.info({ adminAddress: admin.address(), namespace: config.namespace }, 'operator started')
    const ending = await operator.start(stop.signal)
    log.info({ ending }, 'operator ended')
    return ending === 'lost' ? 1 : 0
  } catch (error) {
    log.error(
      { reason: error instanceof OperatorError ? error.message : undefined, ...toErrorFields(error) },
      'the operator cannot run',
    )
    return 1
  } finally {
    admin.close()
    admin.closeAllConnections()
  }
}
