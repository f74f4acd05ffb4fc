// Every place of a JSON value, and the same value with something else in one of them: how tests ask whether a place was forgotten.
import { isJsonObject } from '../../gateway/protocols/json/strict-json.ts'
import type { Json } from '../../policy/model.ts'

export type JsonSteps = readonly (string | number)[]

/** Of the value and of every value in it. */
export function listPlaces(value: Json, place: JsonSteps = []): readonly JsonSteps[] {
  if (typeof value !== 'object' || value === null) return [place]
  return [place, ...Object.entries(value).flatMap(([key, item]) => listPlaces(item, [...place, key]))]
}

export function put(value: Json, [step, ...rest]: JsonSteps, change: (value: Json) => Json): Json {
  if (step === undefined) return change(value)
  if (Array.isArray(value)) {
    return value.map((item: Json, i) => (String(i) === String(step) ? put(item, rest, change) : item))
  }
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === step ? put(item, rest, change) : item]),
  )
}

/** Ways to write a text into a place. */
export function waysToSay(text: string): Readonly<Record<string, (value: Json) => Json>> {
  return {
    'in its place': () => text,
    'in a list in its place': () => [text],
    'below a name in its place': () => ({ x_note: text }),
    'as a name in its place': () => ({ [text]: 1 }),
    'as a name beside what is there': (value) => (isJsonObject(value) ? { ...value, [text]: 1 } : text),
    'as a text in a block in its place': () => [{ type: 'text', text }],
    'as JSON in a text in its place': () => JSON.stringify({ x_note: [text] }),
    'behind what is there': (value) => (typeof value === 'string' ? `${value}${text}` : text),
  }
}

/** The names under which a number stays when a mask looks for it. `mask` gives nothing for what is refused. */
export function findKeptNumbers(
  given: Json,
  number: number,
  mask: (changed: Json) => string | undefined,
): readonly string[] {
  return listPlaces(given).flatMap((place) => {
    const isKept = mask(put(given, place, () => number))?.includes(String(number)) === true
    return isKept ? [String(place.findLast((step) => typeof step === 'string'))] : []
  })
}
