// The body of one request: read whole within its limits of size and time, or thrown away when nobody will read it. A sender that
// drips is cut either way: no connection is held by a body for longer than its time.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from '../errors.ts'

export interface BodyTimes {
  /** The longest pause between two pieces. */
  readonly bodyIdleTimeoutMs: number
  /** For the whole body. */
  readonly bodyTimeoutMs: number
  /** How long the rest of a refused body is thrown away before its connection is closed. */
  readonly lingerMs: number
}

const lingerBytes = 64 * 1024 * 1024

export class RequestBody {
  readonly #request: IncomingMessage
  readonly #times: BodyTimes
  #isTaken = false

  constructor(request: IncomingMessage, times: BodyTimes) {
    this.#request = request
    this.#times = times
  }

  /** True while bytes of it are still to come, or lie unread: they could not be told from the next request. */
  get isUnread(): boolean {
    if (this.#isTaken || this.#request.complete) return false
    const { headers } = this.#request
    return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    // Its events are over; nobody would ever answer.
    if (this.#request.destroyed) throw callerLeft()
    const length = Number(this.#request.headers['content-length'] ?? 0)
    if (length > maxBytes) throw tooLarge(maxBytes)
    return this.#takeArrived(length) ?? (await this.#gather(maxBytes))
  }

  /**
   * Ends a reply to a request whose body was not read. Closing at once would reset a connection whose sender is still writing, and
   * the refusal would be lost with it. So what comes is thrown away for a moment; the reply is complete already, by its length.
   */
  linger(response: ServerResponse): void {
    const request = this.#request
    let bytes = 0
    const finish = (): void => {
      clearTimeout(patience)
      response.end()
    }
    const patience = setTimeout(finish, this.#times.lingerMs)
    request.once('end', finish).once('close', finish)
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > lingerBytes) response.destroy()
    })
    request.resume()
  }

  /** Answered, and it still drips: nothing else would ever close this connection. */
  cutLater(): void {
    const cut = (): void => {
      if (this.isUnread) this.#request.socket.destroy()
    }
    setTimeout(cut, this.#times.lingerMs).unref()
  }

  /** Most bodies come together with their head: then there is nothing to wait for, to time or to listen to. */
  #takeArrived(length: number): Uint8Array | undefined {
    if (length === 0 || this.#request.readableLength !== length) return undefined
    const body: unknown = this.#request.read()
    if (!Buffer.isBuffer(body)) return undefined
    this.#isTaken = true
    return body
  }

  #gather(maxBytes: number): Promise<Uint8Array> {
    const request = this.#request
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (): void => {
      clearTimeout(whole)
      request.setTimeout(0)
      request.off('data', gather).off('end', finish).off('error', leave).off('close', leave).off('timeout', late)
    }
    const stop = (error: GatewayError): void => {
      settle()
      request.pause()
      reject(error)
    }
    const gather = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > maxBytes) stop(tooLarge(maxBytes))
      else chunks.push(chunk)
    }
    const finish = (): void => {
      settle()
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes))
    }
    const leave = (): void => stop(callerLeft())
    const late = (): void => stop(new GatewayError('request_timeout', 'The body did not arrive in time.'))
    const whole = setTimeout(late, this.#times.bodyTimeoutMs)
    request.on('data', gather).once('end', finish).once('error', leave).once('close', leave)
    request.setTimeout(this.#times.bodyIdleTimeoutMs, late)
    return promise
  }
}

function callerLeft(): GatewayError {
  return new GatewayError('client_closed', 'The caller left.')
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', `The body is larger than the ${maxBytes} bytes this connection takes.`)
}
