// Keeps one connection to the shared store, or knows that there is none. Nobody waits longer than a moment: a store that does not
// answer in time is away for everybody until it answers a ping, and one that fails is connected to anew, ever more slowly.
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import type { ConnectRedis, RedisConnection } from './redis-connection.ts'
import type { Script } from './redis-scripts.ts'

export interface RedisLinkDeps {
  readonly connect: ConnectRedis
  readonly clock: Clock
  readonly random: () => number
  /** How long a call waits for the store. */
  readonly waitMs: number
  /** Told when it goes and when it is there again; the cause may hold addresses and is for its kind and code alone. */
  readonly onChange: (isUp: boolean, cause?: unknown) => void
}

export interface Command {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** The reply of a command that nobody waited for any more. */
  readonly onLate?: (reply: unknown) => void
}

const firstPauseMs = 50
const longestPauseMs = 5_000
const pingMs = 2_000

export class RedisLink {
  readonly #deps: RedisLinkDeps
  #connection: RedisConnection | undefined
  /** A command went without an answer; asked again only after a ping. */
  #isSuspect = false
  #failures = 0
  #wasUp: boolean | undefined
  #onUp: () => void = () => {}

  constructor(deps: RedisLinkDeps) {
    this.#deps = deps
  }

  get isUp(): boolean {
    return this.#connection !== undefined && !this.#isSuspect
  }

  /** Told each time the store is there again, before anything else is asked. */
  set onUp(run: () => void) {
    this.#onUp = run
  }

  /** Until the signal. Never rejects. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps
    while (!signal.aborted) {
      await this.#live(signal)
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
      this.#failures += 1
      await sleep(clock, pauseMs * (0.5 + random() / 2), signal)
    }
  }

  /** The reply, or undefined when the store is away. Never rejects. */
  async ask({ script, keys, args, onLate }: Command): Promise<unknown> {
    const connection = this.#connection
    if (connection === undefined || this.#isSuspect) return undefined
    const running = connection.run(script, keys, args).then(
      (reply) => {
        this.#failures = 0
        return reply ?? undefined
      },
      (error: unknown) => {
        this.#drop(connection, error)
        return undefined
      },
    )
    return this.#within(running, this.#deps.waitMs, () => {
      if (onLate !== undefined) void running.then((reply) => (reply === undefined ? undefined : onLate(reply)))
      this.#suspect(connection)
    })
  }

  async #live(signal: AbortSignal): Promise<void> {
    let connection: RedisConnection
    try {
      connection = await this.#deps.connect()
    } catch (error) {
      this.#tell(false, error)
      return
    }
    const leave = (): void => connection.close()
    if (signal.aborted) {
      leave()
      return
    }
    this.#connection = connection
    this.#isSuspect = false
    this.#onUp()
    this.#tell(true)
    signal.addEventListener('abort', leave, { once: true })
    await connection.closed
    signal.removeEventListener('abort', leave)
    if (signal.aborted) this.#connection = undefined
    else this.#drop(connection)
  }

  #drop(connection: RedisConnection, cause?: unknown): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    connection.close()
    this.#tell(false, cause)
  }

  /** Replies come in the order of commands: once the ping is answered, so is everything before it. */
  #suspect(connection: RedisConnection): void {
    if (this.#connection !== connection || this.#isSuspect) return
    this.#isSuspect = true
    this.#tell(false)
    const answered = connection.ping().then(
      () => true,
      () => false,
    )
    void this.#within(answered, pingMs, () => {}).then((isAnswered) => {
      if (isAnswered !== true) this.#drop(connection)
      else if (this.#connection === connection) {
        this.#isSuspect = false
        this.#onUp()
        this.#tell(true)
      }
    })
  }

  #tell(isUp: boolean, cause?: unknown): void {
    if (this.#wasUp === isUp) return
    this.#wasUp = isUp
    this.#deps.onChange(isUp, cause)
  }

  async #within<T>(promise: Promise<T>, ms: number, onLate: () => void): Promise<T | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, () => {
        onLate()
        resolve(undefined)
      })
      void promise.then((value) => {
        cancel()
        resolve(value)
      })
    })
  }
}
