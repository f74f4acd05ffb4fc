// Bytes that a model may read as text, as text that rules can judge. What is valid UTF-8 is that; in anything else every valid
// sequence still stands as what it means and every other byte as its Latin-1 character, so that one broken byte hides nothing.

export function toText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return toMixedText(bytes)
  }
}

/** Blanks and missing padding are taken as most servers take them. Undefined: not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet: 'base64', lastChunkHandling: 'loose' })
  } catch {
    return undefined
  }
}

function toMixedText(bytes: Uint8Array): string {
  // A sequence of n bytes is never more than n units.
  const units = new Uint16Array(bytes.length)
  let end = 0
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i] ?? 0
    const length = first < 0x80 ? 1 : lengthOf(first)
    const point = length === 1 ? first : readPoint(bytes, i, length)
    if (point > 0xffff) {
      units[end] = 0xd800 + ((point - 0x10000) >> 10)
      units[end + 1] = 0xdc00 + ((point - 0x10000) & 0x3ff)
      end += 2
    } else {
      units[end] = point === invalid ? first : point
      end += 1
    }
    i += point === invalid ? 1 : length
  }
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(units.subarray(0, end))
}

const invalid = -1

/** RFC 3629 §3. */
function readPoint(bytes: Uint8Array, at: number, length: number): number {
  let point = (bytes[at] ?? 0) & (0x7f >> length)
  for (let i = 1; i < length; i += 1) {
    const next = bytes[at + i] ?? 0
    if ((next & 0xc0) !== 0x80) return invalid
    point = (point << 6) | (next & 0x3f)
  }
  return isPlain(point, length) ? point : invalid
}

/** By its first byte; 1 also for a byte that begins no sequence. */
function lengthOf(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2
  if (first >= 0xe0 && first <= 0xef) return 3
  return first >= 0xf0 && first <= 0xf4 ? 4 : 1
}

/** Neither written longer than needed, nor half of a surrogate pair, nor beyond Unicode. */
function isPlain(point: number, length: number): boolean {
  if (length === 3) return point >= 0x800 && (point < 0xd800 || point > 0xdfff)
  return length !== 4 || (point >= 0x10000 && point <= 0x10ffff)
}
