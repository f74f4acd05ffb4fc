// One opaque call while @fastify/http-proxy carries it: its deadlines, what may pass in either direction, and how it ended.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import { GatewayError } from '../errors.ts'
import type { Forwarded, UpstreamCall } from './call.ts'
import { toGatewayError } from './failure.ts'
import type { UpstreamLimits } from './limits.ts'
import type { Line } from './lines.ts'
import { callerGone, tooLarge } from './transfer.ts'

/** The caller's request and response as Node gave them; neither was touched yet. */
export interface Native {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface ErrandOptions {
  readonly id: string
  readonly call: UpstreamCall
  readonly native: Native
  readonly endpoint: BundleEndpoint
  readonly line: Line
  readonly limits: UpstreamLimits
  /** After hygiene, with the credential. */
  readonly headers: string[]
}

export class Errand {
  readonly options: ErrandOptions
  readonly #life = new AbortController()
  readonly #settled = Promise.withResolvers<Forwarded>()
  #firstByte: NodeJS.Timeout | undefined
  #whole: NodeJS.Timeout | undefined
  #failure: GatewayError | undefined
  #status = 0
  #bytes = 0
  #sent = false

  constructor(options: ErrandOptions) {
    this.options = options
  }

  /** Aborted when the call ends early, whoever ends it. */
  get signal(): AbortSignal {
    return this.#life.signal
  }

  async run(carry: () => void): Promise<Forwarded> {
    const { call, native, limits } = this.options
    if (call.signal.aborted) throw callerGone()
    call.signal.addEventListener('abort', this.#onCallerGone)
    native.response.once('close', this.#onClose)
    this.#firstByte = this.#expireAfter(limits.firstByteTimeoutMs)
    this.#whole = this.#expireAfter(limits.requestTimeoutMs)
    try {
      carry()
      return await this.#settled.promise
    } finally {
      clearTimeout(this.#firstByte)
      clearTimeout(this.#whole)
      call.signal.removeEventListener('abort', this.#onCallerGone)
      native.response.off('close', this.#onClose)
    }
  }

  /** From here on the call may have reached the model. */
  leave(): void {
    this.#sent = true
    this.options.call.onSent?.()
  }

  begin(status: number): void {
    this.#status = status
    clearTimeout(this.#firstByte)
  }

  /** Before the reply has begun, the response is handed back clean, for the refusal; after that it is cut. */
  fail(cause: Error): void {
    const error = toGatewayError(cause, this.#sent ? 'Sent' : 'Connecting')
    this.#failure ??= error
    this.#life.abort(error)
    const { request, response } = this.options.native
    // What is left of a body nobody will read must not be taken for the next request.
    if (!request.complete) response.shouldKeepAlive = false
    if (response.headersSent) {
      response.destroy()
      return
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    this.#settled.reject(this.#failure)
  }

  /** Remembers why a body broke; whoever passes it on cuts the response. */
  note(cause: Error): void {
    this.#failure ??= toGatewayError(cause, 'Sent')
  }

  meterRequest(): Transform {
    const { maxRequestBytes } = this.options.limits
    const refusal = new GatewayError(
      'body_too_large',
      `The body is larger than the ${maxRequestBytes} bytes this connection takes.`,
    )
    return meter(maxRequestBytes, refusal, () => {})
  }

  meterResponse(): Transform {
    return meter(this.options.limits.maxResponseBytes, tooLarge(), (bytes) => {
      this.#bytes = bytes
    })
  }

  #expireAfter(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      const what = this.#status === 0 ? 'begin' : 'finish'
      this.fail(new GatewayError('upstream_timeout', `The model server did not ${what} its response in time.`))
    }, delayMs)
  }

  readonly #onCallerGone = (): void => this.fail(callerGone())

  readonly #onClose = (): void => {
    const { native, endpoint } = this.options
    const whole = native.response.writableFinished
    const ended = { status: this.#status, endpoint: endpoint.name, responseBytes: this.#bytes }
    if (whole) this.#settled.resolve({ ...ended, outcome: 'Completed' })
    else this.#settled.resolve({ ...ended, outcome: 'Cut', error: this.#failure ?? callerGone() })
    this.#life.abort(callerGone())
  }
}

function meter(maxBytes: number, refusal: GatewayError, onBytes: (total: number) => void): Transform {
  let total = 0
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      total += piece.length
      onBytes(total)
      if (total > maxBytes) done(refusal)
      else done(null, piece)
    },
  })
}
