// From bytes to what is asked, by the connection's protocol. An opaque body is not read at all; every other body is read whole,
// within its limit, decoded of its content encoding, and only in a form that can be judged.
import type { CompiledConnection } from '../policy/snapshot.ts'
import { decodeBody, readCoding, withoutCoding } from './encoding/request.ts'
import { GatewayError } from './errors.ts'
import type { ExchangeRequest } from './exchange.ts'
import type { Protocols } from './protocols/find.ts'
import type { ReadRequest } from './protocols/protocol.ts'

export const defaultMaxRequestBytes = 10_485_760

/** Without `read`: streamed past the gateway unread. */
export interface Asked {
  /** Of the body as it is judged and sent on; on opaque connections as it is announced. */
  readonly bytes: number
  readonly path: string
  /** Those that describe what goes on. */
  readonly rawHeaders: readonly string[]
  readonly read?: ReadRequest
}

export interface AskedOf {
  readonly connection: CompiledConnection
  readonly rest: string
}

export async function readAsked(
  protocols: Protocols,
  request: ExchangeRequest,
  { connection, rest }: AskedOf,
): Promise<Asked> {
  const { method, query, headers, rawHeaders } = request
  if (connection.opaque) return { bytes: toDeclaredLength(request), path: rest, rawHeaders }
  const plan = protocols.of(connection).plan({ method, path: rest, query, headers })
  const body = plan.takesBody ? await readBody(request, connection) : assertNoBody(request)
  return { bytes: body.byteLength, path: rest, rawHeaders: withoutCoding(rawHeaders), read: plan.read(body) }
}

export function maxRequestBytes(connection: CompiledConnection): number {
  return connection.declared.spec.limits?.maxRequestBytes ?? defaultMaxRequestBytes
}

async function readBody(request: ExchangeRequest, connection: CompiledConnection): Promise<Uint8Array> {
  const coding = readCoding(request.headers['content-encoding'])
  const maxBytes = maxRequestBytes(connection)
  const body = await request.readBody(maxBytes)
  return coding === 'identity' ? body : decodeBody(coding, body, maxBytes)
}

const nothing = new Uint8Array()

function assertNoBody({ headers }: ExchangeRequest): Uint8Array {
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return nothing
  throw new GatewayError('body_malformed', 'This operation takes no body.')
}

function toDeclaredLength(request: ExchangeRequest): number {
  const length = Number(request.headers['content-length'] ?? 0)
  return Number.isSafeInteger(length) && length > 0 ? length : 0
}
