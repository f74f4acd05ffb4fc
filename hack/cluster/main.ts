// `npm run cluster`: a control plane to play with, the product on it as processes. Prints what to try, and stays until Ctrl-C.
import process from 'node:process'
import { startControlPlane } from './control-plane.ts'
import { startPlayground } from './processes-playground.ts'

const replicas = 2

function say(line: string): void {
  process.stderr.write(`cluster: ${line}\n`)
}

async function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  // Signal handlers alone do not keep a process alive.
  const alive = setInterval(() => {}, 60_000)
  await promise
  clearInterval(alive)
}

const started = performance.now()
await using running = new AsyncDisposableStack()
const controlPlane = running.use(await startControlPlane({ env: process.env, log: say }))
say('the API server is ready; starting operator, gateways and what is around them')
const playground = running.use(await startPlayground(controlPlane, replicas))
say(`ready after ${((performance.now() - started) / 1000).toFixed(1)} s; Ctrl-C ends it and removes everything`)
process.stdout.write(`${playground.lines.join('\n')}\n`)
await untilInterrupted()
say('stopping')
