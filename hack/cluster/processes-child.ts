// One process of the product, to be started, killed, stopped, held still and started again under the same name, with everything
// that it ever said kept for whoever has to explain a failure.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import process from 'node:process'

export interface ChildOptions {
  readonly name: string
  /** The entry file: `gateway/main.ts`. */
  readonly main: string
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
}

const graceMs = 10_000
const restartMs = 500
const preload = new URL('processes-preload.ts', import.meta.url).href
const explainedChars = 1200

export class Child implements AsyncDisposable {
  readonly name: string
  readonly #options: ChildOptions
  #process: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  /** Until it is ended on purpose, a process that ends is started again, as a kubelet does. */
  #wanted = false
  /** How often that has happened. */
  restarts = 0

  constructor(options: ChildOptions) {
    this.name = options.name
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Without waiting for anything. `more` goes over the environment it was made with. */
  start(more: Readonly<Record<string, string>> = {}): void {
    if (this.isRunning) throw new Error(`${this.name} runs already`)
    const { main, environment, logFile } = this.#options
    const log = openSync(logFile, 'a')
    // A session of its own, so that Ctrl-C in a terminal reaches the owner alone. Its input is the leash (processes-preload.ts).
    const child = spawn(process.execPath, ['--import', preload, main], {
      stdio: ['pipe', log, log],
      detached: true,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment, ...more },
    })
    closeSync(log)
    this.#process = child
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    this.#wanted = true
    child.once('exit', () => {
      child.stdin?.destroy()
      resolve()
      if (this.#wanted) setTimeout(() => this.#startAgain(child, more), restartMs)
    })
    child.once('error', () => resolve())
  }

  /** SIGKILL: nothing of it is tidied up. */
  async kill9(): Promise<void> {
    this.#wanted = false
    this.#process?.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, as the kubelet does it. */
  async stop(): Promise<void> {
    this.#wanted = false
    this.#process?.kill('SIGTERM')
    this.#process?.kill('SIGCONT')
    const impatience = setTimeout(() => this.#process?.kill('SIGKILL'), graceMs)
    await this.#ended
    clearTimeout(impatience)
  }

  /** Holds it still: its sockets stay open and nobody answers, as on a node that is cut off. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  async readLog(): Promise<string> {
    return await readFile(this.#options.logFile, 'utf8').catch(() => '')
  }

  /** The end of what it said, for the reader of a failure. */
  async explain(): Promise<string> {
    const state = this.isRunning
      ? 'runs'
      : `ended (${this.#process?.signalCode ?? this.#process?.exitCode ?? 'never began'})`
    return `--- ${this.name} ${state}\n${(await this.readLog()).slice(-explainedChars)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9()
  }

  #startAgain(ended: ChildProcess, more: Readonly<Record<string, string>>): void {
    if (!this.#wanted || this.#process !== ended) return
    this.restarts += 1
    this.start(more)
  }
}
