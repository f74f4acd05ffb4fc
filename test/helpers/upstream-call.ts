// The other side of forwarding tests: connections, calls and permits to forward with, and a reply that remembers.
import type { Network } from '../../policy/address.ts'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import { MaskSets } from '../../policy/mask-sets.ts'
import { mintPermit } from '../../policy/permit.ts'
import type { Permit } from '../../policy/permit.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { ReplyHeaders, ReplySink } from '../../gateway/exchange.ts'
import type { EndpointFailure, UpstreamCall, UpstreamDeps } from '../../gateway/upstream/call.ts'

export const openNetwork: Network = { apiServer: [], clusterRanges: [] }

export function makeEndpoint(origin: string, over: Partial<BundleEndpoint> = {}): BundleEndpoint {
  return { name: 'one', origin, basePath: '', weight: 1, place: 'External', ...over }
}

export interface ConnectionOptions {
  readonly endpoints: readonly BundleEndpoint[]
  readonly limits?: NonNullable<CompiledConnection['declared']['spec']['limits']>
  readonly credential?: CompiledConnection['credential']
}

export function makeConnection({ endpoints, limits, credential }: ConnectionOptions): CompiledConnection {
  const ref = { namespace: 'team-a', name: 'chat', uid: 'uid-1', generation: 1 }
  return {
    id: 'team-a/chat',
    declared: {
      ref,
      labels: {},
      prefix: '/team-a/chat/',
      hostnames: [],
      endpoints,
      spec: {
        mode: 'Active',
        protocol: 'OpenAI',
        endpoints: endpoints.map(({ name, origin }) => ({ name, url: origin })),
        ...(limits === undefined ? {} : { limits }),
      },
    },
    facts: { name: 'chat', namespace: 'team-a', labels: {}, protocol: 'OpenAI' },
    prefix: '/team-a/chat/',
    hostnames: [],
    routeless: false,
    opaque: false,
    paused: false,
    endpoints,
    ...(credential === undefined ? {} : { credential }),
    models: new Map(),
    versions: new Map(),
    tokenizers: new Map(),
    policies: [],
    audits: [],
    classified: new Map(),
    masks: new MaskSets([]),
    reads: new Set(),
  }
}

export function makeCall(connection: CompiledConnection, over: Partial<UpstreamCall> = {}): UpstreamCall {
  return {
    connection,
    method: 'POST',
    path: '/v1/chat/completions',
    query: '',
    rawHeaders: ['Content-Type', 'application/json'],
    body: Buffer.from('{"model":"m"}'),
    signal: new AbortController().signal,
    replyHeaders: { 'x-portcullis-session': 's1' },
    ...over,
  }
}

export function makePermit(connection = 'team-a/chat'): Permit {
  return mintPermit({ connection, policies: ['team-a/allow'], rules: ['team-a/allow/all'] })
}

export interface FakeDeps extends UpstreamDeps {
  readonly failures: EndpointFailure[]
}

export function makeUpstreamDeps(over: Partial<UpstreamDeps> = {}): FakeDeps {
  const failures: EndpointFailure[] = []
  return {
    network: () => openNetwork,
    allowLoopback: true,
    credentials: { get: () => undefined },
    resolve: async (name) => Promise.reject(new Error(`nobody expected the name ${name}`)),
    random: () => 0,
    onEndpointFailure: (failure) => void failures.push(failure),
    failures,
    ...over,
  }
}

/** Remembers all it is given. While `slow`, every write asks for a pause. */
export class RecordedReply implements ReplySink {
  status = 0
  headers: ReplyHeaders = {}
  readonly pieces: Buffer[] = []
  ended = false
  destroyed = false
  slow = false
  #resume: (() => void) | undefined

  readonly head = (status: number, headers: ReplyHeaders): void => {
    this.status = status
    this.headers = headers
  }

  readonly write = (piece: Uint8Array): boolean => {
    this.pieces.push(Buffer.from(piece))
    return !this.slow
  }

  readonly onDrain = (resume: () => void): void => {
    this.#resume = resume
  }

  readonly end = (piece?: Uint8Array): void => {
    if (piece !== undefined) this.pieces.push(Buffer.from(piece))
    this.ended = true
  }

  readonly destroy = (): void => {
    this.destroyed = true
  }

  drain(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString()
  }

  get bytes(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0)
  }
}
