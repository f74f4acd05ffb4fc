// What forwarding takes and gives, for both roads to a model: the judged one (forward.ts) and the opaque one (opaque.ts). Plain
// shapes; nothing here knows undici.
import type { Network } from '../../policy/address.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { GatewayError } from '../errors.ts'
import type { CallerSignal } from '../exchange.ts'
import type { CredentialSource } from './credentials.ts'
import type { Resolve } from './resolve.ts'

/** One permitted call, ready to be sent. */
export interface UpstreamCall {
  readonly connection: CompiledConnection
  readonly method: string
  /** What follows the route's prefix, starting with a slash; the endpoint's base path is put before it. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  /** As the caller sent them; hygiene and the credential are this room's work. */
  readonly rawHeaders: readonly string[]
  /** Lower-case; replace what the caller sent. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent byte for byte; absent for calls without a body. */
  readonly body?: Uint8Array
  /** Aborted when nobody waits for the answer any more; cancels the call to the model at once. */
  readonly signal: CallerSignal
  /** Told when the call leaves: from then on the model may have worked on it. */
  readonly onSent?: () => void
  /** Added to the reply's head after hygiene: session, revision. */
  readonly replyHeaders: Readonly<Record<string, string>>
}

/** How a call ended once its reply had begun. Before that, forwarding rejects with a GatewayError and nothing was written. */
export interface Forwarded {
  /** `Cut`: the caller saw a broken transfer, never a clean end. */
  readonly outcome: 'Completed' | 'Cut'
  readonly status: number
  /** Name of the endpoint that answered. */
  readonly endpoint: string
  /** Bytes of the model's body, as they came. */
  readonly responseBytes: number
  /** Why it was cut. */
  readonly error?: GatewayError
}

/** One endpoint that could not be used, even where another one answered instead. For logs and metrics. */
export interface EndpointFailure {
  readonly connection: string
  readonly endpoint: string
  readonly error: GatewayError
}

export interface UpstreamDeps {
  /** The network of the snapshot in force, read anew for every connection that is opened. */
  readonly network: () => Network
  /** A start-up setting of the process (sidecar, standalone, tests); no custom resource can set it. */
  readonly allowLoopback: boolean
  readonly credentials: CredentialSource
  readonly resolve: Resolve
  /** In [0, 1): where each replica begins in the round of endpoints. */
  readonly random: () => number
  readonly onEndpointFailure: (failure: EndpointFailure) => void
}
