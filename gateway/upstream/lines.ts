// One line (a pool of kept-alive connections) per endpoint and TLS identity, shared by all connections that name the same one.
// Lines are opened on first use and retired when no snapshot names their endpoint any more.
import type { Dispatcher } from 'undici'
import { Pool } from 'undici'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { ConnectDeps } from './connector.ts'
import { buildConnect } from './connector.ts'
import { toUpstreamLimits } from './limits.ts'

export interface Line {
  readonly dispatcher: Dispatcher
  /** True while a connection of this line is being torn down by a reset (see `noteReset`). */
  resetting: boolean
}

/** Beyond this, calls queue inside the pool, within the call's own deadline. */
const maxSocketsPerLine = 1024
const maxHeaderBytes = 32 * 1024
/**
 * A busy connection is replaced after so many calls (an idle one closes by itself), so that changed DNS and Service endpoints are
 * followed under steady load. Undici's `clientTtl` would ask the clock for every pooled connection on every call.
 */
const maxCallsPerSocket = 5000

export class Lines {
  readonly #deps: ConnectDeps
  readonly #byIdentity = new Map<string, Line>()
  /** Endpoints are immutable, so their identity (with a whole CA in it) is put together once. */
  readonly #byEndpoint = new WeakMap<BundleEndpoint, Line>()

  constructor(deps: ConnectDeps) {
    this.#deps = deps
  }

  get(endpoint: BundleEndpoint, connectTimeoutMs: number): Line {
    const known = this.#byEndpoint.get(endpoint)
    if (known !== undefined && !isClosed(known)) return known
    const identity = toIdentity(endpoint, connectTimeoutMs)
    const line = this.#byIdentity.get(identity) ?? openLine(this.#deps, endpoint, connectTimeoutMs)
    this.#byIdentity.set(identity, line)
    this.#byEndpoint.set(endpoint, line)
    return line
  }

  /** Retires every line that none of these connections uses: calls in flight finish, new ones open a new line. */
  retain(connections: Iterable<CompiledConnection>): void {
    const wanted = new Set<string>()
    for (const connection of connections) {
      const { connectTimeoutMs } = toUpstreamLimits(connection)
      for (const endpoint of connection.endpoints) wanted.add(toIdentity(endpoint, connectTimeoutMs))
    }
    for (const [identity, line] of this.#byIdentity) {
      if (wanted.has(identity)) continue
      this.#byIdentity.delete(identity)
      line.dispatcher.close(ignore)
    }
  }

  /** Waits for calls in flight. */
  async close(): Promise<void> {
    const lines = [...this.#byIdentity.values()]
    this.#byIdentity.clear()
    await Promise.all(lines.map(async ({ dispatcher }) => dispatcher.close()))
  }
}

function openLine(deps: ConnectDeps, endpoint: BundleEndpoint, connectTimeoutMs: number): Line {
  const connect = buildConnect(deps, endpoint, connectTimeoutMs)
  const dispatcher = new Pool(endpoint.origin, {
    allowH2: false,
    pipelining: 1,
    connections: maxSocketsPerLine,
    maxRequestsPerClient: maxCallsPerSocket,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0,
    connect: (options, callback) => {
      connect(options, (...result) => {
        const [, socket] = result
        socket?.on('error', () => noteReset(line))
        callback(...result)
      })
    },
  })
  const line: Line = { dispatcher, resetting: false }
  return line
}

/**
 * A body without length or chunks ends with its connection. Undici takes a reset for such an end too, and reports success from
 * within its own 'error' listener, which runs right after this one: in that moment an end is a cut.
 */
function noteReset(line: Line): void {
  line.resetting = true
  queueMicrotask(() => {
    line.resetting = false
  })
}

function isClosed({ dispatcher }: Line): boolean {
  return dispatcher instanceof Pool && (dispatcher.closed || dispatcher.destroyed)
}

function toIdentity(endpoint: BundleEndpoint, connectTimeoutMs: number): string {
  const { origin, place, serverName, caPem } = endpoint
  return JSON.stringify([origin, place, serverName, caPem, connectTimeoutMs])
}

function ignore(): void {
  // Closing in the background: nobody waits for it, and it cannot fail.
}
