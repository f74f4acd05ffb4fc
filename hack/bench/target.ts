// What a target of the bench is: something that forwards calls to the mock, in a process of its own on the proxy's core.
import type { Reachable } from './load.ts'
import type { Running } from './processes.ts'
import type { Bench } from './suite.ts'

/** The mock behind every target. */
export interface Upstream {
  readonly port: number
  readonly origin: string
}

export interface StartedTarget extends Reachable {
  /** It masks requests and answers, and is to show it before it is measured. */
  readonly masks?: boolean
  /** Called after every round, for what would grow without bound. */
  tidy?(): Promise<void>
  /** Ends what was started; nothing for the mock called directly. */
  stop(): Promise<void>
}

export interface Target {
  readonly name: string
  /** Throws with the reason when it cannot run on this machine. */
  start(bench: Bench, upstream: Upstream): Promise<StartedTarget>
}

export const startTimeoutMs = 30_000
export const chatPath = '/v1/chat/completions'

/** A target that answers at the mock's own path and wants no headers, served by one process. */
export function toStarted(name: string, running: Running, port: number): StartedTarget {
  return { name, port, path: chatPath, headers: {}, pid: running.pid, stop: async () => await running.stop() }
}
