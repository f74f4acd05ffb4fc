// All text in a JSON value: strings in their order, every key once where it comes first (rows have the same ones), and what `{"b64": ...}` holds, the form in which bytes stand in the JSON
// of model servers.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { decodeBase64, toText } from '../framing/byte-text.ts'
import { collectUnknownText } from '../json/known-keys.ts'
import { isJsonObject } from '../json/strict-json.ts'

/** `onOddBase64` may throw; otherwise such a value counts as the text it is. Depth is bounded by the parser. */
export function collectText(value: Json, onOddBase64: () => void = () => {}): readonly string[] {
  const texts: string[] = []
  const keys = new Set<string>(['b64'])
  const visit = (one: Json): void => {
    if (typeof one === 'string') texts.push(one)
    else if (Array.isArray(one)) for (const item of one) visit(item)
    else if (isJsonObject(one)) {
      for (const [key, item] of Object.entries(one)) {
        if (!keys.has(key)) texts.push(key)
        keys.add(key)
        visit(item)
        if (key === 'b64' && typeof item === 'string') texts.push(...decode(item, onOddBase64))
      }
    }
  }
  visit(value)
  return texts
}

/** What model servers call the parts of an answer; any other key is text like everything else. */
export const ordinaryKeys: ReadonlySet<string> = new Set([
  'detail',
  'error',
  'explanations',
  'model_name',
  'model_version',
  'outputs',
  'predictions',
  'results',
])

export function collectAnswerText(body: Json): readonly string[] {
  if (!isJsonObject(body)) return collectText(body)
  return Object.entries(body).flatMap(([key, value]) =>
    ordinaryKeys.has(key) ? collectText(value) : collectText({ [key]: value }),
  )
}

/** MLServer's codecs: the one word in a tensor's parameters that nobody reads as text. */
export const codecs: ReadonlySet<Json> = new Set([
  'str',
  'base64',
  'datetime',
  'np',
  'pd',
  'json',
  'hg_json',
  'hg_jsonlist',
])

export function collectParameterText(parameters: JsonObject): readonly string[] {
  return collectUnknownText(parameters, codecs.has(parameters['content_type'] ?? null) ? onlyCodec : none)
}

const onlyCodec: ReadonlySet<string> = new Set(['content_type'])
const none: ReadonlySet<string> = new Set()

function decode(text: string, onOddBase64: () => void): readonly string[] {
  const bytes = decodeBase64(text)
  if (bytes !== undefined) return [toText(bytes)]
  onOddBase64()
  return []
}
