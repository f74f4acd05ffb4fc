// Which bundle this gateway enforces. Offers come from anywhere in any order (mount, API, disk, the same process); the newest
// is decoded, compiled in slices that let calls through in between, and swapped in as a whole. What cannot be enforced is
// refused with a reason, and the last good snapshot stays.
import type { BundlePart } from '../../policy/bundle-wire.ts'
import { decodeBundle, toSequenceText } from '../../policy/bundle-wire.ts'
import type { Revision } from '../../policy/bundle.ts'
import { compareRevisions } from '../../policy/bundle.ts'
import type { Hash } from '../../policy/digest.ts'
import type { Compile } from '../../policy/expression.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import { compileSnapshot } from '../../policy/snapshot.ts'
import type { Enforced } from '../handle.ts'

export interface Offer {
  readonly revision: Revision
  readonly parts: readonly BundlePart[]
}

export interface Rejection {
  /** `epoch.n`. */
  readonly sequence: string
  readonly reason: string
}

export interface EnforcementDeps {
  readonly hash: Hash
  readonly makeCompiler: () => Compile
  /** Lets calls through; setImmediate outside of tests. */
  readonly breathe: () => Promise<void>
  readonly elapsedMs: () => number
  /** Keeps the last good bundle across restarts; failing to is reported by whoever provides it. */
  readonly keep: (offer: Offer) => Promise<void>
  readonly onChange: (state: EnforcementState) => void
}

export interface EnforcementState {
  readonly enforced?: Enforced
  readonly rejection?: Rejection
}

/** Longer than this at a stretch, and calls in flight would notice. */
const sliceMs = 4

export class Enforcement {
  readonly #deps: EnforcementDeps
  readonly #listeners = new Set<(state: EnforcementState) => void>()
  #enforced: Enforced | undefined
  #rejection: Rejection | undefined
  #next: Offer | undefined
  #working: Promise<void> | undefined

  constructor(deps: EnforcementDeps) {
    this.#deps = deps
  }

  get state(): EnforcementState {
    return {
      ...(this.#enforced && { enforced: this.#enforced }),
      ...(this.#rejection && { rejection: this.#rejection }),
    }
  }

  get enforced(): Enforced | undefined {
    return this.#enforced
  }

  /** Returns when this offer, or a newer one, was enforced or refused. */
  offer(offer: Offer): Promise<void> {
    if (!this.#isNews(offer)) return this.#working ?? Promise.resolve()
    this.#next = offer
    return this.#start()
  }

  /** What is published cannot even be read as an offer: the last good bundle stays, and the ack says why. */
  refuse(sequence: Pick<Revision, 'epoch' | 'n'>, reason: string): void {
    const text = toSequenceText(sequence)
    const enforced = this.#enforced?.revision
    const isOld = enforced !== undefined && compareRevisions({ ...sequence, digest: '' }, enforced) <= 0
    if (isOld || this.#rejection?.sequence === text) return
    this.#rejection = { sequence: text, reason }
    this.#tell()
  }

  onChange(listener: (state: EnforcementState) => void): void {
    this.#listeners.add(listener)
  }

  #isNews({ revision }: Offer): boolean {
    const newest = this.#next?.revision ?? this.#enforced?.revision
    if (newest !== undefined && compareRevisions(revision, newest) <= 0) return false
    return this.#rejection?.sequence !== toSequenceText(revision)
  }

  #start(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#next !== undefined) void this.#start()
    })
    return this.#working
  }

  async #work(): Promise<void> {
    while (this.#next !== undefined) {
      const offer = this.#next
      this.#next = undefined
      const snapshot = await this.#compile(offer)
      if (typeof snapshot === 'string') {
        this.#rejection = { sequence: toSequenceText(offer.revision), reason: snapshot }
      } else {
        this.#enforced = { revision: offer.revision, snapshot }
        this.#rejection = undefined
        await this.#deps.keep(offer)
      }
      this.#tell()
    }
  }

  #tell(): void {
    this.#deps.onChange(this.state)
    for (const listener of this.#listeners) listener(this.state)
  }

  /** The reason, where it cannot be enforced. */
  async #compile({ parts, revision }: Offer): Promise<Snapshot | string> {
    try {
      const decoded = decodeBundle(parts, revision.digest, this.#deps.hash)
      if ('refused' in decoded) return decoded.refused
      const steps = compileSnapshot(this.#deps.makeCompiler(), decoded.bundle, this.#enforced?.snapshot)
      let since = this.#deps.elapsedMs()
      let step = steps.next()
      while (step.done !== true) {
        if (this.#deps.elapsedMs() - since > sliceMs) {
          await this.#deps.breathe()
          since = this.#deps.elapsedMs()
        }
        step = steps.next()
      }
      return step.value
    } catch (error) {
      return `the bundle cannot be compiled by this gateway (${error instanceof Error ? error.name : 'unknown error'})`
    }
  }
}
