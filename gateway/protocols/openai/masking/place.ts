// From what the readers know of the fields of a message to what is done with them under a mask. Whatever they do not know is masked:
// texts, names of fields, numbers as they are written.
import {
  fields,
  instead,
  items,
  keep,
  maskEverywhere,
  type Place,
  type Start,
} from '../../../../policy/masking/framing/place.ts'
import type { Reading } from '../gather.ts'
import { unlessName, unlessWord } from './at-once.ts'
import { maskedBinary, maskedLink } from './media.ts'
import { schemaWords, structuralWords } from './words.ts'

/**
 * As readings have it (gather.ts), and more: `Name` is what a program goes by, such as a model; `Link` a URL; `Schema` a JSON Schema;
 * `Kept` was verified by the reader; `Nothing` and `NoList` blank what tells a text in another way. Words of the API stay in `Quiet`
 * places, ids are masked there: some model servers let the model make them up. An id that is masked is masked alike wherever it stands,
 * so that calls and their outcomes still belong together. So are names of tools, though a client cannot resolve one that was masked:
 * what a name holds is known to nobody here.
 */
export type Masking = Reading | 'Name' | 'Link' | 'Schema' | 'Kept' | 'Nothing' | 'NoList' | MaskShape

/** Of an object, or of each one in a list. */
export interface MaskShape {
  readonly [key: string]: Masking
}

export function toPlace(masking: Masking, start: Start): Place {
  return typeof masking === 'string' ? toLeaf[masking](start) : toShapePlace(masking, start)
}

type Leaf = Extract<Masking, string>

const toLeaf: Readonly<Record<Leaf, (start: Start) => Place>> = {
  Text: maskEverywhere,
  // Read elsewhere, but masked here.
  Skipped: maskEverywhere,
  Quiet: (start) => ({ ...maskEverywhere(unlessWord(unnamed(start), structuralWords)), numbers: false }),
  Opaque: (start) => stringAt(maskedBinary(start), start),
  Link: (start) => stringAt(maskedLink(start), start),
  Name: (start) => stringAt(unlessName(start), start),
  Schema: (start) => maskEverywhere(unlessWord(start, schemaWords)),
  Tokens: () => instead('null'),
  Nothing: () => instead('null'),
  NoList: () => instead('[]'),
  Kept: () => keep,
}

function toShapePlace(shape: MaskShape, start: Start): Place {
  const places = Object.fromEntries(Object.entries(shape).map(([key, masking]) => [key, toPlace(masking, start)]))
  return oneOrMany(fields(places, otherIn(shape, start)), start)
}

/** The same for an object and for each one in a list; a text in their place is one like all. */
export function oneOrMany(object: Place, start: Start): Place {
  const one: Place = { kind: 'String', start, otherwise: object }
  return { kind: 'String', start, otherwise: items(() => one, object) }
}

/** What the shape does not know, and the names of all its fields. */
export function otherIn(shape: MaskShape, start: Start): Place {
  return maskEverywhere(unlessWord(start, namesOf(shape)))
}

const nameSets = new WeakMap<MaskShape, ReadonlySet<string>>()

/** Names of fields are words of the API too. */
function namesOf(shape: MaskShape): ReadonlySet<string> {
  const known = nameSets.get(shape)
  if (known !== undefined) return known
  const names = new Set([...Object.keys(shape), ...structuralWords])
  nameSets.set(shape, names)
  return names
}

function stringAt(start: Start, otherwise: Start): Place {
  return { kind: 'String', start, otherwise: { ...maskEverywhere(otherwise), numbers: false } }
}

/** The same text is found alike, whatever field it stands in. */
function unnamed(start: Start): Start {
  return ({ path }) => start({ key: undefined, path })
}
