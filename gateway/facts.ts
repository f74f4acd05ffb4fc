// From a call and what its protocol read to the facts that rules judge. Credentials never become facts.
import type { LimitDemand } from '../policy/evaluate.ts'
import type { Facts, Identity } from '../policy/model.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import type { ExchangeRequest } from './exchange.ts'
import type { Spending } from './limits/reservation.ts'
import type { MakeScan } from './masking/scan.ts'
import type { Asked } from './read.ts'
import type { CountTokens } from './tokens/count-input.ts'
import { toUpstreamHeaders } from './upstream/headers.ts'

export interface FactSources {
  readonly request: ExchangeRequest
  readonly identity: Identity
  readonly connection: CompiledConnection
  readonly asked: Asked
  readonly nowMs: number
}

export interface FactDeps {
  readonly countTokens: CountTokens
  readonly makeScan: MakeScan
}

export function toFacts({ countTokens, makeScan }: FactDeps, sources: FactSources): Facts {
  const { request, identity, connection, asked, nowMs } = sources
  const transport = {
    method: request.method,
    path: request.path,
    headers: connection.reads.has('request.headers') ? toHeaderFacts(asked, connection) : {},
    sourceIP: request.sourceIP,
    bytes: asked.bytes,
  }
  const inference = asked.read?.facts
  const known = { ...transport, ...inference }
  return {
    identity,
    connection: connection.facts,
    // Counting costs more than all other facts together.
    request: connection.reads.has('request.inputTokens')
      ? { ...known, inputTokens: countTokens(connection, inference, asked.bytes) }
      : known,
    scan: makeScan(connection, asked.read),
    nowMs,
  }
}

/** What a call may cost; tokens are counted only where a limit does. */
export function toSpending(
  countTokens: CountTokens,
  { connection, asked }: Pick<FactSources, 'connection' | 'asked'>,
  demands: readonly LimitDemand[],
  facts: Facts,
): Spending {
  const inputTokens = demands.some(({ measure }) => measure === 'Tokens')
    ? (facts.request.inputTokens ?? countTokens(connection, asked.read?.facts, asked.bytes))
    : 0
  const { maxTokens = 0, choices = 1 } = facts.request
  return { inputTokens, maxTokens: maxTokens * choices }
}

/**
 * Exactly the headers the model will see: what is judged is what is sent. A name with an underscore stands under its hyphens as
 * well, because CGI-like servers read both as one.
 */
function toHeaderFacts({ rawHeaders, read }: Asked, connection: CompiledConnection): Readonly<Record<string, string>> {
  const facts = new Map<string, string>()
  const add = (name: string, value: string): void => {
    const known = facts.get(name)
    facts.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  const sent = toUpstreamHeaders(rawHeaders, connection.credential?.header)
  for (let i = 0; i + 1 < sent.length; i += 2) {
    const name = sent[i] ?? ''
    const value = sent[i + 1] ?? ''
    add(name, value)
    if (name.includes('_')) add(name.replaceAll('_', '-'), value)
  }
  for (const [name, value] of Object.entries(read?.upstream.headers ?? {})) facts.set(name, value)
  // Not by assignment: `__proto__` would be lost, and `constructor` found where nobody sent it.
  return Object.fromEntries(facts)
}
