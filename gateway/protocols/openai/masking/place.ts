// From what the readers know of the fields of a message to what is done with them under a mask. Whatever they do not know is masked:
// texts, names of fields, numbers as they are written.
import {
  enter,
  instead,
  isKnownName,
  keep,
  maskEverywhere,
  settle,
  type MaskPlace,
  type Place,
  type Start,
} from '../../../../policy/masking/framing/place.ts'
import { idPlace, sealedPlace } from '../../json/kept-texts.ts'
import type { Reading } from '../gather.ts'
import { unlessName, unlessWord } from './at-once.ts'
import { maskedLink, maskedMedia, startOf } from './media.ts'
import { schemaWords, structuralWords } from './words.ts'

/**
 * As readings have it (gather.ts), and more. `Word` and `Number` are `Quiet` in requests, where a number stays only if it steers. `Name`
 * is what a program goes by, such as a model; `Link` a URL; `Media` a binary; `Schema` a JSON Schema; `Kept` was verified by the reader;
 * `Nothing` and `NoList` blank what tells a text in another way.
 *
 * Words of the API stay, and ids that a program made; others are masked, for some model servers let the model make them up. One that is
 * masked is masked alike wherever it stands, so that calls and their outcomes still belong together. So is the name of a tool, though a
 * client cannot resolve one that was masked: what a name tells is known to nobody here.
 */
export type Masking =
  | Reading
  | 'Word'
  | 'Number'
  | 'Name'
  | 'Link'
  | 'Media'
  | 'Schema'
  | 'Kept'
  | 'Nothing'
  | 'NoList'
  | MaskShape

/** Of an object, or of each one in a list. */
export interface MaskShape {
  readonly [key: string]: Masking
}

/** The places of one request or answer. They are made when a value is met that stands in them, and once. */
export class Places {
  readonly start: Start
  /** For what nobody knows. */
  readonly other: Place
  readonly #made = new Map<Masking, Place>()

  constructor(start: Start) {
    this.start = start
    this.other = maskEverywhere(start)
  }

  of(masking: Masking): Place {
    const known = this.#made.get(masking)
    if (known !== undefined) return known
    const place = typeof masking === 'string' ? toLeaf[masking](this.start) : this.#toShapePlace(masking)
    this.#made.set(masking, place)
    return place
  }

  /** The same for an object and for each one in a list; a text in their place is one like all. */
  #toShapePlace(shape: MaskShape): Place {
    const place: Place = {
      kind: 'Over',
      enter: (step) => {
        if (typeof step === 'number') return place
        return Object.hasOwn(shape, step) ? this.of(shape[step] ?? 'Text') : this.other
      },
      settle: () => this.other,
      knows: (name) => Object.hasOwn(shape, name),
      special: specialOf(shape),
    }
    return place
  }
}

const specials = new WeakMap<MaskShape, readonly string[]>()

/** Fields of a shape, and of those in it, that are blanked or decoded. */
function specialOf(shape: MaskShape): readonly string[] {
  const known = specials.get(shape)
  if (known !== undefined) return known
  const names = Object.entries(shape).flatMap(([name, masking]) => {
    if (typeof masking !== 'string') return specialOf(masking)
    return plainLeaves.has(masking) ? [] : [name]
  })
  const special = [...new Set(names)]
  specials.set(shape, special)
  return special
}

/** Of those that mask a text as it stands, or leave it. */
const plainLeaves: ReadonlySet<Masking> = new Set<Leaf>([
  'Text',
  'Skipped',
  'Quiet',
  'Word',
  'Number',
  'Name',
  'Schema',
  'Kept',
])

/** `base` with other places for some fields of its object. */
export function withFields(base: Place, places: Readonly<Record<string, Place>>): Place {
  return {
    kind: 'Over',
    enter: (step) => {
      const place = Object.hasOwn(places, step) ? places[step] : undefined
      return typeof step === 'string' && place !== undefined ? place : enter(base, step)
    },
    settle: (isString) => settle(base, isString),
    knows: (name) => Object.hasOwn(places, name) || isKnownName(base, name),
  }
}

type Leaf = Extract<Masking, string>

const toLeaf: Readonly<Record<Leaf, (start: Start) => Place>> = {
  Text: maskEverywhere,
  // Read elsewhere, but masked here.
  Skipped: maskEverywhere,
  Quiet: (start) => ({ ...wordPlace(start), numbers: false }),
  Word: wordPlace,
  Number: (start) => numberPlace(wordPlace(start)),
  // Vectors are numbers there, or base64.
  Opaque: (start) => stringAt(startOf(sealedPlace(start)), start),
  Media: (start) => stringAt(maskedMedia(start), start),
  Link: (start) => stringAt(maskedLink(start), start),
  Name: (start) => stringAt(unlessName(start), start),
  Schema: (start) => maskEverywhere(unlessWord(start, schemaWords)),
  Tokens: () => instead('null'),
  Nothing: () => instead('null'),
  NoList: () => instead('[]'),
  Kept: () => keep,
}

function wordPlace(start: Start): MaskPlace {
  return maskEverywhere(unlessWord(startOf(idPlace(start)), structuralWords))
}

/** A number stays exactly here: in an object it could be anything. */
function numberPlace(word: MaskPlace): Place {
  return {
    kind: 'Over',
    enter: () => word,
    settle: (isString) => (isString ? word : { ...word, numbers: false }),
    knows: () => false,
  }
}

function stringAt(start: Start, otherwise: Start): Place {
  return { kind: 'String', start, otherwise: { ...maskEverywhere(otherwise), numbers: false } }
}
