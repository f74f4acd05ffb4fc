// What happens to a JSON value, by where it stands: a tree that is walked along with the document, so that deep nesting costs no
// more than flat. A value of another shape than the tree expects falls to the tree's `otherwise`; nothing passes by surprise.
import { parseJson } from '../../plain-keys.ts'
import type { Masker } from '../masker.ts'

/** Where a text stands. */
export interface TextAt {
  /** The field that holds it, for detectors that ask for words of context. */
  readonly key: string | undefined
  /** A JSON pointer, worked out when somebody asks. Names that could tell something about somebody are `*` in it. */
  readonly path: () => string
}

/** A text that is no part of a document. */
export const nowhere: TextAt = { key: undefined, path: () => '' }

/** A fresh masker for one text. */
export interface Start {
  (at: TextAt): Masker
  /** True: such a masker finds nothing in this text, wherever it stands. Absent: that is not known of any. */
  readonly isClean?: (text: string) => boolean
}

export interface MaskPlace {
  readonly kind: 'Mask'
  readonly start: Start
  /** Names of fields too. */
  readonly keys: boolean
  /** Number literals too, as they are written; one that changes becomes a string. */
  readonly numbers: boolean
  /** `true` and `false` too, with the same rule, and all that is left of the text where it stops being JSON. Not `null`, which is no value. */
  readonly words?: boolean
}

export interface StringPlace {
  readonly kind: 'String'
  readonly start: Start
  readonly otherwise: Place
  /** For a string that continues the text of others: the same string, its whole text started like this. Absent: it is a text of its own. */
  readonly startedBy?: (start: Start) => StringPlace
}

/** Answers for itself; what it gives is of the kinds above. */
export interface OverPlace {
  readonly kind: 'Over'
  readonly enter: (step: string | number) => Place
  readonly settle: (isString: boolean) => Place
  /** Absent: no name is known. */
  readonly knows?: (name: string) => boolean
  /** Names of the fields where something else happens to texts than masking them as they stand, or not. Absent: it may be anywhere. */
  readonly special?: readonly string[]
}

export type Place =
  /** The value and all below it stay as they are. */
  | { readonly kind: 'Keep' }
  /** This JSON text stands instead of the value, whatever it is. */
  | { readonly kind: 'Instead'; readonly text: string }
  /** Every text in the value. */
  | MaskPlace
  /** A string, exactly here. */
  | StringPlace
  /** An object. The names that are known in it stay. */
  | { readonly kind: 'Fields'; readonly fields: ReadonlyMap<string, Place>; readonly otherwise: Place }
  /** A list. */
  | { readonly kind: 'Items'; readonly at: (index: number) => Place; readonly otherwise: Place }
  /** Laid over another tree; never over `Instead`. */
  | OverPlace

export const keep: Place = { kind: 'Keep' }

export function instead(text: string): Place {
  return { kind: 'Instead', text }
}

/** Everything a person or program could read. */
export function maskEverywhere(start: Start): MaskPlace {
  return { kind: 'Mask', start, keys: true, numbers: true }
}

export function fields(places: Readonly<Record<string, Place>>, otherwise: Place): Place {
  return { kind: 'Fields', fields: new Map(Object.entries(places)), otherwise }
}

export function items(at: (index: number) => Place, otherwise: Place): Place {
  return { kind: 'Items', at, otherwise }
}

/** The fields where more happens than that texts are masked as they stand, by `start`. Undefined: it may be anywhere. */
export function specialNames(place: Place, start: Start): readonly string[] | undefined {
  switch (place.kind) {
    case 'Keep':
      return []
    case 'Mask':
      return place.start === start && place.words !== true ? [] : undefined
    case 'Over':
      return place.special
    case 'String':
    case 'Fields':
    case 'Items':
    case 'Instead':
      return undefined
  }
}

/** The place of a member of the value that stands at `place`. */
export function enter(place: Place, step: string | number): Place {
  switch (place.kind) {
    case 'Keep':
    case 'Instead':
    case 'Mask':
      return place
    case 'String':
    case 'Fields':
    case 'Items':
      return toMember(place, step) ?? enter(place.otherwise, step)
    case 'Over':
      return place.enter(step)
  }
}

/** Undefined: the tree expects another shape. */
function toMember(
  place: Exclude<Place, { kind: 'Keep' | 'Instead' | 'Mask' | 'Over' }>,
  step: string | number,
): Place | undefined {
  if (place.kind === 'Fields' && typeof step === 'string') return place.fields.get(step) ?? place.otherwise
  return place.kind === 'Items' && typeof step === 'number' ? place.at(step) : undefined
}

/** How the names of an object's fields are masked, when the object stands at `place`. */
export function keysOf(place: Place): MaskPlace | undefined {
  const at = settle(place, false)
  return at.kind === 'Mask' && at.keys ? at : undefined
}

/** A name that the tree itself says is no data, and is never masked. */
export function isKnownName(place: Place, name: string): boolean {
  switch (place.kind) {
    case 'Fields':
      return place.fields.has(name)
    case 'String':
    case 'Items':
      return isKnownName(place.otherwise, name)
    case 'Over':
      return place.knows?.(name) ?? false
    case 'Keep':
    case 'Instead':
    case 'Mask':
      return false
  }
}

/** What a string, or a number or word, that stands at `place` is under. */
export function settle(place: Place, isString: boolean): Place {
  switch (place.kind) {
    case 'String':
      return isString ? place : settle(place.otherwise, isString)
    case 'Fields':
    case 'Items':
      return settle(place.otherwise, isString)
    case 'Over':
      return place.settle(isString)
    case 'Keep':
    case 'Instead':
    case 'Mask':
      return place
  }
}

/** How many strings of a JSON text stand at which place; none when it is not JSON. */
export function countPlaces(text: string, root: Place): ReadonlyMap<Place, number> {
  const counts = new Map<Place, number>()
  const left: { readonly value: unknown; readonly place: Place }[] = [{ value: parse(text), place: root }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, place } = next
    if (typeof value === 'string') {
      const at = settle(place, true)
      counts.set(at, (counts.get(at) ?? 0) + 1)
    } else if (typeof value === 'object' && value !== null) {
      const isList = Array.isArray(value)
      for (const [step, inner] of Object.entries(value)) {
        left.push({ value: inner, place: enter(place, isList ? Number(step) : step) })
      }
    }
  }
  return counts
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
