// Every string of a JSON value that somebody could read, for shapes that are larger than any list of their fields. What is left
// out is named: words of the protocol itself, and values that only their own server can open.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from './strict-json.ts'

export interface WireKeys {
  /** Keys whose words are the protocol's own (types, ids); what is no plain word counts as text even there. */
  readonly structure: ReadonlySet<string>
  /** Keys of sealed or binary values in base64; what does not look like that counts as text. */
  readonly sealed: ReadonlySet<string>
  /** Keys that are known, so that the name alone says nothing. Those above need not be repeated. */
  readonly known: ReadonlySet<string>
  /** In data a number may be an account; in a protocol's own fields it is a count. */
  readonly numbers: boolean
}

const none: ReadonlySet<string> = new Set()

/** For data of callers and tools, where every word counts, whatever its key. */
export const freeKeys: WireKeys = { structure: none, sealed: none, known: none, numbers: true }

export function gatherText(value: Json | undefined, keys: WireKeys): readonly string[] {
  const texts: string[] = []
  gather(value, keys, texts)
  return texts
}

/** Of the fields that `except` does not name. */
export function gatherFields(object: JsonObject, keys: WireKeys, except: ReadonlySet<string>): readonly string[] {
  const texts: string[] = []
  for (const [key, value] of Object.entries(object)) {
    if (!except.has(key)) gatherField(object, { key, value }, { keys, texts })
  }
  return texts
}

/** Depth is bounded by the parser. */
function gather(value: Json | undefined, keys: WireKeys, texts: string[]): void {
  if (typeof value === 'string') addText(value, texts)
  else if (typeof value === 'number' && keys.numbers) texts.push(String(value))
  else if (Array.isArray(value)) for (const item of value) gather(item, keys, texts)
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) gatherField(value, { key, value: item }, { keys, texts })
  }
}

function gatherField(
  owner: JsonObject,
  { key, value }: { readonly key: string; readonly value: Json },
  { keys, texts }: { readonly keys: WireKeys; readonly texts: string[] },
): void {
  if (keys.structure.has(key)) return gatherStructure(value, keys, texts)
  // A source of plain text has its text where others have bytes.
  if (keys.sealed.has(key) && typeof value === 'string' && owner['type'] !== 'text' && isSealed(value)) return
  if (!keys.known.has(key) && !keys.sealed.has(key)) addText(key, texts)
  gather(value, keys, texts)
}

const plainWord = /^[\w.:/@+-]{0,128}$/u

function gatherStructure(value: Json, keys: WireKeys, texts: string[]): void {
  const items: readonly Json[] = Array.isArray(value) ? value : [value]
  for (const item of items) if (typeof item !== 'string' || !plainWord.test(item)) gather(item, keys, texts)
}

const sealed = /^[\w+/-]{64,}={0,2}$/u

/** Base64 of some length. Shorter ones cannot be told from words, so they are read as such. */
export function isSealed(value: string): boolean {
  return sealed.test(value)
}

function addText(text: string, texts: string[]): void {
  if (text !== '') texts.push(text)
}
