// The parts of one control plane and which of them run. Knows how to tell that the API server serves, and says with its log why
// a part that should run does not.
import { Agent, request } from 'undici'
import { Component } from './component.ts'
import { eventually } from './eventually.ts'
import type { Command } from './source.ts'

export type PartName = 'etcd' | 'apiserver' | 'controller-manager'

export interface Part {
  readonly command: Command
  readonly args: readonly string[]
}

export interface PartsOptions {
  readonly folder: string
  readonly server: string
  readonly authorityPem: string
  readonly commands: Readonly<Partial<Record<PartName, Part>>>
}

const readyTimeoutMs = 60_000
const reviveAfterMs = 500
const shownLogLines = 15

export class Parts {
  readonly #options: PartsOptions
  readonly #running = new Map<PartName, Component>()

  constructor(options: PartsOptions) {
    this.#options = options
  }

  has(name: PartName): boolean {
    return this.#options.commands[name] !== undefined
  }

  runs(name: PartName): boolean {
    return this.#running.has(name)
  }

  spawn(name: PartName): void {
    const part = this.#options.commands[name]
    if (!part) throw new Error(`this control plane has no ${name}`)
    if (this.#running.has(name)) throw new Error(`${name} runs already`)
    const component = Component.start({ name, folder: this.#options.folder, ...part })
    this.#running.set(name, component)
    if (name === 'controller-manager') void component.exited.then(() => this.#revive(component))
  }

  /** The controller manager gives up when the API server is away for ten seconds while it starts; a real cluster restarts it. */
  #revive(ended: Component): void {
    const again = (): void => {
      if (this.#running.get('controller-manager') !== ended) return
      this.#running.delete('controller-manager')
      this.spawn('controller-manager')
    }
    setTimeout(again, reviveAfterMs).unref()
  }

  /** Waits until the API server serves. Fails at once, with the log, when a part ends instead. */
  async serving(): Promise<void> {
    const { server, authorityPem } = this.#options
    const ended = new AbortController()
    const needed = [this.#running.get('etcd'), this.#running.get('apiserver')]
    for (const part of needed) void part?.exited.then(() => ended.abort(part))
    const agent = new Agent({ connect: { ca: authorityPem } })
    const isReady = async (): Promise<boolean> => {
      const { statusCode, body } = await request(`${server}/readyz`, { dispatcher: agent, headersTimeout: 5000 })
      await body.dump()
      return statusCode === 200
    }
    try {
      const message = 'the API server to be ready'
      await eventually(isReady, { message, timeoutMs: readyTimeoutMs, signal: ended.signal })
    } catch (error) {
      throw await this.#explain(error)
    } finally {
      await agent.destroy()
    }
  }

  async stop(name: PartName): Promise<void> {
    await this.#take(name)?.stop()
  }

  async kill(name: PartName): Promise<void> {
    await this.#take(name)?.kill()
  }

  /** In this order: an API server that has lost its etcd ignores SIGTERM for minutes. */
  async stopAll(): Promise<void> {
    await Promise.all([this.stop('controller-manager'), this.stop('apiserver')])
    await this.stop('etcd')
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map(async (name) => await this.kill(name)))
  }

  #take(name: PartName): Component | undefined {
    const component = this.#running.get(name)
    this.#running.delete(name)
    return component
  }

  async #explain(error: unknown): Promise<Error> {
    const culprit =
      [...this.#running.values()].find((part) => part.failure !== undefined) ?? this.#running.get('apiserver')
    if (!culprit) return new Error('the API server does not run', { cause: error })
    const log = (await culprit.readLog().catch(() => '')).trimEnd().split('\n').slice(-shownLogLines).join('\n')
    const what = culprit.failure ?? 'is not ready after a minute'
    return new Error(`${culprit.name} ${what}; the end of its log:\n${log}`, { cause: error })
  }
}
