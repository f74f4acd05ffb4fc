// One answer on its way to the caller: whether it has begun, whether it is over, and how it ended. It ends once.
import type { Usage } from '../../policy/model.ts'
import type { GatewayError } from '../errors.ts'
import type { ReplyHeaders, ReplySink } from '../exchange.ts'
import { toGatewayError } from '../reply.ts'
import type { Ended } from './reading.ts'

export type WayEnd =
  | { readonly kind: 'Passed'; readonly usage?: Usage | undefined }
  /** By a rule or limit: before anything was sent, or in the middle of a stream that was closed properly. */
  | { readonly kind: 'Denied'; readonly ending: Ended; readonly usage?: Usage | undefined }
  /** A stream that could not be judged any further, and was closed properly. */
  | { readonly kind: 'Closed'; readonly error: GatewayError }
  /** Before anything was sent, or with the reply cut. Without an error the transfer itself says why. */
  | { readonly kind: 'Cut'; readonly error?: GatewayError }

export class Way {
  readonly reply: ReplySink
  readonly #hangUp: () => void
  readonly #settled = Promise.withResolvers<WayEnd>()
  #status = 0
  #isOver = false
  /** The model server has no more to say: there is nothing to cancel. */
  isComplete = false

  constructor(reply: ReplySink, hangUp: () => void) {
    this.reply = reply
    this.#hangUp = hangUp
  }

  /** 0 until the reply has begun. */
  get status(): number {
    return this.#status
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get ended(): Promise<WayEnd> {
    return this.#settled.promise
  }

  begin(status: number, headers: ReplyHeaders): void {
    this.#status = status
    this.reply.head(status, headers)
  }

  end(end: WayEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#settled.resolve(end)
    if (!this.isComplete) this.#hangUp()
  }

  /** Without an error the transfer knows why, and has ended already. */
  cut(error?: GatewayError): void {
    if (this.#isOver) return
    if (this.#status !== 0) this.reply.destroy()
    this.end(error === undefined ? { kind: 'Cut' } : { kind: 'Cut', error })
  }

  /** Runs one event of the answer. What is thrown in one has nobody above it who could catch it. */
  guard<T>(otherwise: T, run: () => T): T {
    if (this.#isOver) return otherwise
    try {
      return run()
    } catch (error) {
      this.cut(toGatewayError(error))
      return otherwise
    }
  }

  /** At once where it can be. */
  afterwards<T>(value: T | Promise<T>, run: (value: T) => void): void {
    if (value instanceof Promise) {
      value.then(
        (known) => this.guard(undefined, () => run(known)),
        (error: unknown) => this.cut(toGatewayError(error)),
      )
    } else run(value)
  }
}
