// HTTP/1.1 sockets to exchanges. fastify owns the server (limits, time-outs, shutdown); the body is left unread, because only the
// story of a call knows how much of it may be read.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { GatewayError } from '../errors.ts'
import type { Exchange, ExchangeRequest, ReplyHeaders, ReplySink } from '../exchange.ts'
import { sendRefusal, toRefusal } from '../reply.ts'

export interface HttpOptions {
  readonly maxHeaderBytes: number
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** True while the process drains: replies then ask clients to open no further call on the connection. */
  readonly draining: () => boolean
}

export type HandleExchange = (exchange: Exchange) => Promise<void>

export function buildHttpServer(options: HttpOptions, handle: HandleExchange): FastifyInstance {
  const server = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: false },
    keepAliveTimeout: options.keepAliveTimeoutMs,
    requestTimeout: 0,
    http: {
      maxHeaderSize: options.maxHeaderBytes,
      headersTimeout: options.headersTimeoutMs,
      // A slow body is bounded by its own time-out in `readBody`; Node's would answer in a form no client reads.
      requestTimeout: 0,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
    },
    clientErrorHandler: answerBrokenRequest,
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _payload, done) => {
    done(null)
  })
  server.all('/*', async (request, reply) => {
    // The story of a call writes to the sockets itself; fastify must not answer after it.
    reply.hijack()
    if (options.draining()) reply.raw.shouldKeepAlive = false
    await handle(toExchange(request.raw, reply.raw))
  })
  return server
}

export function toExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  return { request: toRequest(request, response), reply: toReplySink(request, response), native: { request, response } }
}

const single = new Set(['content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'host', 'expect'])

function toRequest(request: IncomingMessage, response: ServerResponse): ExchangeRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark),
    host: request.headers.host ?? '',
    rawHeaders: request.rawHeaders,
    ...readHeaders(request.rawHeaders),
    sourceIP: request.socket.remoteAddress ?? '',
    readBody: (maxBytes) => readBody(request, maxBytes),
    signal: toAbortSignal(request, response),
  }
}

/** A header that must stand alone and stands twice is a request that two readers would read differently. */
function readHeaders(rawHeaders: readonly string[]): Pick<ExchangeRequest, 'headers' | 'malformed'> {
  const headers: Record<string, string> = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    const known = headers[name]
    if (known === undefined) headers[name] = value
    else if (single.has(name)) return { headers, malformed: `The header ${name} stands twice.` }
    else headers[name] = `${known}, ${value}`
  }
  return { headers }
}

/** One listener on the response: closed before it was finished means the caller left. */
function toAbortSignal(request: IncomingMessage, response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new GatewayError('client_closed', 'The caller left.'))
  })
  if (request.destroyed) controller.abort(new GatewayError('client_closed', 'The caller left.'))
  return controller.signal
}

const bodyIdleTimeoutMs = 30_000

function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const declared = Number(request.headers['content-length'] ?? 0)
  const tooLarge = (): GatewayError =>
    new GatewayError('body_too_large', `The body is larger than the ${maxBytes} bytes this connection takes.`)
  if (declared > maxBytes) return Promise.reject(tooLarge())
  const chunks: Buffer[] = []
  let bytes = 0
  const stop = (error: GatewayError): void => {
    request.removeAllListeners('data')
    request.pause()
    reject(error)
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) return stop(tooLarge())
    chunks.push(chunk)
  })
  request.once('end', () => {
    request.setTimeout(0)
    resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes))
  })
  request.once('error', () => reject(new GatewayError('client_closed', 'The caller left.')))
  request.once('close', () => reject(new GatewayError('client_closed', 'The caller left.')))
  request.setTimeout(bodyIdleTimeoutMs, () => {
    stop(new GatewayError('bad_request', 'The body did not arrive in time.'))
  })
  return promise
}

export function toReplySink(request: IncomingMessage, response: ServerResponse): ReplySink {
  return {
    head: (status, headers) => {
      if (response.headersSent) return
      // A body that was not read cannot be told from the next request.
      if (isUnread(request)) response.shouldKeepAlive = false
      response.writeHead(status, toNodeHeaders(headers))
      // Node keeps the head until the first byte of the body, which in a stream may be a model's long thought away.
      if (String(headers['content-type']).startsWith('text/event-stream')) response.flushHeaders()
    },
    write: (chunk) => response.write(chunk),
    onDrain: (resume) => {
      response.once('drain', resume)
    },
    end: (chunk) => {
      if (chunk !== undefined) response.write(chunk)
      if (isUnread(request)) linger(request, response)
      else response.end()
    },
    destroy: () => {
      response.destroy()
    },
  }
}

function isUnread({ complete, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  return hasBody && !complete
}

const lingerMs = 2_000
const lingerBytes = 64 * 1024 * 1024

/**
 * Closing at once would reset a connection whose sender is still writing, and the refusal would be lost with it. So what comes is
 * thrown away for a moment; the reply is complete already, by its length.
 */
function linger(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0
  const finish = (): void => {
    response.end()
  }
  request.setTimeout(lingerMs, finish)
  request.once('end', finish)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > lingerBytes) response.destroy()
  })
}

function toNodeHeaders(headers: ReplyHeaders): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  )
}

/** Bytes that never became a request: answered in the same form as every refusal, then the connection ends. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const refused =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new GatewayError('headers_too_large', 'The headers are larger than this gateway takes.')
      : new GatewayError('bad_request', 'These bytes are not an HTTP request.')
  const parts: string[] = []
  sendRefusal(
    {
      head: (status, headers) => {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)
        parts.push(`HTTP/1.1 ${status} Refused`, ...lines, 'connection: close', '', '')
      },
      write: () => true,
      onDrain: () => {},
      end: (chunk) => socket.end(parts.join('\r\n') + Buffer.from(chunk ?? []).toString('utf8')),
      destroy: () => socket.destroy(),
    },
    toRefusal(refused),
    {},
  )
}
