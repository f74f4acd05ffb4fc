// The masks of one side of one call at work: a masker for each text, what is put in place of each finding, and afterwards what was found
// and where. A request and its answer are two runs that share their pseudonyms.
import type { Denied } from '../model.ts'
import { toFixedReplacement, toReplacement } from './actions.ts'
import type { MaskDemand } from './demand.ts'
import { maskActions } from './demand.ts'
import { toContextText } from './field-words.ts'
import { nest } from './framing/json-text.ts'
import { overlay, parsePointer } from './framing/overlay.ts'
import type { Place, Start, TextAt } from './framing/place.ts'
import { startWhole } from './framing/whole-value.ts'
import type { Keyed } from './keyed.ts'
import type { PlannedMasks } from './mask-engines.ts'
import type { Owners } from './mask-plan.ts'
import type { Finding, Masker } from './masker.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { pseudonymDetector } from './pseudonyms.ts'
import type { TextMasks } from './text-masks.ts'
import type { TieredEngine } from './tiers.ts'
import { isClean } from './clean-json.ts'

export interface MaskRunSources {
  readonly masks: PlannedMasks
  readonly keyed: Keyed
  readonly pseudonyms: Pseudonyms
  /** Tokens of the call become their originals again. */
  readonly restores: boolean
}

/** What one mask found. */
export interface Masked {
  readonly demand: MaskDemand
  readonly count: number
  /** The first places, as JSON pointers; names that may be data are `*` in them. */
  readonly paths: readonly string[]
}

const maxPaths = 16

export class MaskRun implements TextMasks {
  readonly #sources: MaskRunSources
  readonly #engine: TieredEngine | undefined
  readonly #found = new Map<MaskDemand, { count: number; readonly paths: Set<string> }>()
  readonly start: Start
  #denied: Denied | undefined

  constructor(sources: MaskRunSources) {
    const { masks, restores } = sources
    this.#sources = sources
    this.#engine = restores ? masks.restoring() : masks.engine
    const start = nest((at) => this.#startText(at))
    this.start = this.#engine === undefined ? start : Object.assign(start, { isClean: this.#engine.knows })
  }

  /** A mask with action Deny found something: nothing of it, and nothing after it, may leave. */
  get denied(): Denied | undefined {
    return this.#denied
  }

  get masked(): readonly Masked[] {
    return [...this.#found].map(([demand, { count, paths }]) => ({ demand, count, paths: [...paths] }))
  }

  readonly over = (root: Place): Place => {
    const fields = [...this.#sources.masks.plan.fields].flatMap(([field, owners]) => {
      const segments = parsePointer(field)
      return segments === undefined ? [] : [{ segments, start: this.#startField(owners) }]
    })
    return fields.length === 0 ? root : overlay(root, fields)
  }

  readonly field = (name: string): Start => {
    const owners = this.#sources.masks.plan.fields.get(name)
    return owners === undefined ? this.start : this.#startField(owners)
  }

  readonly isClean = (source: string, without: readonly string[]): boolean => {
    const engine = this.#engine
    return engine !== undefined && this.#sources.masks.plan.fields.size === 0 && isClean(engine, source, without)
  }

  #startText(at: TextAt): Masker {
    const engine = this.#engine
    if (engine === undefined) return untouched
    return engine.start((finding, value) => this.#replace(finding, value), {
      label: (detector) => this.#labelOf(detector),
      before: toContextText(at.key),
      found: ({ detector }) => this.#note(detector, at),
    })
  }

  #note(detector: string, at: TextAt): void {
    const owners = this.#sources.masks.plan.owners.get(detector)
    if (owners === undefined) return
    this.#count(owners, at)
    // Not only where it is replaced: it may lie within a long secret that was replaced already.
    if (owners.strictest.action === 'Deny') this.#deny(owners.strictest)
  }

  #count({ all }: Owners, at: TextAt): void {
    for (const demand of all) {
      const found = this.#found.get(demand) ?? { count: 0, paths: new Set<string>() }
      found.count += 1
      if (found.paths.size < maxPaths) found.paths.add(at.path())
      this.#found.set(demand, found)
    }
  }

  #labelOf(detector: string): string | undefined {
    const owners = this.#sources.masks.plan.owners.get(detector)
    return owners === undefined ? undefined : toFixedReplacement(owners.strictest)
  }

  #replace({ detector }: Finding, value: string): string {
    if (detector === pseudonymDetector.name) return this.#restore(value)
    const owners = this.#sources.masks.plan.owners.get(detector)
    if (owners === undefined) throw new Error('a finding of a detector that no mask asked for')
    return this.#act(owners.strictest, value)
  }

  #act(demand: MaskDemand, value: string): string {
    if (demand.action === 'Deny') this.#deny(demand)
    if (demand.action === 'Pseudonymize') return this.#sources.pseudonyms.take(demand, value)
    return toReplacement(demand, value, this.#sources.keyed)
  }

  #deny({ policy, name }: MaskDemand): void {
    this.#denied ??= { effect: 'Deny', reason: 'SensitiveData', policy, rule: name }
  }

  /** What only looks like a token is text like any other. */
  #restore(value: string): string {
    const { pseudonyms, masks } = this.#sources
    const original = pseudonyms.restore(value)
    if (original !== undefined) return original
    if (masks.engine === undefined || pseudonyms.isOne(value)) return value
    return masks.engine.maskAll(value, (finding, found) => this.#replace(finding, found))
  }

  /** The whole text is a finding; a stricter one within it decides. */
  #startField(owners: Owners): Start {
    return (at) =>
      startWhole((value) => {
        if (value === '') return ''
        this.#count(owners, at)
        return this.#act(this.#toStrictest(owners.strictest, value, at), value)
      })
  }

  #toStrictest(own: MaskDemand, value: string, at: TextAt): MaskDemand {
    const { engine, plan } = this.#sources.masks
    let strictest = own
    for (const { detector } of engine?.findAll(value) ?? []) {
      this.#note(detector, at)
      const other = plan.owners.get(detector)?.strictest ?? own
      if (maskActions.indexOf(other.action) < maskActions.indexOf(strictest.action)) strictest = other
    }
    return strictest
  }
}

const untouched: Masker = { push: (text) => text, end: () => '', counts: () => ({}) }
