// From a call and what its protocol read to the facts that rules judge. Credentials never become facts.
import type { Facts, Identity, InferenceFacts } from '../policy/model.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import type { ExchangeRequest } from './exchange.ts'
import { toUpstreamHeaders } from './upstream/headers.ts'

export interface FactSources {
  readonly request: ExchangeRequest
  readonly identity: Identity
  readonly connection: CompiledConnection
  readonly bytes: number
  /** Absent on opaque connections. */
  readonly inference?: InferenceFacts | undefined
  readonly nowMs: number
}

export function toFacts({ request, identity, connection, bytes, inference, nowMs }: FactSources): Facts {
  const transport = {
    method: request.method,
    path: request.path,
    headers: connection.reads.has('request.headers') ? toHeaderFacts(request, connection) : {},
    sourceIP: request.sourceIP,
    bytes,
  }
  return { identity, connection: connection.facts, request: { ...transport, ...inference }, nowMs }
}

/**
 * Exactly the headers the model will see: what is judged is what is sent. A name with an underscore stands under its hyphens as
 * well, because CGI-like servers read both as one.
 */
function toHeaderFacts(request: ExchangeRequest, connection: CompiledConnection): Readonly<Record<string, string>> {
  const facts = new Map<string, string>()
  const add = (name: string, value: string): void => {
    const known = facts.get(name)
    facts.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  const sent = toUpstreamHeaders(request.rawHeaders, connection.credential?.header)
  for (let i = 0; i + 1 < sent.length; i += 2) {
    const name = sent[i] ?? ''
    const value = sent[i + 1] ?? ''
    add(name, value)
    if (name.includes('_')) add(name.replaceAll('_', '-'), value)
  }
  // Not by assignment: `__proto__` would be lost, and `constructor` found where nobody sent it.
  return Object.fromEntries(facts)
}
