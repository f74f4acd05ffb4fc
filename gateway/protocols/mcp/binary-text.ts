// What an MCP message carries in base64 (`blob` of a resource, `data` of a picture or a sound). Clients decode it before they hand it
// to a model, so bytes that are text count as that, whatever media type they are said to have.
import type { Json } from '../../../policy/model.ts'
import { decodeBase64 } from '../framing/byte-text.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { toText } from '../media/media.ts'

const binaryKeys: ReadonlySet<string> = new Set(['blob', 'data'])

/** Depth is bounded by the parser. */
export function gatherBinaryText(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => gatherBinaryText(item))
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item === 'string' && binaryKeys.has(key) ? readBinary(item) : gatherBinaryText(item),
  )
}

function readBinary(base64: string): readonly string[] {
  const bytes = decodeBase64(base64)
  const text = bytes && toText(bytes)
  return text === undefined || text === '' ? [] : [text]
}
