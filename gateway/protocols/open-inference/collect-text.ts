// All text in a JSON value: strings and keys in their order, and what `{"b64": ...}` holds, the form in which bytes stand in the JSON
// of model servers.
import type { Json } from '../../../policy/model.ts'
import { decodeBase64, toText } from '../framing/byte-text.ts'
import { isJsonObject } from '../json/strict-json.ts'

/** `onOddBase64` may throw; otherwise such a value counts as the text it is. Depth is bounded by the parser. */
export function collectText(value: Json, onOddBase64: () => void = () => {}): readonly string[] {
  const texts: string[] = []
  const visit = (one: Json): void => {
    if (typeof one === 'string') texts.push(one)
    else if (Array.isArray(one)) for (const item of one) visit(item)
    else if (isJsonObject(one)) {
      for (const [key, item] of Object.entries(one)) {
        texts.push(key)
        visit(item)
        if (key === 'b64' && typeof item === 'string') texts.push(...decode(item, onOddBase64))
      }
    }
  }
  visit(value)
  return texts
}

function decode(text: string, onOddBase64: () => void): readonly string[] {
  const bytes = decodeBase64(text)
  if (bytes !== undefined) return [toText(bytes)]
  onOddBase64()
  return []
}
