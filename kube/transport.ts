// The one road to the Kubernetes API: pooled connections, a deadline per call, a client-side rate limit, bounded
// retries and a fresh token after a 401. Raw calls and generated clients both travel here; failures leave as KubeError.
import type { Dispatcher } from 'undici'
import { toCall } from './path.ts'
import type { Clock, Deadline } from './clock.ts'
import { sleep, startDeadline } from './clock.ts'
import type { Credential, Credentials } from './credentials.ts'
import type { KubeCall, KubeErrorCode } from './errors.ts'
import { KubeError, isKubeError, isRecord, toKubeError, toNetworkError } from './errors.ts'
import type { BackoffRange, TokenBucket } from './pace.ts'
import { backoffMs } from './pace.ts'
import type { RequestMetrics } from './telemetry.ts'

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Already encoded, without the server: `/api/v1/namespaces/a/pods`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  /** For the whole call, retries included. */
  readonly timeoutMs?: number | undefined
  /** Sending it twice does no harm. GET and DELETE are; a forced apply is when the caller says so. */
  readonly repeatable?: boolean | undefined
  /** Does not wait for the client-side rate limit: leases, on which leadership depends. */
  readonly urgent?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface KubeReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface OpenReply extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface TransportDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly metrics: RequestMetrics
  readonly credentials: Credentials
  readonly bucket: TokenBucket
  readonly retry: BackoffRange
}

const defaultTimeoutMs = 30_000
const maxAttempts = 5

export class Transport {
  readonly #deps: TransportDeps

  constructor(deps: TransportDeps) {
    this.#deps = deps
  }

  async send(request: KubeRequest): Promise<KubeReply> {
    return this.#attempts(request, async (deadline) => {
      const reply = await this.#request(request, deadline.signal)
      return { status: reply.statusCode, headers: toHeaders(reply.headers), body: await reply.body.text() }
    })
  }

  /** For watches: the deadline covers the answer's beginning; what follows lasts until the signal fires. */
  async open(request: KubeRequest): Promise<OpenReply> {
    const stop = new AbortController()
    const follow = (): void => stop.abort()
    if (request.signal?.aborted) stop.abort()
    request.signal?.addEventListener('abort', follow, { once: true })
    const close = (): void => {
      request.signal?.removeEventListener('abort', follow)
      stop.abort()
    }
    try {
      const reply = await this.#attempts(request, async (deadline) => {
        deadline.signal.addEventListener('abort', follow, { once: true })
        try {
          return await this.#request(request, stop.signal)
        } finally {
          deadline.signal.removeEventListener('abort', follow)
        }
      })
      return { chunks: reply.body, [Symbol.asyncDispose]: async () => close() }
    } catch (error) {
      close()
      throw error
    }
  }

  async #attempts<T>(request: KubeRequest, attempt: (deadline: Deadline) => Promise<T>): Promise<T> {
    const call = toCallOf(request)
    using deadline = startDeadline(this.#deps.clock, request.timeoutMs ?? defaultTimeoutMs, request.signal)
    const codes: KubeErrorCode[] = []
    for (;;) {
      try {
        await this.#throttle(request, deadline)
        return await attempt(deadline)
      } catch (thrown) {
        const error = toError(call, thrown, deadline)
        const pauseMs = this.#pauseMs(request, error, codes)
        if (pauseMs >= deadline.remainingMs()) throw error
        if (error.code === 'Unauthorized') this.#deps.credentials.reload()
        codes.push(error.code)
        await sleep(this.#deps.clock, pauseMs, deadline.signal)
      }
    }
  }

  async #throttle(request: KubeRequest, deadline: Deadline): Promise<void> {
    const waitMs = request.urgent === true ? 0 : this.#deps.bucket.reserveMs()
    this.#deps.metrics.throttled(waitMs / 1000)
    if (waitMs > 0) await sleep(this.#deps.clock, waitMs, deadline.signal)
    deadline.signal.throwIfAborted()
  }

  async #request(request: KubeRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { clock, credentials, metrics } = this.#deps
    const call = toCallOf(request)
    const host = new URL(credentials.server).host
    const startedMs = clock.monotonicMs()
    const record = (code: string): void => {
      const seconds = (clock.monotonicMs() - startedMs) / 1000
      metrics.requested({ verb: call.verb, method: request.method, host, code, seconds })
    }
    const credential = await credentials.read().catch((error: unknown) => {
      throw toCredentialError(call, error)
    })
    const reply = await this.#dispatch(request, credential, signal).catch((error: unknown) => {
      record('<error>')
      throw error
    })
    record(String(reply.statusCode))
    if (reply.statusCode >= 300) throw await toReplyError(call, reply)
    return reply
  }

  async #dispatch(request: KubeRequest, credential: Credential, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const url = new URL(this.#deps.credentials.server + request.path)
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value)
    }
    return credential.dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: { accept: 'application/json', 'user-agent': 'portcullis', ...request.headers, ...credential.headers },
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    })
  }

  /** How long until the next attempt; for ever when there must be none. */
  #pauseMs(request: KubeRequest, error: KubeError, before: readonly KubeErrorCode[]): number {
    if (error.code === 'Unauthorized') return before.includes('Unauthorized') ? Number.POSITIVE_INFINITY : 0
    if (before.length + 1 >= maxAttempts || !mayRepeat(request, error)) return Number.POSITIVE_INFINITY
    return Math.max(error.retryAfterMs ?? 0, backoffMs(this.#deps.retry, before.length, this.#deps.random))
  }
}

function mayRepeat(request: KubeRequest, error: KubeError): boolean {
  // A 429 was refused before anything happened, so even a create may be sent again.
  if (error.code === 'TooManyRequests') return true
  const isHarmless = request.repeatable ?? (request.method === 'GET' || request.method === 'DELETE')
  return isHarmless && (error.code === 'Unavailable' || error.code === 'Network' || error.status === 504)
}

export function toCallOf(request: KubeRequest): KubeCall {
  return toCall(request.method, request.path, request.query?.['watch'] === 'true')
}

function toError(call: KubeCall, thrown: unknown, deadline: Deadline): KubeError {
  if (isKubeError(thrown)) return thrown
  if (deadline.expired()) return new KubeError('Timeout', call, { detail: 'no answer before the deadline' })
  if (deadline.signal.aborted) return new KubeError('Aborted', call)
  return toNetworkError(call, thrown)
}

/** An unreadable token file or a failed exec plugin; their text stays out, it can quote the credential. */
function toCredentialError(call: KubeCall, error: unknown): KubeError {
  const code = isRecord(error) && typeof error['code'] === 'string' ? ` (${error['code']})` : ''
  return new KubeError('Unauthorized', call, { detail: `the credentials could not be read${code}` })
}

async function toReplyError(call: KubeCall, reply: Dispatcher.ResponseData): Promise<KubeError> {
  const text = await reply.body.text()
  const retryAfter = Number(toHeaders(reply.headers)['retry-after'])
  return toKubeError(call, parseOrNothing(text), {
    status: reply.statusCode,
    retryAfterMs: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : undefined,
  })
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // A proxy's HTML page, say: the status code has to do.
  }
}

function toHeaders(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const present = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]))
}
