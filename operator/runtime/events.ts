// Kubernetes Events (events.k8s.io/v1) for people who run `kubectl describe`: the same story is one Event that counts,
// an object that chatters is cut short, and nothing here ever fails or delays a reconcile.
import { createHash } from 'node:crypto'
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import { isKubeError } from '../../kube/errors.ts'
import { toMicroTime } from '../../kube/lease.ts'
import { TokenBucket } from '../../kube/pace.ts'
import type { KubeEvent, KubeObject, NewObject, ObjectReference } from '../../kube/resource.ts'
import { events } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { Log } from '../../kube/telemetry.ts'
import { toErrorFields } from '../../kube/telemetry.ts'
import type { EventMetrics } from './metrics.ts'

export interface Story {
  readonly regarding: KubeObject
  readonly type: 'Normal' | 'Warning'
  /** Why, UpperCamelCase. */
  readonly reason: string
  /** What was being done, UpperCamelCase. */
  readonly action: string
  /** One sentence, without values that users meant to keep. */
  readonly note: string
}

export interface EventDeps {
  readonly store: Pick<ResourceStore, 'apply'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: EventMetrics
}

export interface EventOptions {
  /** The program, as a domain name with a path: `example.com/operator`. */
  readonly controller: string
  /** The pod. */
  readonly instance: string
}

interface Series {
  readonly event: NewObject<KubeEvent>
  count: number
  lastMs: number
  lastTime: string
  /** What the server has. */
  writtenCount: number
  writtenMs: number
}

const maxSeries = 1_000
const seriesEndsMs = 600_000
const updateEveryMs = 60_000
const perObject = { perSecond: 1 / 300, burst: 25 }
const maxNote = 1_024

export class EventRecorder {
  readonly #deps: EventDeps
  readonly #options: EventOptions
  readonly #series = new Map<string, Series>()
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #writes = new Set<Promise<void>>()

  constructor(deps: EventDeps, options: EventOptions) {
    this.#deps = deps
    this.#options = options
  }

  record(story: Story): void {
    const { uid } = story.regarding.metadata
    const key = JSON.stringify([uid, story.type, story.reason, story.action, story.note])
    const known = this.#series.get(key)
    if (known === undefined && !this.#allow(uid)) return this.#deps.metrics.eventWritten('dropped')
    const nowMs = this.#deps.clock.monotonicMs()
    const lastTime = toMicroTime(this.#deps.clock.date())
    const series = known ?? {
      event: this.#toEvent(story, key, lastTime),
      count: 0,
      writtenCount: 0,
      writtenMs: 0,
      lastMs: nowMs,
      lastTime,
    }
    Object.assign(series, { count: series.count + 1, lastMs: nowMs, lastTime })
    if (known === undefined) keepNewest(this.#series, key, series)
    if (series.writtenCount === 0 || nowMs - series.writtenMs >= updateEveryMs) this.#start(series)
  }

  /** Brings counts up to date and ends what is over, until the signal fires; then writes the last counts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#deps.clock, updateEveryMs, signal)
      this.#sweep()
    }
    await this.flush()
  }

  async flush(): Promise<void> {
    this.#sweep()
    await Promise.all(this.#writes)
  }

  #allow(uid: string): boolean {
    const bucket = this.#buckets.get(uid) ?? new TokenBucket(perObject, this.#deps.clock.monotonicMs)
    keepNewest(this.#buckets, uid, bucket)
    return bucket.tryTake()
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.monotonicMs()
    for (const [key, series] of this.#series) {
      if (series.count > series.writtenCount) this.#start(series)
      else if (nowMs - series.lastMs >= seriesEndsMs) this.#series.delete(key)
    }
  }

  #start(series: Series): void {
    const write = this.#write(series)
    this.#writes.add(write)
    void write.finally(() => this.#writes.delete(write))
  }

  async #write(series: Series): Promise<void> {
    const { count, lastTime } = series
    series.writtenCount = count
    series.writtenMs = this.#deps.clock.monotonicMs()
    const counted = count > 1 ? { ...series.event, series: { count, lastObservedTime: lastTime } } : series.event
    try {
      await this.#deps.store.apply(events, counted, { fieldManager: this.#options.controller, force: true })
      this.#deps.metrics.eventWritten('written')
    } catch (error) {
      const fields = isKubeError(error) ? { reason: error.message } : toErrorFields(error)
      this.#deps.metrics.eventWritten('failed')
      this.#deps.log.warn(fields, 'an Event could not be written')
    }
  }

  #toEvent(story: Story, key: string, eventTime: string): NewObject<KubeEvent> {
    const { name, namespace = 'default' } = story.regarding.metadata
    const hash = createHash('sha256')
      .update(`${this.#options.instance}\0${eventTime}\0${key}`)
      .digest('hex')
      .slice(0, 16)
    return {
      metadata: { namespace, name: `${name.slice(0, 200)}.${hash}` },
      eventTime,
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      type: story.type,
      reason: story.reason,
      action: story.action,
      note: story.note.slice(0, maxNote),
      regarding: toReference(story.regarding),
    }
  }
}

function toReference({ apiVersion, kind, metadata }: KubeObject): ObjectReference {
  const { name, namespace, uid, resourceVersion } = metadata
  return { apiVersion, kind, name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) }
}

/** Bounded: the oldest makes room. */
function keepNewest<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > maxSeries && oldest !== undefined) map.delete(oldest)
}
