// What is found in a piece of text once it is decoded: in characters written as something else, and in bytes written as base64 or
// hex. Of those the whole run is the finding, for nobody reads the rest of it any more.
import type { Finding } from '../masker.ts'
import { readBlobs } from './blobs.ts'
import { unescapeText } from './escapes.ts'

export type FindAll = (text: string, before?: string) => readonly Finding[]

/** Encoded values in encoded text; deeper, it is no slip of a person. */
const maxDepth = 2

/** In order, and apart. Offsets are those of the text given. */
export function findEncoded(text: string, before: string, find: FindAll, depth: number = maxDepth): readonly Finding[] {
  const found = [...findEscaped(text, before, find, depth), ...findInBlobs(text, before, find, depth)]
  found.sort((one, other) => one.start - other.start || other.end - one.end)
  return found.filter(({ start }, index) => found.slice(0, index).every(({ end }) => end <= start))
}

function findDecoded(text: string, before: string, find: FindAll, depth: number): readonly Finding[] {
  const found = find(text, before)
  return depth <= 1 ? found : [...found, ...findEncoded(text, before, find, depth - 1)]
}

/** What stands there unescaped is found without this. */
function findEscaped(text: string, before: string, find: FindAll, depth: number): readonly Finding[] {
  const unescaped = unescapeText(text)
  if (unescaped === undefined) return []
  const { starts, escaped } = unescaped
  return findDecoded(unescaped.text, before, find, depth)
    .filter(({ start, end }) => escaped.slice(Math.max(0, start - 1), end + 1).includes(true))
    .map((finding) => ({ ...finding, start: starts[finding.start] ?? 0, end: endOf(starts, finding.end) }))
}

/** Several units may be of one escape. */
function endOf(starts: readonly number[], end: number): number {
  const last = starts[end - 1]
  let at = end
  while (starts[at] === last) at += 1
  return starts[at] ?? 0
}

function findInBlobs(text: string, before: string, find: FindAll, depth: number): readonly Finding[] {
  return readBlobs(text).flatMap(({ start, end, texts }) => {
    for (const decoded of texts) {
      const [first] = findDecoded(decoded, before, find, depth)
      if (first !== undefined) return [{ ...first, start, end }]
    }
    return []
  })
}
