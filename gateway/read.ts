// From bytes to what is asked, by the connection's protocol. An opaque body is not read at all; every other body is read whole,
// within its limit, and only in a form that can be judged.
import { isUtf8 } from 'node:buffer'
import type { InferenceFacts } from '../policy/model.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import { GatewayError } from './errors.ts'
import type { ExchangeRequest } from './exchange.ts'
import { findOperation, readRequest, toUpstreamPath, withModel } from './protocols/openai.ts'

export const defaultMaxRequestBytes = 10_485_760

export interface Asked {
  readonly bytes: number
  readonly inference?: InferenceFacts
  /** Absent when the body is streamed past the gateway unread. */
  readonly body?: Uint8Array
  /** What follows the endpoint's base path. */
  readonly upstreamPath: string
}

export async function readAsked(
  request: ExchangeRequest,
  connection: CompiledConnection,
  rest: string,
): Promise<Asked> {
  if (connection.opaque) return { bytes: toDeclaredLength(request), upstreamPath: rest }
  const operation = findOperation(request.method, rest)
  assertKnownQuery(request.query)
  assertJsonBody(request)
  const { buffer, byteOffset, byteLength } = await request.readBody(maxRequestBytes(connection))
  const body = Buffer.from(buffer, byteOffset, byteLength)
  if (!isUtf8(body)) throw new GatewayError('body_malformed', 'The body is not valid UTF-8.')
  const text = body.toString('utf8')
  const inference = readRequest(operation, text)
  const upstreamModel = findUpstreamModel(connection, inference.model)
  return {
    bytes: body.byteLength,
    inference,
    body: upstreamModel === inference.model ? body : Buffer.from(withModel(text, upstreamModel)),
    upstreamPath: toUpstreamPath(operation),
  }
}

export function maxRequestBytes(connection: CompiledConnection): number {
  return connection.declared.spec.limits?.maxRequestBytes ?? defaultMaxRequestBytes
}

/** A connection that declares its models offers those alone; one that declares none passes every name on. */
function findUpstreamModel(connection: CompiledConnection, model: string): string {
  if (connection.models.size === 0) return model
  const upstream = connection.models.get(model)
  if (upstream === undefined)
    throw new GatewayError('model_not_found', 'This connection does not offer the model asked for.')
  return upstream
}

/** What a server may take from the query (a model, a key) nobody here would have judged. Azure's version is harmless and needed. */
const knownQuery = /^(?:\?(?:api-version=[\w.-]{1,64})?)?$/u

function assertKnownQuery(query: string): void {
  if (knownQuery.test(query)) return
  throw new GatewayError('bad_request', 'The only query parameter of this operation is api-version.')
}

const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/iu

function assertJsonBody(request: ExchangeRequest): void {
  const type = request.headers['content-type']
  if (type === undefined || !jsonType.test(type)) {
    throw new GatewayError('content_type_unsupported', 'The content type must be application/json.')
  }
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError('content_encoding_unsupported', 'Compressed request bodies are not supported yet.')
  }
}

function toDeclaredLength(request: ExchangeRequest): number {
  const length = Number(request.headers['content-length'] ?? 0)
  return Number.isSafeInteger(length) && length > 0 ? length : 0
}
