// Triton's generate extension: a body of free keys, each an input tensor of the model or one of its parameters. Every string counts as
// prompt, and every key that may be a tensor is shown as one, so that a rule about inputs holds on both roads.
import { fields, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject, TensorFacts } from '../../../policy/model.ts'
import { toDataPlace } from '../declared/data-place.ts'
import { assertPlainKeys, readJsonObject } from '../json/fields.ts'
import { collectUnknownText } from '../json/known-keys.ts'
import { isJsonObject, tensorBounds } from '../json/strict-json.ts'

export interface GenerateRequest {
  readonly prompt: string
  readonly inputs: readonly TensorFacts[]
  readonly body: JsonObject
}

const textKey = 'text_input'
const knownKeys: ReadonlySet<string> = new Set([textKey, 'parameters', 'stream', 'id'])

export function readGenerate(bytes: Uint8Array): GenerateRequest {
  const { body } = readJsonObject(bytes, tensorBounds)
  assertPlainKeys(body, knownKeys)
  return { prompt: listText(body, textKey).join('\n'), inputs: toTensors(body), body }
}

/** Whatever is no tensor of the model or no parameter is refused by the server, so that nothing of it is structure. */
export function toGeneratePlace(start: Start): Place {
  const data = toDataPlace(start)
  return fields(Object.fromEntries([...knownKeys].map((key) => [key, data])), data)
}

/** All text of a body of free keys, that of the named key first. */
export function listText(body: JsonObject, first: string): readonly string[] {
  const named = Object.hasOwn(body, first) ? { [first]: body[first] ?? null } : {}
  return [...collectUnknownText(named, new Set()), ...collectUnknownText(body, new Set([first]))]
}

/** Which datatype the model has for a number is not told here; such a tensor has none. */
export function toTensors(body: JsonObject): readonly TensorFacts[] {
  const tensors: TensorFacts[] = []
  for (const [name, value] of Object.entries(body)) {
    if (isJsonObject(value) || value === null) continue
    const text = collectUnknownText({ [name]: value }, new Set())
    const elements = countLeaves(value)
    const bytes = new TextEncoder().encode(text.join('')).length
    tensors.push({ name, datatype: text.length > 0 ? 'BYTES' : '', shape: [elements], elements, bytes, text })
  }
  return tensors
}

function countLeaves(value: Json): number {
  if (!Array.isArray(value)) return 1
  return value.reduce<number>((sum, item: Json) => sum + countLeaves(item), 0)
}
