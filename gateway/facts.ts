// From a call and what its protocol read to the facts that rules judge. Credentials never become facts.
import type { Facts, Identity, InferenceFacts } from '../policy/model.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import type { ExchangeRequest } from './exchange.ts'
import { isSecretHeader } from './upstream/headers.ts'

export interface FactSources {
  readonly request: ExchangeRequest
  readonly identity: Identity
  readonly connection: CompiledConnection
  readonly bytes: number
  /** Absent on opaque connections. */
  readonly inference?: InferenceFacts
  readonly nowMs: number
}

export function toFacts({ request, identity, connection, bytes, inference, nowMs }: FactSources): Facts {
  const transport = {
    method: request.method,
    path: request.path,
    headers: connection.reads.has('request.headers') ? toHeaderFacts(request.headers) : {},
    sourceIP: request.sourceIP,
    bytes,
  }
  return { identity, connection: connection.facts, request: { ...transport, ...inference }, nowMs }
}

function toHeaderFacts(headers: ExchangeRequest['headers']): Readonly<Record<string, string>> {
  const facts: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !isSecretHeader(name)) facts[name] = value
  }
  return facts
}
