// Which strings of a JSON value a model, a person or a program would read as text. What is known is described by a shape; whatever
// no shape knows counts as text, so that a server's or a vendor's own fields are judged with the rest.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'

/**
 * `Text`: every string, and every key below, because whoever made the object chose them. `Quiet`: names, ids, enumerated words; text
 * only where it is none. `Opaque`: base64 and data URLs, likewise. `Tokens`: probabilities. `Skipped`: read elsewhere.
 */
export type Reading = 'Text' | 'Quiet' | 'Opaque' | 'Tokens' | 'Skipped' | Shape

/** Of an object, or of each one in a list. Keys that are not in it are read as `Text`. */
export interface Shape {
  readonly [key: string]: Reading
}

export interface Gathering {
  /** Of the place that the strings stand in: the same in each event that goes on with a text. */
  readonly path: string
  readonly found: (path: string, text: string) => void
  /** Keys that count as text, when they are told apart: an event that goes on with a value has its keys again. */
  readonly foundKey?: (path: string, text: string) => void
  /** Is asked about each object whose shape is known. */
  readonly checkKeys?: (object: JsonObject, shape: Shape) => void
}

/** An id or an enumerated word says nothing; a sentence has blanks. */
const name = /^[\w.:/+=@-]{0,512}$/u
const binary = /^[\w+/=.:;,-]*$/u

export function gatherText(value: Json | undefined, reading: Reading, gathering: Gathering): void {
  if (value === undefined || reading === 'Skipped') return
  if (reading === 'Tokens') gatherTokens(value, gathering)
  else if (typeof value === 'string') gatherString(value, reading, gathering)
  else if (Array.isArray(value)) {
    value.forEach((item, i) => gatherText(item, reading, at(gathering, toPosition(item, i))))
  } else if (isJsonObject(value)) gatherObject(value, reading, gathering)
}

function gatherString(text: string, reading: Reading, { path, found }: Gathering): void {
  if (reading === 'Quiet' && name.test(text)) return
  if (reading === 'Opaque' && binary.test(text)) return
  if (text !== '') found(path, text)
}

function gatherObject(object: JsonObject, reading: Reading, gathering: Gathering): void {
  if (typeof reading === 'object') gathering.checkKeys?.(object, reading)
  for (const [key, item] of Object.entries(object)) {
    const below = at(gathering, key)
    if (typeof reading === 'string') {
      gatherKey(key, reading, below)
      gatherText(item, reading, below)
    } else if (Object.hasOwn(reading, key)) gatherText(item, reading[key] ?? 'Text', below)
    else {
      gatherKey(key, 'Quiet', below)
      gatherText(item, 'Text', below)
    }
  }
}

function gatherKey(key: string, reading: Reading, { path, found, foundKey = found }: Gathering): void {
  gatherString(key, reading, { path: `${path}#`, found: foundKey })
}

function at(gathering: Gathering, step: string): Gathering {
  return { ...gathering, path: `${gathering.path}/${step}` }
}

/** Events number what they go on with; without a number it is the place in the list. */
function toPosition(item: Json, place: number): string {
  const index = isJsonObject(item) ? item['index'] : undefined
  return String(typeof index === 'number' ? index : place)
}

/** All of them at once, in their order. */
export function listText(value: Json | undefined, reading: Reading, check?: Gathering['checkKeys']): readonly string[] {
  const texts: string[] = []
  const found = (_path: string, text: string): void => {
    texts.push(text)
  }
  gatherText(value, reading, { path: '', found, ...(check && { checkKeys: check }) })
  return texts
}

/**
 * Probabilities of tokens repeat a text token by token, and show others beside it: each rank is a text of its own. OpenAI's lists of
 * objects, and the older lists of strings and maps.
 */
export function gatherTokens(value: Json | undefined, gathering: Gathering): void {
  if (typeof value === 'string') gathering.found(gathering.path, value)
  else if (Array.isArray(value)) for (const item of value) gatherTokens(item, gathering)
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const below = at(gathering, key)
      gatherKey(key, 'Quiet', below)
      if (key === 'top_logprobs') gatherRanks(item, below)
      else gatherTokens(item, key === 'token' ? gathering : below)
    }
  }
}

function gatherRanks(value: Json, gathering: Gathering): void {
  const ranks = Array.isArray(value) ? value : [value]
  ranks.forEach((item: Json, place) => {
    // An older answer has a map of tokens for each place in the text.
    if (isJsonObject(item) && !Object.hasOwn(item, 'token')) gatherKeys(item, gathering)
    else gatherTokens(item, at(gathering, String(place)))
  })
}

function gatherKeys(tokens: JsonObject, gathering: Gathering): void {
  Object.entries(tokens).forEach(([token, value], rank) => {
    const below = at(gathering, String(rank))
    below.found(below.path, token)
    gatherText(value, 'Text', below)
  })
}
