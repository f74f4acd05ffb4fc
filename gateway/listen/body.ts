// Reads the whole body of a request within its limits of size and time, or throws away what nobody will read. A sender that
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

export async function readBody(request: IncomingMessage, maxBytes: number, times: BodyTimes): Promise<Uint8Array> {
  // Its events are over; nobody would ever answer.
  if (request.destroyed) throw callerLeft()
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  return takeArrived(request, maxBytes) ?? (await gatherBody(request, maxBytes, times))
}

/** Most bodies came together with their head: then there is nothing to wait for, to time or to listen to. */
function takeArrived(request: IncomingMessage, maxBytes: number): Uint8Array | undefined {
  if (!request.complete || request.readableLength === 0) return undefined
  if (request.readableLength > maxBytes) throw tooLarge(maxBytes)
  const body: unknown = request.read()
  return Buffer.isBuffer(body) ? body : undefined
}

function gatherBody(request: IncomingMessage, maxBytes: number, times: BodyTimes): Promise<Uint8Array> {
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
  const whole = setTimeout(late, times.bodyTimeoutMs)
  request.on('data', gather).once('end', finish).once('error', leave).once('close', leave)
  request.setTimeout(times.bodyIdleTimeoutMs, late)
  return promise
}

/** True while bytes of the body are still to come, or lie unread: they could not be told from the next request. */
export function isUnread({ complete, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  return hasBody && !complete
}

const lingerBytes = 64 * 1024 * 1024

/**
 * Ends a reply to a request whose body was not read. Closing at once would reset a connection whose sender is still writing, and
 * the refusal would be lost with it. So what comes is thrown away for a moment; the reply is complete already, by its length.
 */
export function linger(request: IncomingMessage, response: ServerResponse, lingerMs: number): void {
  let bytes = 0
  const finish = (): void => {
    clearTimeout(patience)
    response.end()
  }
  const patience = setTimeout(finish, lingerMs)
  request.once('end', finish).once('close', finish)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > lingerBytes) response.destroy()
  })
  request.resume()
}

function callerLeft(): GatewayError {
  return new GatewayError('client_closed', 'The caller left.')
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', `The body is larger than the ${maxBytes} bytes this connection takes.`)
}
