// One call on its way: sent to an endpoint, its response passed to the caller piece by piece as it arrives, with back-pressure and
// without streams or promises per piece. As long as nothing was sent it may move to another endpoint; once the reply has begun it
// ends either whole or visibly cut.
import type { Dispatcher } from 'undici'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import { GatewayError } from '../errors.ts'
import type { ReplySink } from '../exchange.ts'
import type { Forwarded, UpstreamCall } from './call.ts'
import { toGatewayError } from './failure.ts'
import { toReplyHeaders } from './headers.ts'
import type { UpstreamLimits } from './limits.ts'
import type { Line } from './lines.ts'

export interface Transfer {
  readonly call: UpstreamCall
  /** After hygiene, with the credential. */
  readonly headers: string[]
  readonly limits: UpstreamLimits
  readonly reply: ReplySink
  /** The next endpoint that was not tried yet. */
  readonly nextEndpoint: (tried?: ReadonlySet<BundleEndpoint>) => BundleEndpoint | undefined
  readonly openLine: (endpoint: BundleEndpoint) => Line
  readonly onEndpointFailure: (endpoint: BundleEndpoint, error: GatewayError) => void
}

export async function runTransfer(transfer: Transfer): Promise<Forwarded> {
  return new RunningTransfer(transfer).start()
}

class RunningTransfer implements Dispatcher.DispatchHandler {
  readonly #transfer: Transfer
  readonly #settled = Promise.withResolvers<Forwarded>()
  #firstByte: NodeJS.Timeout | undefined
  #whole: NodeJS.Timeout | undefined
  #endpoint: BundleEndpoint | undefined
  #line: Line | undefined
  #tried: Set<BundleEndpoint> | undefined
  #controller: Dispatcher.DispatchController | undefined
  #sent = false
  #over = false
  /** 0 until the reply has begun. */
  #status = 0
  #bytes = 0

  constructor(transfer: Transfer) {
    this.#transfer = transfer
  }

  async start(): Promise<Forwarded> {
    const { call, limits } = this.#transfer
    if (call.signal.aborted) this.#onCallerGone()
    else {
      call.signal.addEventListener('abort', this.#onCallerGone)
      // Two timers of constant delay: Node keeps one list per delay, so arming one costs next to nothing.
      this.#firstByte = setTimeout(onDeadline, limits.firstByteTimeoutMs, this)
      this.#whole = setTimeout(onDeadline, limits.requestTimeoutMs, this)
      this.#dispatch(this.#transfer.nextEndpoint())
    }
    return this.#settled.promise
  }

  #dispatch(endpoint: BundleEndpoint | undefined): void {
    if (endpoint === undefined) {
      this.#fail(new GatewayError('upstream_unreachable', 'No endpoint of this connection is in rotation.'))
      return
    }
    const { call, headers, limits, openLine } = this.#transfer
    this.#endpoint = endpoint
    this.#line = openLine(endpoint)
    const options = {
      method: call.method,
      path: (endpoint.basePath + call.path || '/') + call.query,
      headers,
      body: call.body ?? null,
      bodyTimeout: limits.idleTimeoutMs,
    }
    this.#line.dispatcher.dispatch(options, this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Over while it waited for a connection: undici then sends nothing.
    if (this.#over) controller.abort(callerGone())
    else {
      this.#sent = true
      this.#transfer.call.onSent?.()
    }
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over || status < 200) return
    const { call, limits, reply } = this.#transfer
    const refusal = toRefusal(status, received, limits)
    if (refusal !== undefined) {
      this.#fail(refusal)
      return
    }
    const headers = toReplyHeaders(received, call.replyHeaders)
    clearTimeout(this.#firstByte)
    this.#controller = controller
    reply.head(status, headers)
    this.#status = status
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#over) return
    const { limits, reply } = this.#transfer
    this.#bytes += piece.length
    if (this.#bytes > limits.maxResponseBytes) {
      this.#fail(tooLarge())
      return
    }
    // Writing may end the call: who reads the answer may not want the rest.
    if (reply.write(piece) || this.#over) return
    controller.pause()
    reply.onDrain(this.#resume)
  }

  onResponseEnd(): void {
    if (this.#over) return
    if (this.#line?.resetting === true) {
      this.#fail(new GatewayError('upstream_failed', 'The model server broke off the call.'))
      return
    }
    this.#transfer.reply.end()
    this.#finish()
    this.#settled.resolve(this.#toForwarded())
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#over) return
    const error = toGatewayError(cause, this.#sent ? 'Sent' : 'Connecting')
    if (this.#endpoint !== undefined) this.#transfer.onEndpointFailure(this.#endpoint, error)
    const next = this.#sent ? undefined : this.#nextUntried()
    if (next === undefined) this.#fail(error)
    else this.#dispatch(next)
  }

  #nextUntried(): BundleEndpoint | undefined {
    this.#tried ??= new Set()
    if (this.#endpoint !== undefined) this.#tried.add(this.#endpoint)
    return this.#transfer.nextEndpoint(this.#tried)
  }

  readonly #resume = (): void => {
    if (!this.#over) this.#controller?.resume()
  }

  readonly #onCallerGone = (): void => this.#fail(callerGone())

  expire(): void {
    const what = this.#status === 0 ? 'did not begin its response' : 'did not finish its response'
    this.#fail(new GatewayError('upstream_timeout', `The model server ${what} in time.`))
  }

  #fail(error: GatewayError): void {
    if (this.#over) return
    this.#finish()
    // Closes the socket toward the model, within this very event.
    if (this.#sent) this.#controller?.abort(error)
    if (this.#status === 0) {
      this.#settled.reject(error)
      return
    }
    this.#transfer.reply.destroy()
    this.#settled.resolve({ ...this.#toForwarded(), outcome: 'Cut', error })
  }

  #finish(): void {
    this.#over = true
    clearTimeout(this.#firstByte)
    clearTimeout(this.#whole)
    this.#transfer.call.signal.removeEventListener('abort', this.#onCallerGone)
  }

  #toForwarded(): Forwarded {
    const endpoint = this.#endpoint?.name ?? ''
    return { outcome: 'Completed', status: this.#status, endpoint, responseBytes: this.#bytes }
  }
}

function onDeadline(transfer: RunningTransfer): void {
  transfer.expire()
}

/** Responses that must not reach the caller, seen by their head. */
export function toRefusal(
  status: number,
  received: Readonly<Record<string, string | readonly string[] | undefined>>,
  limits: UpstreamLimits,
): GatewayError | undefined {
  // A redirect would lead the client past the gateway; 304 only answers a condition the client has set.
  if (status >= 300 && status < 400 && status !== 304) {
    return new GatewayError('upstream_failed', 'The model server answered with a redirect, which is never followed.')
  }
  return Number(received['content-length'] ?? 0) > limits.maxResponseBytes ? tooLarge() : undefined
}

export function tooLarge(): GatewayError {
  return new GatewayError('response_too_large', 'The response is larger than this connection allows.')
}

export function callerGone(): GatewayError {
  return new GatewayError('client_closed', 'The caller went away.')
}
