// From a call in a file to what the gateway would have read from its sockets: the request with the bytes of its body, and the answer
// of a model server with its own.
import { GatewayError } from '../../gateway/errors.ts'
import type { ExchangeRequest } from '../../gateway/exchange.ts'
import { readHead } from '../../gateway/listen/head.ts'
import type { AnswerHead } from '../../gateway/protocols/protocol.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { AnswerSpec, BodySpec, EventSpec, RequestSpec } from './call.ts'

/** Of the addresses that are kept for documentation (RFC 5737). */
const usualSource = '192.0.2.1'

/** `connection`: whose prefix stands before the path; absent: the path is whole. */
export function toRequest(spec: RequestSpec, connection: CompiledConnection | undefined): ExchangeRequest {
  const body = toBytes(spec)
  const host = spec.host ?? toHost(connection)
  const { sourceIP = usualSource } = spec
  const rawHeaders = toRawHeaders(spec, { host, length: body?.byteLength })
  const target = connection === undefined ? spec.path : `${connection.prefix.replace(/\/$/, '')}${spec.path}`
  return {
    ...readHead(target, rawHeaders),
    method: methodOf(spec),
    host,
    rawHeaders,
    sourceIP,
    readBody: async (maxBytes) => readBody(body ?? new Uint8Array(), maxBytes),
    signal: new AbortController().signal,
  }
}

/** What is not said is what a client would do. */
export function methodOf({ method, ...spec }: RequestSpec): string {
  return method ?? (toBytes(spec) === undefined ? 'GET' : 'POST')
}

function readBody(body: Uint8Array, maxBytes: number): Uint8Array {
  if (body.byteLength <= maxBytes) return body
  throw new GatewayError('body_too_large', `The body is larger than the ${maxBytes} bytes this connection takes.`)
}

/** One that leads to the connection; `*` stands for any one name. */
function toHost(connection: CompiledConnection | undefined): string {
  return (connection?.hostnames[0] ?? 'gateway').replace('*', 'any')
}

interface Known {
  readonly host: string
  readonly length: number | undefined
}

function toRawHeaders(spec: RequestSpec, { host, length }: Known): readonly string[] {
  const given = Object.entries(spec.headers ?? {})
  const usual = {
    host,
    ...toTyped(spec),
    ...(length === undefined ? {} : { 'content-length': String(length) }),
  }
  const isGiven = new Set(given.map(([name]) => name.toLowerCase()))
  return [...Object.entries(usual).filter(([name]) => !isGiven.has(name)), ...given].flat()
}

function toTyped(body: BodySpec): { readonly 'content-type'?: string } {
  if (body.json !== undefined) return { 'content-type': 'application/json' }
  return body.text === undefined ? {} : { 'content-type': 'text/plain; charset=utf-8' }
}

function toBytes({ json, text, base64 }: BodySpec): Uint8Array | undefined {
  if (json !== undefined) return Buffer.from(JSON.stringify(json))
  if (text !== undefined) return Buffer.from(text)
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}

export interface AnswerMessage {
  readonly head: AnswerHead
  /** A stream comes event by event, everything else at once. */
  readonly pieces: readonly Uint8Array[]
}

export function toAnswer(spec: AnswerSpec): AnswerMessage {
  const { status = 200, events } = spec
  const type = events === undefined ? toTyped(spec) : { 'content-type': 'text/event-stream' }
  const given = Object.entries(spec.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  const head = { status, headers: { ...type, ...Object.fromEntries(given) } }
  if (events !== undefined) return { head, pieces: events.map((event) => Buffer.from(toEventText(event))) }
  return { head, pieces: [toBytes(spec) ?? new Uint8Array()] }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
function toEventText({ event, data }: EventSpec): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${event === undefined ? '' : `event: ${event}\n`}${lines.join('')}\n`
}
