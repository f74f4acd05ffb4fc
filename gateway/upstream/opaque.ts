// The road for connections declared Opaque: @fastify/http-proxy carries bodies that nobody here reads, in both directions as
// streams, behind the same judgement. It runs in a fastify instance that never listens: the only way in is `forward`, which
// demands the Permit, and its preHandler refuses every request that did not come that way.
//
// Of the proxy, the plumbing is used: routes, bodies as streams, sending the reply. What it does otherwise than this gateway is
// replaced through its options: its own undici 7 with TLS verification off (`undici: { request }` sends over our lines
// instead), ten retries of a GET on 503 (`retryDelay`), its URL building and header copying (path and headers are ours, byte for
// byte), its error replies (`onError` hands the response back, so that refusals have one form).
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import httpProxy from '@fastify/http-proxy'
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyError, FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import type { Dispatcher } from 'undici'
import { errors } from 'undici'
import type { Permit } from '../../policy/permit.ts'
import { isPermit } from '../../policy/permit.ts'
import { GatewayError } from '../errors.ts'
import type { Forwarded, UpstreamCall } from './call.ts'
import type { Native } from './errand.ts'
import { Errand } from './errand.ts'
import { assertForwardable, toHeaders } from './forward.ts'
import type { Upstreams } from './forward.ts'
import { toReplyHeaders } from './headers.ts'
import type { Line } from './lines.ts'
import { toRefusal } from './transfer.ts'

export interface OpaqueRoad {
  /**
   * `native.request` must be unread, `native.response` unwritten. Rejects with a GatewayError while the reply has not begun, and
   * the response is then free for the refusal; resolves once it has ended, whole or cut.
   */
  readonly forward: (permit: Permit, call: UpstreamCall, native: Native) => Promise<Forwarded>
  readonly close: () => Promise<void>
}

interface Admitted {
  readonly permit: Permit
  readonly errand: Errand
}

/** What is needed of fastify's objects, whichever server they were typed for. */
interface ProxiedRequest {
  readonly raw: object
}

interface ProxiedReply {
  readonly raw: { readonly destroy: () => unknown }
  readonly hijack: () => unknown
}

/** Tells our `request` which errand the proxy is on. Callers cannot send it: hygiene drops `x-portcullis-*`. */
const errandHeader = 'x-portcullis-errand'

export async function buildOpaqueRoad(upstreams: Upstreams): Promise<OpaqueRoad> {
  const admitted = new WeakMap<object, Admitted>()
  const errands = new Map<string, Errand>()
  const app = await buildProxy(admitted, errands)
  const { deps, lines, slots } = upstreams
  let count = 0
  const forward = async (permit: Permit, call: UpstreamCall, native: Native): Promise<Forwarded> => {
    assertForwardable(permit, call)
    const { limits, rotation } = upstreams.standing(call.connection)
    assertSize(native.request, limits.maxRequestBytes)
    const headers = [...toHeaders(deps, call), ...toLength(native.request)]
    // A streamed body can be sent once only, so there is no second endpoint to try.
    const endpoint = rotation.next()
    if (endpoint === undefined)
      throw new GatewayError('upstream_unreachable', 'No endpoint of this connection is in rotation.')
    const line = lines.get(endpoint, limits.connectTimeoutMs)
    count += 1
    const errand = new Errand({ id: String(count), call, native, endpoint, line, limits, headers })
    const free = slots.take(call.connection.id, limits.maxConcurrent)
    errands.set(errand.options.id, errand)
    admitted.set(native.request, { permit, errand })
    try {
      return await errand.run(() => app.routing(native.request, native.response))
    } catch (error) {
      if (error instanceof GatewayError && error.code.startsWith('upstream')) {
        deps.onEndpointFailure({ connection: call.connection.id, endpoint: endpoint.name, error })
      }
      throw error
    } finally {
      errands.delete(errand.options.id)
      free()
    }
  }
  return { forward, close: async () => app.close() }
}

async function buildProxy(
  admitted: WeakMap<object, Admitted>,
  errands: ReadonlyMap<string, Errand>,
): Promise<FastifyInstance> {
  const errandOf = (request: ProxiedRequest): Errand => {
    const found = admitted.get(request.raw)
    if (found === undefined || !isPermit(found.permit))
      throw new GatewayError('internal', 'The call was not permitted.')
    return found.errand
  }
  const giveUp = (request: ProxiedRequest, reply: ProxiedReply, error: Error): void => {
    const found = admitted.get(request.raw)
    reply.hijack()
    // Without an errand there is nobody to hand the response back to.
    if (found === undefined) reply.raw.destroy()
    else found.errand.fail(toCause(error))
  }
  const app = Fastify({ logger: false, rewriteUrl: () => '/' })
  app.setErrorHandler((error: FastifyError, request, reply) => giveUp(request, reply, error))
  app.setNotFoundHandler((request, reply) => {
    giveUp(request, reply, new GatewayError('operation_not_supported', 'This method is not forwarded.'))
  })
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(null, payload.pipe(errandOf(request).meterRequest()))
  })
  await app.register(httpProxy, {
    upstream: '',
    disableCache: true,
    disableRequestLogging: true,
    undici: toReplyFromClient(errands),
    preHandler: (request, _reply, done) => {
      errandOf(request)
      done()
    },
    handler: (_request, reply, _dest, options) => reply.from('/', options),
    replyOptions: {
      getUpstream: (request) => errandOf(request).options.endpoint.origin,
      rewriteRequestHeaders: (request) => ({ [errandHeader]: errandOf(request).options.id }),
      rewriteHeaders: (received, request) => (request === undefined ? {} : toShownHeaders(received, errandOf(request))),
      queryString: () => '',
      retryDelay: () => null,
      onError: (reply, { error }) => giveUp(reply.request, reply, error),
    },
  })
  await app.ready()
  return app
}

function toShownHeaders(received: IncomingHttpHeaders, { options }: Errand): Record<string, string | string[]> {
  const shown = toReplyHeaders(received, options.call.replyHeaders)
  return Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  )
}

type Answer = (
  error: Error | null,
  response?: { statusCode: number; headers: IncomingHttpHeaders; body: unknown },
) => void

/** reply-from's idea of a client: `request(options, callback)`, of which only the errand and the body are taken. */
function toReplyFromClient(errands: ReadonlyMap<string, Errand>): NonNullable<FastifyHttpProxyOptions['undici']> {
  const request = (options: Dispatcher.RequestOptions & { headers: Record<string, string> }, answer: Answer): void => {
    const errand = errands.get(options.headers[errandHeader] ?? '')
    if (errand === undefined) answer(new GatewayError('internal', 'The call was not permitted.'))
    else send(errand, options.body, answer)
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- reply-from is typed with its own undici 7, and calls `request` in this form alone (its lib/request.js)
  return { request } as unknown as NonNullable<FastifyHttpProxyOptions['undici']>
}

function send(errand: Errand, body: Dispatcher.RequestOptions['body'], answer: Answer): void {
  const { call, endpoint, line, limits, headers } = errand.options
  const options: Dispatcher.RequestOptions = {
    method: call.method,
    path: endpoint.basePath + call.path + call.query,
    headers,
    body: body ?? null,
    bodyTimeout: limits.idleTimeoutMs,
    signal: errand.signal,
  }
  line.dispatcher.compose(watch(line, errand)).request(options, (error, response) => {
    if (error !== null) {
      answer(error)
      return
    }
    const { statusCode, headers: received, body: stream } = response
    const refusal = toRefusal(statusCode, received, limits)
    if (refusal !== undefined) {
      stream.on('error', ignore).destroy()
      answer(refusal)
      return
    }
    errand.begin(statusCode)
    const metered = errand.meterResponse()
    pipeline(stream, metered, (broken) => {
      if (broken !== undefined && broken !== null) errand.note(broken)
    })
    answer(null, { statusCode, headers: received, body: metered })
  })
}

/** Notices when the call is sent, and takes an end by reset for what it is (see lines.ts). */
function watch(line: Line, errand: Errand): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        errand.leave()
        handler.onRequestStart?.(controller, context)
      },
      onResponseStart: (...event) => handler.onResponseStart?.(...event),
      onResponseData: (...event) => handler.onResponseData?.(...event),
      onResponseEnd: (controller, trailers) => {
        if (line.resetting) handler.onResponseError?.(controller, new errors.SocketError('reset'))
        else handler.onResponseEnd?.(controller, trailers)
      },
      onResponseError: (...event) => handler.onResponseError?.(...event),
    })
}

function assertSize(request: IncomingMessage, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) <= maxBytes) return
  throw new GatewayError('body_too_large', `The body is larger than the ${maxBytes} bytes this connection takes.`)
}

/** A length that the caller announced stays announced; undici holds the body to it. */
function toLength(request: IncomingMessage): string[] {
  const length = request.headers['content-length']
  const isBodiless = request.method === 'GET' || request.method === 'HEAD'
  return length === undefined || isBodiless ? [] : ['content-length', length]
}

/** reply-from and fastify wrap what went wrong; the cause is what happened. */
function toCause(error: Error): Error {
  if (error instanceof GatewayError) return error
  if ('statusCode' in error && error.statusCode === 415) {
    return new GatewayError('content_type_unsupported', 'The content type is not one that can be read.')
  }
  return error.cause instanceof Error ? error.cause : error
}

function ignore(): void {
  // The stream is given up; whatever else befalls it is of no interest.
}
