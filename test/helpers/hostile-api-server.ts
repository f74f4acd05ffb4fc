// An API server that does on demand what a real one does once a month: drops, delays, doubles, splits, compacts, forgets
// to answer. Behind it stands a MemoryStore, the truth that a client must agree with once the faults are over.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as later } from 'node:timers/promises'
import { systemClock } from '../../kube/clock.ts'
import type { KubeCall, Verb } from '../../kube/errors.ts'
import { KubeError } from '../../kube/errors.ts'
import { toCall } from '../../kube/path.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { WatchEvent } from '../../kube/store.ts'
import type { Action } from './truth-api.ts'
import { TruthApi, toSelection, toStatus, withManagedFields } from './truth-api.ts'

export type Fault =
  /** Answers with this status instead; `retryAfter` in seconds. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number; readonly body?: unknown }
  /** Closes the connection without an answer; `after` does the work first, so that only the answer is lost. */
  | { readonly kind: 'reset'; readonly after?: boolean }
  /** Never answers, keeps the connection: a half-open socket. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly ms: number }
  /** For watches, after so many events: */
  | { readonly kind: 'drop' | 'drop-mid-event' | 'silence' | 'garbage' | 'end'; readonly afterEvents: number }
  | { readonly kind: 'error-event'; readonly afterEvents: number; readonly code: number }
  | { readonly kind: 'duplicate' }

export interface Recorded extends KubeCall {
  readonly query: Readonly<Record<string, string>>
  readonly authorization: string | undefined
  readonly body: string
}

export interface HostileOptions {
  readonly resources: readonly Resource[]
  /** What the server makes of sendInitialEvents: an old one refuses it, an even older one does not see it. */
  readonly watchList?: 'supported' | 'refused' | 'ignored'
  /** Bytes per write on watches, to cut characters and events anywhere. */
  readonly chunkBytes?: number
  readonly bookmarkEveryMs?: number
  /** Refuses other bearer tokens. */
  readonly token?: () => string
}

export class HostileApiServer implements AsyncDisposable {
  readonly truth: MemoryStore
  readonly requests: Recorded[] = []
  connections = 0
  readonly #options: HostileOptions
  readonly #server: Server
  readonly #faults: { readonly verb: Verb; readonly fault: Fault }[] = []
  readonly #streams = new Set<ServerResponse>()
  readonly #api: TruthApi

  constructor(options: HostileOptions) {
    this.#options = options
    this.truth = new MemoryStore({
      clock: {
        ...systemClock,
        after: (ms, run) => systemClock.after(ms === 60_000 ? (options.bookmarkEveryMs ?? ms) : ms, run),
      },
    })
    this.#api = new TruthApi(this.truth, options.resources)
    this.#server = createServer(
      (request, response) => void this.#answer(request, response).catch(() => response.destroy()),
    )
    this.#server.on('connection', () => (this.connections += 1))
  }

  get openWatches(): number {
    return this.#streams.size
  }

  async listen(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.listen(0, '127.0.0.1', resolve)
    await promise
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  /** A kubeconfig for this server; client-node wants TLS switched off aloud for http. */
  static toKubeconfig(url: string, user: object = { token: 'test' }): string {
    return JSON.stringify(
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'hostile', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'me', user }],
        contexts: [{ name: 'c', context: { cluster: 'hostile', user: 'me', namespace: 'home' } }],
        'current-context': 'c',
      },
      undefined,
      1,
    )
  }

  /** The next call of this verb meets the fault. Several wait in line. */
  next(verb: Verb, fault: Fault): void {
    this.#faults.push({ verb, fault })
  }

  /** Cuts the connection of every open watch. */
  cutWatches(): void {
    for (const response of this.#streams) response.destroy()
  }

  clearFaults(): void {
    this.#faults.length = 0
  }

  /** As after etcd's compaction: watches and pages from before are Gone. */
  compact(): void {
    for (const resource of this.#options.resources) this.truth.compact(resource)
    this.#api.forgetPages()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await promise
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server')
    const query = Object.fromEntries(url.searchParams)
    const call = toCall(request.method ?? 'GET', url.pathname, query['watch'] === 'true')
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
    const { authorization } = request.headers
    this.requests.push({ ...call, query, authorization, body })
    const fault = this.#takeFault(call.verb)
    if (await this.#spoil(fault, request, response)) return
    if (authorization !== `Bearer ${this.#options.token?.() ?? 'test'}`) sendStatus(response, { status: 401 })
    else if (call.verb === 'watch') await this.#watch(call, query, { response, fault })
    else await this.#act({ call, query, body }, response, fault)
  }

  #takeFault(verb: Verb): Fault | undefined {
    const at = this.#faults.findIndex((waiting) => waiting.verb === verb)
    return at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault
  }

  /** True when the fault leaves nothing to answer. */
  async #spoil(fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (fault?.kind === 'slow') await later(fault.ms)
    if (fault?.kind === 'reset' && fault.after !== true) request.socket.destroy()
    else if (fault?.kind === 'status') sendStatus(response, fault)
    else return fault?.kind === 'hang'
    return true
  }

  async #act(action: Action, response: ServerResponse, fault: Fault | undefined): Promise<void> {
    try {
      const answer = await this.#api.act(action)
      if (fault?.kind === 'reset') response.destroy()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      sendStatus(response, { status: toStatus(error), body: { kind: 'Status', reason: error.code } })
    }
  }

  async #watch(
    call: KubeCall,
    query: Readonly<Record<string, string>>,
    { response, fault }: { response: ServerResponse; fault: Fault | undefined },
  ): Promise<void> {
    if (query['sendInitialEvents'] === 'true' && this.#options.watchList === 'refused') {
      const message = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled'
      return sendStatus(response, { status: 422, body: { kind: 'Status', reason: 'Invalid', message } })
    }
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const events = this.truth.watch(this.#api.find(call), {
      ...toSelection(call, query),
      resourceVersion: query['resourceVersion'],
      timeoutSeconds: Number(query['timeoutSeconds']),
      signal: gone.signal,
    })
    this.#streams.add(response)
    try {
      await this.#stream(events, new WatchScript(fault), { response, signal: gone.signal })
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      response.end(toErrorLine(toStatus(error)))
    } finally {
      this.#streams.delete(response)
    }
  }

  async #stream(
    events: AsyncIterable<WatchEvent<KubeObject>>,
    script: WatchScript,
    { response, signal }: { response: ServerResponse; signal: AbortSignal },
  ): Promise<void> {
    for await (const event of events) {
      if (event.type === 'Bookmark' && event.initialEventsEnd && this.#options.watchList === 'ignored') continue
      for (const step of script.play(toLine(event))) await this.#perform(step, response, signal)
      if (response.destroyed || response.writableEnded) break
    }
    response.end()
  }

  async #perform(step: Step, response: ServerResponse, signal: AbortSignal): Promise<void> {
    if (step.kind === 'write') return this.#write(response, step.text)
    if (step.kind === 'destroy') return void response.destroy()
    if (step.kind === 'end') return void response.end()
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }

  async #write(response: ServerResponse, text: string): Promise<void> {
    const bytes = Buffer.from(text)
    const size = this.#options.chunkBytes ?? bytes.length
    for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
      response.write(bytes.subarray(at, at + size))
      await nextTurn()
    }
  }
}

type Step = { readonly kind: 'write'; readonly text: string } | { readonly kind: 'destroy' | 'end' | 'wait' }

/** What happens to one watch, event by event. */
class WatchScript {
  readonly #fault: Fault | undefined
  #events = 0

  constructor(fault: Fault | undefined) {
    this.#fault = fault
  }

  *play(line: string): Generator<Step> {
    const fault = this.#fault
    if (fault !== undefined && 'afterEvents' in fault && this.#events >= fault.afterEvents)
      return yield* strike(fault, line)
    this.#events += 1
    yield { kind: 'write', text: line }
    if (fault?.kind === 'duplicate') yield { kind: 'write', text: line }
  }
}

function* strike(fault: Extract<Fault, { afterEvents: number }>, line: string): Generator<Step> {
  switch (fault.kind) {
    case 'drop':
      return yield { kind: 'destroy' }
    case 'end':
      return yield { kind: 'end' }
    case 'drop-mid-event':
      yield { kind: 'write', text: line.slice(0, Math.floor(line.length / 2)) }
      return yield { kind: 'destroy' }
    case 'silence':
      return yield { kind: 'wait' }
    case 'garbage':
      yield { kind: 'write', text: '{"type":"ADDED","object":{"kind":\n' }
      return yield { kind: 'end' }
    case 'error-event':
      yield { kind: 'write', text: toErrorLine(fault.code) }
      return yield { kind: 'end' }
  }
}

function toLine(event: WatchEvent<KubeObject>): string {
  if (event.type !== 'Bookmark') {
    const type = event.type === 'Deleted' ? 'DELETED' : event.object.metadata.generation === 1 ? 'ADDED' : 'MODIFIED'
    return `${JSON.stringify({ type, object: withManagedFields(event.object) })}\n`
  }
  const annotations = event.initialEventsEnd ? { 'k8s.io/initial-events-end': 'true' } : {}
  return `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: event.resourceVersion, annotations } } })}\n`
}

function toErrorLine(code: number): string {
  const reason = code === 410 ? 'Expired' : code === 429 ? 'TooManyRequests' : 'InternalError'
  return `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, reason } })}\n`
}

function sendStatus(response: ServerResponse, answer: { status: number; retryAfter?: number; body?: unknown }): void {
  const retryAfter = answer.retryAfter === undefined ? {} : { 'retry-after': String(answer.retryAfter) }
  response.writeHead(answer.status, { 'content-type': 'application/json', ...retryAfter })
  response.end(JSON.stringify(answer.body ?? { kind: 'Status', code: answer.status }))
}
