// HTTP/1.1 sockets to exchanges. fastify owns the server (limits, time-outs, shutdown); of its routing nothing is used, because
// every request, however odd, must take the one road of handle.ts. The body is left unread: only the story of a call knows how
// much of it may be read.
import type { IncomingMessage } from 'node:http'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Fastify from 'fastify'
import { GatewayError } from '../errors.ts'
import type { Exchange, ExchangeRequest, ReplyHeaders, ReplySink } from '../exchange.ts'
import { renderOpenAIError } from '../protocols/openai/error.ts'
import { sendRefusal, toRefusal } from '../reply.ts'
import type { BodyTimes } from './body.ts'
import { RequestBody } from './body.ts'
import { Departure } from './departure.ts'
import { readHead } from './head.ts'

export interface HttpTimes extends BodyTimes {
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** How long a caller may take nothing of a reply whose end was sent. */
  readonly flushTimeoutMs: number
}

export interface HttpOptions extends HttpTimes {
  readonly maxHeaderBytes: number
  /** True while the process drains: replies then ask clients to open no further call on the connection. */
  readonly draining: () => boolean
}

export const defaultTimes: HttpTimes = {
  headersTimeoutMs: 15_000,
  keepAliveTimeoutMs: 75_000,
  bodyIdleTimeoutMs: 30_000,
  bodyTimeoutMs: 300_000,
  lingerMs: 3_000,
  flushTimeoutMs: 60_000,
}

/** Of replies to what never became a call. */
const plainForm = { renderError: renderOpenAIError, headers: {} }

export type HandleExchange = (exchange: Exchange) => Promise<void>

export function buildHttpServer(options: HttpOptions, handle: HandleExchange): FastifyInstance {
  const answering = new Answering()
  const server = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    // Its router and its own error replies would quote the path; there is one route, and it is ours.
    rewriteUrl: () => '/',
    // A connection that is kept alive may bring one more call while the process drains; refusing it would lose it.
    return503OnClosing: false,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    requestTimeout: 0,
    http: {
      maxHeaderSize: options.maxHeaderBytes,
      headersTimeout: options.headersTimeoutMs,
      connectionsCheckingInterval: Math.max(100, Math.min(options.headersTimeoutMs / 4, 5_000)),
      // A slow body is bounded by its own time-outs in `readBody`; Node's would answer in a form no client reads.
      requestTimeout: 0,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
      ServerResponse: CuttableResponse,
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, answering.has(socket)),
  })
  // Too many headers are refused in `readHead`; Node would drop them in silence.
  server.server.maxHeadersCount = 0
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _payload, done) => {
    done(null)
  })
  const take = async ({ raw: request, originalUrl }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    // The story of a call writes to the sockets itself; fastify must not answer after it.
    reply.hijack()
    const response = reply.raw
    if (options.draining()) response.shouldKeepAlive = false
    const departure = new Departure()
    const body = new RequestBody(request, options)
    answering.add(request.socket)
    response.once('close', () => {
      answering.remove(request.socket)
      if (!response.writableFinished) departure.fire()
      else if (body.isUnread) body.cutLater()
      // A connection that is kept alive after its reply must not hold up the end.
      if (options.draining()) setImmediate(() => server.server.closeIdleConnections())
    })
    if (request.destroyed) departure.fire()
    await handle(toExchange({ request, response, target: originalUrl, times: options, departure, body }))
  }
  server.all('/', take)
  server.setNotFoundHandler(take)
  server.setErrorHandler(async (_error, request, reply) => take(request, reply))
  inviteBodies(server)
  return server
}

/** `Expect: 100-continue` is answered when the body is about to be read, so that a refusal spares the caller from sending it. */
function inviteBodies({ server }: FastifyInstance): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue()
    })
    server.emit('request', request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const sink = toReplySink(response, new RequestBody(request, defaultTimes), defaultTimes)
    const refusal = toRefusal(new GatewayError('bad_request', 'What the Expect header asks for is not known.'))
    sendRefusal(sink, refusal, plainForm)
  })
}

/** Without chunks and length a body ends with its connection, so for HTTP/1.0 only a reset tells a cut from an end. */
class CuttableResponse<Request extends IncomingMessage> extends ServerResponse<Request> {
  override destroy(error?: Error): this {
    if (this.headersSent && !this.writableFinished && this.req.httpVersionMinor === 0) this.socket?.resetAndDestroy()
    return super.destroy(error)
  }
}

/** Which sockets owe a reply: bytes of ours must not be written into the middle of one. */
class Answering {
  readonly #counts = new WeakMap<Socket, number>()

  add(socket: Socket): void {
    this.#counts.set(socket, this.#count(socket) + 1)
  }

  remove(socket: Socket): void {
    this.#counts.set(socket, this.#count(socket) - 1)
  }

  has(socket: Socket): boolean {
    return this.#count(socket) > 0
  }

  #count(socket: Socket): number {
    return this.#counts.get(socket) ?? 0
  }
}

interface Sockets {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: string
  readonly times: HttpTimes
  readonly departure: Departure
  readonly body: RequestBody
}

function toExchange({ request, response, target, times, departure, body }: Sockets): Exchange {
  const exchanged: ExchangeRequest = {
    method: request.method ?? 'GET',
    ...readHead(target, request.rawHeaders),
    host: request.headers.host ?? '',
    rawHeaders: request.rawHeaders,
    sourceIP: toPlainAddress(request.socket.remoteAddress ?? ''),
    readBody: (maxBytes) => body.read(maxBytes),
    signal: departure,
  }
  return { request: exchanged, reply: toReplySink(response, body, times), native: { request, response } }
}

/** A socket that serves both families shows IPv4 callers as IPv6; rules compare what people write. */
function toPlainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}

function toReplySink(response: ServerResponse, body: RequestBody, times: HttpTimes): ReplySink {
  return {
    head: (status, headers) => {
      // A second reply inside of a first would look like its end.
      if (response.headersSent) {
        response.destroy()
        return
      }
      // A body that was not read cannot be told from the next request.
      if (body.isUnread) response.shouldKeepAlive = false
      response.writeHead(status, toNodeHeaders(headers))
      // Node keeps the head until the first byte of the body, which in a stream may be a model's long thought away.
      if (String(headers['content-type']).startsWith('text/event-stream')) response.flushHeaders()
    },
    write: (chunk) => response.write(chunk),
    onDrain: (resume) => {
      response.once('drain', resume)
    },
    end: (chunk) => {
      const isBehind = (response.socket?.writableLength ?? 0) > 0 || response.writableNeedDrain
      const isMuch = chunk !== undefined && !response.write(chunk)
      if (body.isUnread) body.linger(response)
      else response.end()
      // A small reply to a caller who is not behind is in the kernel's hands; it needs no timer.
      if (isBehind || isMuch) response.setTimeout(times.flushTimeoutMs)
    },
    destroy: () => {
      response.destroy()
    },
  }
}

function toNodeHeaders(headers: ReplyHeaders): Record<string, string | string[]> {
  const shown: Record<string, string | string[]> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value !== undefined) shown[name] = typeof value === 'string' ? value : [...value]
  }
  return shown
}

const farewellMs = 1_000

/** Bytes that never became a request: answered in the same form as every refusal, then the connection ends. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket, isAnswering: boolean): void {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswering) {
    socket.destroy()
    return
  }
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
    toRefusal(toBrokenRequest(error.code)),
    plainForm,
  )
  // Neither a caller who goes on sending nor one who never closes keeps the socket.
  socket.resume()
  const farewell = setTimeout(() => socket.destroy(), farewellMs)
  socket.once('close', () => clearTimeout(farewell))
}

function toBrokenRequest(code: string | undefined): GatewayError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new GatewayError('headers_too_large', 'The headers are larger than this gateway takes.')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new GatewayError('request_timeout', 'The headers did not arrive in time.')
  }
  return new GatewayError('bad_request', 'These bytes are not an HTTP request.')
}
