// One long-lived part of a control plane as a child process: started with its log in a file, stopped politely, killed when it
// does not listen. Its standard input is the leash: when the owner of it dies, however it dies, the part ends as well.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from './source.ts'

export interface ComponentOptions {
  readonly name: string
  readonly command: Command
  readonly args: readonly string[]
  /** The state folder of the cluster: the log, and the process id for whoever has to clean up after a crash. */
  readonly folder: string
}

const graceMs = 8000

export class Component {
  readonly name: string
  readonly #child: ChildProcess
  readonly #log: string
  readonly #pidFile: string
  /** Resolves when it runs no more, whyever; then `failure` says why. */
  readonly exited: Promise<void>
  #failure: string | undefined

  private constructor(options: ComponentOptions, child: ChildProcess) {
    this.name = options.name
    this.#child = child
    this.#log = logFile(options)
    this.#pidFile = path.join(options.folder, 'pids', options.name)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.exited = promise
    child.once('exit', (code, signal) => {
      this.#failure ??= `exited with ${signal ?? `code ${code}`}`
      child.stdin?.destroy()
      resolve()
    })
    child.once('error', (error) => {
      this.#failure = error.message
      resolve()
    })
  }

  /** Without waiting for anything: from here on there is a process to stop, or a `failure`. */
  static start(options: ComponentOptions): Component {
    const log = openSync(logFile(options), 'a')
    // A session of its own: Ctrl-C in a terminal reaches the owner alone, which then stops the parts in the right order.
    const child = spawn(options.command.file, [...options.command.args, ...options.args], {
      stdio: ['pipe', log, log],
      detached: true,
      env: { PATH: '/usr/bin:/bin', HOME: options.folder },
    })
    closeSync(log)
    const component = new Component(options, child)
    if (child.pid !== undefined) writeFileSync(component.#pidFile, String(child.pid))
    return component
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Why it is not running any more. */
  get failure(): string | undefined {
    return this.#failure
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    await this.#ended()
    clearTimeout(impatience)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended()
  }

  async readLog(): Promise<string> {
    return await readFile(this.#log, 'utf8')
  }

  async #ended(): Promise<void> {
    await this.exited
    await rm(this.#pidFile, { force: true })
  }
}

function logFile({ folder, name }: ComponentOptions): string {
  return path.join(folder, 'logs', `${name}.log`)
}
