// Keeps one list-and-watch alive for one selection of objects, for as long as its signal does, whatever the server
// or the network do, and hands what it learns to a sink. The reflector runs one feed per namespace it is asked for.
//
//   resync (WatchList, or paged list) -> follow the watch -> it ends: resume from the last version
//                ^                                        -> Gone, or something unreadable: forget the version
//                +----------------------------------------+
import type { Clock, Deadline } from './clock.ts'
import { sleep, startDeadline } from './clock.ts'
import type { KubeErrorCode } from './errors.ts'
import { isKubeError } from './errors.ts'
import { backoffMs } from './pace.ts'
import type { KubeObject, Resource } from './resource.ts'
import { toKey, toResourceName } from './resource.ts'
import type { ResourceStore, Selection, WatchEvent } from './store.ts'
import type { Log, ReflectorMetrics } from './telemetry.ts'
import { toErrorFields } from './telemetry.ts'

export interface FeedSink<T> {
  /** The complete truth about the selection. */
  readonly replace: (objects: ReadonlyMap<string, T>) => void
  readonly set: (object: T) => void
  readonly remove: (object: T) => void
}

export interface FeedLimits {
  /** A watch that says nothing for longer is taken for dead; servers send a bookmark about once a minute. */
  readonly silenceMs: number
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  /** A watch that lived this long clears the backoff. */
  readonly healthyMs: number
}

const longestRetryAfterMs = 60_000

export const defaultFeedLimits: FeedLimits = {
  silenceMs: 150_000,
  backoffMinMs: 800,
  backoffMaxMs: 30_000,
  healthyMs: 60_000,
}

export interface FeedDeps {
  readonly store: Pick<ResourceStore, 'list' | 'watch'>
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: ReflectorMetrics
}

/** An end that is not an error says whether the watch was worth anything. */
type Ending = 'closed' | 'silent' | 'incomplete' | KubeErrorCode | 'Unknown'

export class Feed<T extends KubeObject> {
  readonly #deps: FeedDeps
  readonly #resource: Resource<T>
  readonly #selection: Selection
  readonly #sink: FeedSink<T>
  readonly #limits: FeedLimits
  readonly #name: string
  #version: string | undefined
  #failures = 0
  #beatMs: number
  /** The server cannot stream the initial state at all. */
  #isWatchListRefused = false
  /** The last attempt to stream it failed: list once instead, lest the same failure repeat for ever. */
  #isListDue = false

  constructor(
    deps: FeedDeps,
    options: { resource: Resource<T>; selection: Selection; sink: FeedSink<T>; limits: FeedLimits },
  ) {
    this.#deps = deps
    this.#resource = options.resource
    this.#selection = options.selection
    this.#sink = options.sink
    this.#limits = options.limits
    this.#name = toResourceName(options.resource)
    this.#beatMs = deps.clock.monotonicMs()
  }

  /** How long the loop itself has shown no sign of life. An unreachable server does not count: attempts are signs. */
  quietMs(): number {
    return this.#deps.clock.monotonicMs() - this.#beatMs
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedMs = this.#beat()
      const ending = await this.#once(signal)
      if (signal.aborted) return
      this.#learn(ending.code)
      const ownMs = this.#pauseMs(ending.code, this.#beat() - startedMs)
      const pauseMs = Math.max(ownMs, Math.min(ending.retryAfterMs ?? 0, longestRetryAfterMs))
      this.#report(ending.code, pauseMs)
      if (pauseMs > 0) await sleep(this.#deps.clock, pauseMs, signal)
    }
  }

  #report(code: Ending, pauseMs: number): void {
    this.#deps.metrics.restarted(this.#name, code)
    const fields = { resource: this.#name, namespace: this.#selection.namespace, reason: code, pauseMs }
    if (code === 'closed') this.#deps.log.debug(fields, 'watch ended, resuming')
    else this.#deps.log[this.#failures > 3 ? 'warn' : 'info'](fields, 'watch failed, resuming')
  }

  async #once(signal: AbortSignal): Promise<{ readonly code: Ending; readonly retryAfterMs?: number | undefined }> {
    using patience = startDeadline(this.#deps.clock, this.#limits.silenceMs, signal)
    try {
      if (this.#version === undefined && (this.#isWatchListRefused || this.#isListDue)) await this.#list(patience)
      const code = await this.#follow(patience)
      return { code: patience.expired() ? 'silent' : code }
    } catch (error) {
      if (patience.expired()) return { code: 'silent' }
      if (isKubeError(error)) return { code: error.code, retryAfterMs: error.retryAfterMs }
      // A mistake of ours must not end the loop: a cache that silently stops is worse than one that keeps trying.
      this.#deps.log.error({ resource: this.#name, ...toErrorFields(error) }, 'watch failed unexpectedly')
      return { code: 'Unknown' }
    }
  }

  async #list(patience: Deadline): Promise<void> {
    const options = { ...this.#selection, signal: patience.signal }
    const { items, resourceVersion } = await this.#deps.store.list(this.#resource, options)
    this.#commit(new Map(items.map((item) => [toKey(item.metadata), item])), resourceVersion)
    patience.extend()
  }

  async #follow(patience: Deadline): Promise<Ending> {
    let initial = this.#version === undefined ? new Map<string, T>() : undefined
    const events = this.#deps.store.watch(this.#resource, {
      ...this.#selection,
      resourceVersion: this.#version,
      timeoutSeconds: 300 + Math.floor(this.#deps.random() * 300),
      signal: patience.signal,
    })
    for await (const event of events) {
      this.#beat()
      patience.extend()
      this.#deps.metrics.heard(this.#name)
      if (initial === undefined) this.#take(event)
      else if (event.type === 'Set') initial.set(toKey(event.object.metadata), event.object)
      else if (event.type === 'Deleted') initial.delete(toKey(event.object.metadata))
      else if (event.initialEventsEnd) initial = this.#commit(initial, event.resourceVersion)
    }
    return initial === undefined ? 'closed' : 'incomplete'
  }

  #take(event: WatchEvent<T>): void {
    if (event.type === 'Set') this.#sink.set(event.object)
    if (event.type === 'Deleted') this.#sink.remove(event.object)
    this.#version = event.type === 'Bookmark' ? event.resourceVersion : event.object.metadata.resourceVersion
  }

  #commit(objects: ReadonlyMap<string, T>, resourceVersion: string): undefined {
    this.#sink.replace(objects)
    this.#version = resourceVersion
    this.#isListDue = false
    this.#deps.metrics.relisted(this.#name)
  }

  /** From where to go on. */
  #learn(code: Ending): void {
    if (this.#version === undefined) this.#isListDue = true
    if (this.#version === undefined && (code === 'Invalid' || code === 'BadRequest')) this.#isWatchListRefused = true
    if (code === 'Undecodable') this.#deps.metrics.undecodable(this.#name)
    // To resume would be to meet the unreadable event again; a full read gets past it.
    if (code === 'Gone' || code === 'Undecodable') this.#version = undefined
  }

  /** After which pause to go on. */
  #pauseMs(code: Ending, livedMs: number): number {
    const { healthyMs, backoffMinMs, backoffMaxMs } = this.#limits
    if (livedMs >= healthyMs) this.#failures = 0
    // The server ends a watch when its time is over.
    if (code === 'closed' && livedMs >= 1_000) return 0
    const failures = this.#failures
    this.#failures += 1
    // A compacted version is nobody's failure, unless it happens again and again.
    if (code === 'Gone' && failures === 0) return 0
    return backoffMs({ minMs: backoffMinMs, maxMs: backoffMaxMs }, failures, this.#deps.random)
  }

  #beat(): number {
    this.#beatMs = this.#deps.clock.monotonicMs()
    return this.#beatMs
  }
}
