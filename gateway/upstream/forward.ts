// The judged road to a model: a Permit in, the model's reply out. It asks for the Permit, a free slot and the credential, cleans
// the headers, and lets one transfer run over a kept-alive line to the endpoint whose turn it is.
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { Permit } from '../../policy/permit.ts'
import { isPermit } from '../../policy/permit.ts'
import { GatewayError } from '../errors.ts'
import type { ReplySink } from '../exchange.ts'
import type { Forwarded, UpstreamCall, UpstreamDeps } from './call.ts'
import { readCredential } from './credentials.ts'
import { toUpstreamHeaders } from './headers.ts'
import type { UpstreamLimits } from './limits.ts'
import { toUpstreamLimits } from './limits.ts'
import { Lines } from './lines.ts'
import { assertPlainPath } from './path.ts'
import { Rotation } from './pick.ts'
import { Slots } from './slots.ts'
import { runTransfer } from './transfer.ts'

/**
 * Rejects with a GatewayError while the reply has not begun (nothing was written to `reply` then); resolves once it has ended,
 * whole or cut.
 */
export type Forward = (permit: Permit, call: UpstreamCall, reply: ReplySink) => Promise<Forwarded>

/** What both roads share, so that limits, lines and rotations are counted once. */
export interface Upstreams {
  readonly deps: UpstreamDeps
  readonly lines: Lines
  readonly slots: Slots
  readonly standing: (connection: CompiledConnection) => Standing
}

/** What is worked out once per connection and snapshot. */
export interface Standing {
  readonly limits: UpstreamLimits
  readonly rotation: Rotation
}

export function buildUpstreams(deps: UpstreamDeps): Upstreams {
  const known = new WeakMap<CompiledConnection, Standing>()
  const standing = (connection: CompiledConnection): Standing => {
    const found = known.get(connection)
    if (found !== undefined) return found
    const made = { limits: toUpstreamLimits(connection), rotation: new Rotation(connection.endpoints, deps.random) }
    known.set(connection, made)
    return made
  }
  return { deps, lines: new Lines(deps), slots: new Slots(), standing }
}

export function buildForward(upstreams: Upstreams): Forward {
  const { deps, lines, slots } = upstreams
  return async (permit, call, reply) => {
    assertForwardable(permit, call)
    const { connection } = call
    const { limits, rotation } = upstreams.standing(connection)
    const headers = toHeaders(deps, call)
    const free = slots.take(connection.id, limits.maxConcurrent)
    try {
      return await runTransfer({
        call,
        headers,
        limits,
        reply,
        nextEndpoint: (tried) => rotation.next(tried),
        openLine: (endpoint) => lines.get(endpoint, limits.connectTimeoutMs),
        onEndpointFailure: ({ name }, error) =>
          deps.onEndpointFailure({ connection: connection.id, endpoint: name, error }),
      })
    } finally {
      free()
    }
  }
}

/** The type asks for a Permit already; this holds against casts, and against a Permit for another connection. */
export function assertForwardable(permit: Permit, call: UpstreamCall): void {
  if (!isPermit(permit) || permit.grant.connection !== call.connection.id) {
    throw new GatewayError('internal', 'The call was not permitted.', {
      cause: new Error('forward without its Permit'),
    })
  }
  // TRACE answers with the headers it got, the credential among them; CONNECT opens a tunnel.
  if (call.method === 'TRACE' || call.method === 'CONNECT') {
    throw new GatewayError('operation_not_supported', `The method ${call.method} is not forwarded.`)
  }
  assertPlainPath(call.path, call.query)
}

export function toHeaders(deps: UpstreamDeps, call: UpstreamCall): string[] {
  const declared = call.connection.credential
  const headers = replaceHeaders(toUpstreamHeaders(call.rawHeaders, declared?.header), call.headers)
  // Answers may be read here, and a model server that compresses all the same only makes that dearer.
  headers.push('accept-encoding', 'identity')
  if (declared !== undefined) {
    const credential = readCredential(deps.credentials, declared)
    headers.push(credential.name, credential.reveal())
  }
  return headers
}

function replaceHeaders(headers: string[], own: Readonly<Record<string, string>> | undefined): string[] {
  if (own === undefined) return headers
  const kept = headers.filter((_, i) => !Object.hasOwn(own, headers[i - (i % 2)] ?? ''))
  for (const [name, value] of Object.entries(own)) kept.push(name, value)
  return kept
}
