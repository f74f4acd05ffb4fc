// The gateway as a process: settings from the environment, signals, exit codes. Everything else is built in build.ts.
import process from 'node:process'
import { pino } from 'pino'
import { Registry, collectDefaultMetrics } from 'prom-client'
import type { KubeClient } from '../kube/client.ts'
import { connectKube } from '../kube/client.ts'
import { systemClock } from '../kube/clock.ts'
import { makeKubeMetrics } from '../kube/telemetry.ts'
import { ListenError, buildGateway } from './build.ts'
import type { Config, KubernetesConfig } from './config.ts'
import { parseConfig } from './config.ts'
import { toCause, toSafeFields } from './telemetry.ts'

const exitMs = 1_000

/** A write for every call would cost a third of what a call costs; a quarter of a second later all is written anyway. */
const logBatchBytes = 32_768

const parsed = parseConfig(process.env)
if ('mistakes' in parsed) {
  process.stderr.write(`the gateway cannot start:\n${parsed.mistakes.map((mistake) => `  ${mistake}\n`).join('')}`)
  process.exit(2)
}
await run(parsed.config)

async function run(config: Config): Promise<void> {
  const destination = pino.destination({ fd: 1, sync: false, minLength: logBatchBytes, maxWrite: 2 * logBatchBytes })
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  const flush = setInterval(() => destination.flush(), 250)
  const crash = (cause: unknown): void => {
    log.fatal({ cause: toCause(cause) }, 'a failure that nobody handled: exiting')
    destination.flushSync()
    process.exit(1)
  }
  process.on('unhandledRejection', crash)
  process.on('uncaughtException', crash)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const { stop, hurry } = followSignals()
  let client: KubeClient | undefined
  try {
    const metrics = makeKubeMetrics(registry)
    client = config.kubernetes && connectKube({ ...toKubeconfig(config.kubernetes), metrics })
    const kube = client && { client, metrics }
    const gateway = buildGateway({ config, clock: systemClock, log, registry, random: Math.random, kube })
    const running = await gateway.start(stop, hurry)
    log.info({ port: running.port, adminPort: running.adminPort }, 'listening')
    await running.stopped
    log.info('stopped')
  } catch (error) {
    const problem = error instanceof ListenError ? error.message : undefined
    log.fatal(toSafeFields({ cause: toCause(error), problem }), 'the gateway cannot start')
    process.exitCode = 1
  }
  await client?.close()
  clearInterval(flush)
  destination.flushSync()
  // Everything has ended; whatever may still hold the process up is not worth waiting for.
  setTimeout(() => process.exit(), exitMs).unref()
}

/** The first signal asks for an orderly end, a second one for an orderly end without waiting for the calls under way. */
function followSignals(): { readonly stop: AbortSignal; readonly hurry: AbortSignal } {
  const stop = new AbortController()
  const hurry = new AbortController()
  const onSignal = (): void => (stop.signal.aborted ? hurry : stop).abort()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal)
  return { stop: stop.signal, hurry: hurry.signal }
}

function toKubeconfig({ kubeconfig }: KubernetesConfig): { readonly kubeconfig?: string } {
  return kubeconfig === undefined ? {} : { kubeconfig }
}
