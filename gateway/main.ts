// The gateway as a process: settings from the environment, signals, exit codes. Everything else is built in build.ts.
import process from 'node:process'
import { pino } from 'pino'
import { Registry, collectDefaultMetrics } from 'prom-client'
import { connectKube } from '../kube/client.ts'
import { systemClock } from '../kube/clock.ts'
import { makeKubeMetrics } from '../kube/telemetry.ts'
import { buildGateway } from './build.ts'
import type { Config, KubernetesConfig } from './config.ts'
import { parseConfig } from './config.ts'
import { toCause } from './telemetry.ts'

const parsed = parseConfig(process.env)
if ('mistakes' in parsed) {
  process.stderr.write(`the gateway cannot start:\n${parsed.mistakes.map((mistake) => `  ${mistake}\n`).join('')}`)
  process.exit(2)
}
await run(parsed.config)

async function run(config: Config): Promise<void> {
  const destination = pino.destination({ fd: 1, sync: false, minLength: 4096 })
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  const flush = setInterval(() => destination.flush(), 250)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  process.on('unhandledRejection', (reason) => {
    log.fatal({ cause: toCause(reason) }, 'a failure that nobody handled: exiting')
    destination.flushSync()
    process.exit(1)
  })
  const metrics = makeKubeMetrics(registry)
  const kube = config.kubernetes && {
    client: connectKube({ ...toKubeconfig(config.kubernetes), metrics }),
    metrics,
  }
  const gateway = buildGateway({
    config,
    clock: systemClock,
    log,
    registry,
    random: Math.random,
    kube,
  })
  try {
    const running = await gateway.start(stop.signal)
    log.info({ port: running.port, adminPort: running.adminPort }, 'listening')
    await running.stopped
  } catch (error) {
    log.fatal({ cause: toCause(error) }, 'the gateway cannot start')
    process.exitCode = 1
    stop.abort()
  }
  await kube?.client.close()
  clearInterval(flush)
  destination.flushSync()
}

function toKubeconfig({ kubeconfig }: KubernetesConfig): { readonly kubeconfig?: string } {
  return kubeconfig === undefined ? {} : { kubeconfig }
}
