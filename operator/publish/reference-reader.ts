// Reads what connections and policies name: Secrets, CAs, Services, dictionaries, each by name and under the team's own grant. It polls instead of watching:
// `get` on one name is the smallest right a team can give, and one watch per Secret would hold a connection each. The price is that
// a rotation takes up to `intervalMs` to be noticed; a new reference is read at once.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import { isKubeError } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/resource.ts'
import { configMaps, secrets } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { services } from '../objects.ts'
import type { Reference, ReferenceState } from '../references.ts'
import { toReferenceId } from '../references.ts'
import type { Content } from './content.ts'
import { toCa, toCredential, toTerms } from './content.ts'

export interface ReferenceReaderDeps {
  readonly store: Pick<ResourceStore, 'get'>
  readonly clock: Clock
  readonly random: () => number
  /** Something resolved differently, or a credential has a new value. */
  readonly onChange: () => void
  /** Between two readings of what was found. */
  readonly intervalMs: number
}

interface Entry {
  readonly reference: Reference
  state: ReferenceState
  value: string | undefined
  dueMs: number
  reading: Promise<void> | undefined
  /** How often in a row it was forbidden. */
  refusals: number
}

/** `value`: a credential. Undefined when nothing was learned: the API server did not answer. */
interface Reading {
  readonly state: ReferenceState
  readonly value?: string
}

/** What is missing is usually being repaired right now. */
const missingIntervalMs = 5_000
const readsPerSecond = 20
const callTimeoutMs = 5_000

export class ReferenceReader {
  readonly #deps: ReferenceReaderDeps
  readonly #entries = new Map<string, Entry>()

  constructor(deps: ReferenceReaderDeps) {
    this.#deps = deps
  }

  readonly stateOf = (reference: Reference): ReferenceState =>
    this.#entries.get(toReferenceId(reference))?.state ?? { state: 'Pending' }

  /** Of a credential that was found. */
  valueOf(reference: Reference): string | undefined {
    return this.#entries.get(toReferenceId(reference))?.value
  }

  /** Follows exactly these from now on; resolves when each new one was tried once, or after `ms`. */
  async follow(references: readonly Reference[], ms: number, signal: AbortSignal): Promise<void> {
    const wanted = new Map(references.map((reference) => [toReferenceId(reference), reference]))
    for (const id of this.#entries.keys()) if (!wanted.has(id)) this.#entries.delete(id)
    for (const [id, reference] of wanted) {
      if (this.#entries.has(id)) continue
      const entry: Entry = {
        reference,
        state: { state: 'Pending' },
        value: undefined,
        dueMs: 0,
        reading: undefined,
        refusals: 0,
      }
      this.#entries.set(id, entry)
      this.#start(entry, false, signal)
    }
    const running = [...this.#entries.values()].flatMap(({ state, reading }) =>
      state.state === 'Pending' && reading !== undefined ? [reading] : [],
    )
    if (running.length > 0) await Promise.race([Promise.all(running), sleep(this.#deps.clock, ms, signal)])
  }

  /** Looks again at each, now and then, until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#deps.clock, 1_000, signal)
      if (signal.aborted) break
      const nowMs = this.#deps.clock.monotonicMs()
      const due = [...this.#entries.values()].filter(({ dueMs, reading }) => dueMs <= nowMs && reading === undefined)
      // Whoever waits longest: many references of one team make the round longer for all, and nobody is left out of it.
      const next = due.toSorted((a, b) => a.dueMs - b.dueMs).slice(0, readsPerSecond)
      for (const entry of next) this.#start(entry, true, signal)
    }
    await Promise.all([...this.#entries.values()].flatMap(({ reading }) => reading ?? []))
  }

  #start(entry: Entry, tells: boolean, signal: AbortSignal): void {
    entry.reading = this.#read(entry, tells, signal).finally(() => {
      entry.reading = undefined
    })
  }

  async #read(entry: Entry, tells: boolean, signal: AbortSignal): Promise<void> {
    const reading = this.#believe(entry, await readReference(this.#deps.store, entry.reference, signal))
    const isMissing = reading === undefined || reading.state.state !== 'Found'
    const intervalMs = isMissing ? Math.min(missingIntervalMs, this.#deps.intervalMs) : this.#deps.intervalMs
    const isDoubted = entry.refusals === 1
    entry.dueMs = this.#deps.clock.monotonicMs() + (isDoubted ? 0 : intervalMs * (0.8 + this.#deps.random() * 0.4))
    if (reading === undefined) return
    const isNews = !isDeepStrictEqual(reading.state, entry.state) || reading.value !== entry.value
    const wasPending = entry.state.state === 'Pending'
    entry.state = reading.state
    entry.value = reading.value
    // The first reading is awaited by whoever asked, unless that took too long.
    if (isNews && (tells || !wasPending)) this.#deps.onChange()
  }

  /** An API server that has just started forbids things until it has read its roles; a real refusal is still there a second later. */
  #believe(entry: Entry, reading: Reading | undefined): Reading | undefined {
    entry.refusals = reading?.state.state === 'NotPermitted' ? entry.refusals + 1 : 0
    return entry.refusals === 1 ? undefined : reading
  }
}

type Store = Pick<ResourceStore, 'get'>

/** An answer that was lost says nothing about the object: what was known before stays. */
async function readReference(store: Store, reference: Reference, signal: AbortSignal): Promise<Reading | undefined> {
  try {
    return await readers[reference.kind](store, reference, signal)
  } catch (error) {
    return isKubeError(error, 'Forbidden') ? { state: { state: 'NotPermitted' } } : undefined
  }
}

type Read = (store: Store, reference: Reference, signal: AbortSignal) => Promise<Reading>

const readers: Readonly<Record<Reference['kind'], Read>> = {
  Service: async (store, reference, signal) => {
    return toServiceReading(await store.get(services, reference, { signal, timeoutMs: callTimeoutMs }))
  },
  ConfigMap: async (store, reference, signal) => {
    const found = await store.get(configMaps, reference, { signal, timeoutMs: callTimeoutMs })
    return toReading(reference, found, found?.data?.[reference.key ?? ''])
  },
  Secret: async (store, reference, signal) => {
    const found = await store.get(secrets, reference, { signal, timeoutMs: callTimeoutMs })
    const encoded = found?.data?.[reference.key ?? '']
    return toReading(reference, found, encoded === undefined ? undefined : decode(encoded))
  },
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

function toServiceReading(found: { readonly spec?: { readonly type?: string } } | undefined): Reading {
  if (found === undefined) return { state: { state: 'NotFound' } }
  if (found.spec?.type !== 'ExternalName') return { state: { state: 'Found' } }
  const message = 'a Service of type ExternalName leads out of the cluster; name that server by its url'
  return { state: { state: 'Invalid', message } }
}

function toReading({ purpose }: Reference, found: KubeObject | undefined, text: string | undefined): Reading {
  if (found === undefined) return { state: { state: 'NotFound' } }
  if (text === undefined) return { state: { state: 'KeyNotFound' } }
  return takers[purpose](text)
}

function toTaker<T>(parse: (text: string) => Content<T>, toFound: (value: T) => Reading): (text: string) => Reading {
  return (text) => {
    const content = parse(text)
    return 'problem' in content ? { state: { state: 'Invalid', message: content.problem } } : toFound(content.value)
  }
}

const takers: Readonly<Record<Reference['purpose'], (text: string) => Reading>> = {
  Credential: toTaker(toCredential, (value) => ({ state: { state: 'Found' }, value })),
  CA: toTaker(toCa, (caPem) => ({ state: { state: 'Found', caPem } })),
  Dictionary: toTaker(toTerms, (terms) => ({ state: { state: 'Found', terms } })),
  // Whoever reads a Service looks at no text.
  Service: () => ({ state: { state: 'Found' } }),
}
