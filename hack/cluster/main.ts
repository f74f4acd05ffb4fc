// `npm run cluster`: a control plane to play with. Prints the path of a kubeconfig and stays until Ctrl-C.
import process from 'node:process'
import { startControlPlane } from './control-plane.ts'
import type { ControlPlane } from './control-plane.ts'

function say(line: string): void {
  process.stderr.write(`cluster: ${line}\n`)
}

/** The hook for the product itself: what it starts as processes ends with the returned resource, before the control plane. */
async function startProcesses(_controlPlane: ControlPlane): Promise<AsyncDisposable> {
  return await Promise.resolve(new AsyncDisposableStack())
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
running.use(await startProcesses(controlPlane))
say(`ready after ${((performance.now() - started) / 1000).toFixed(1)} s; Ctrl-C ends it and removes everything`)
process.stdout.write(`export KUBECONFIG=${controlPlane.address.adminKubeconfig}\n`)
await untilInterrupted()
say('stopping')
