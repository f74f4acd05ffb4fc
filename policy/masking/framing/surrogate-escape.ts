// Bytes as text and back without loss: what is valid UTF-8 is that, and any other byte becomes half of a surrogate pair, which UTF-8
// has not (Python's surrogateescape). So text can be masked in bytes that are no text throughout.

const first = 0xdc00

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function toText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return toMixedText(bytes)
  }
}

/** Where the last character ends that is whole, or can be none: what follows may become one with the bytes to come. */
export function endOfWhole(bytes: Uint8Array): number {
  const least = Math.max(0, bytes.length - 3)
  for (let at = bytes.length - 1; at >= least; at -= 1) {
    const byte = bytes[at] ?? 0
    if ((byte & 0xc0) !== 0x80) return lengthOf(byte) > bytes.length - at ? at : bytes.length
  }
  return bytes.length
}

export function toBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return new TextEncoder().encode(text)
  const encoder = new TextEncoder()
  const parts: Uint8Array[] = []
  let at = 0
  for (const { index, 0: bytes } of text.matchAll(/(?<![\ud800-\udbff])[\udc80-\udcff]+/g)) {
    parts.push(
      encoder.encode(text.slice(at, index)),
      Uint8Array.from(bytes, (unit) => unit.charCodeAt(0) - first),
    )
    at = index + bytes.length
  }
  return join([...parts, encoder.encode(text.slice(at))])
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function toMixedText(bytes: Uint8Array): string {
  // A sequence of n bytes is never more than n units.
  const units = new Uint16Array(bytes.length)
  let end = 0
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0
    const length = lengthOf(byte)
    const point = length === 1 ? byte : readPoint(bytes, at, length)
    if (point > 0xffff) {
      units[end] = 0xd800 + ((point - 0x10000) >> 10)
      units[end + 1] = 0xdc00 + ((point - 0x10000) & 0x3ff)
      end += 2
    } else {
      units[end] = point === invalid || (length === 1 && byte > 0x7f) ? first + byte : point
      end += 1
    }
    at += point === invalid ? 1 : length
  }
  return fromUnits(units.subarray(0, end))
}

/** TextDecoder would put U+FFFD for halves of pairs. */
function fromUnits(units: Uint16Array): string {
  let text = ''
  for (let at = 0; at < units.length; at += 8192) text += String.fromCharCode(...units.subarray(at, at + 8192))
  return text
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

/** Of the sequence that a byte begins; 1 also for a byte that begins none. */
function lengthOf(byte: number): number {
  if (byte >= 0xc2 && byte <= 0xdf) return 2
  if (byte >= 0xe0 && byte <= 0xef) return 3
  return byte >= 0xf0 && byte <= 0xf4 ? 4 : 1
}

/** Neither written longer than needed, nor half of a surrogate pair, nor beyond Unicode. */
function isPlain(point: number, length: number): boolean {
  if (length === 3) return point >= 0x800 && (point < 0xd800 || point > 0xdfff)
  return length !== 4 || (point >= 0x10000 && point <= 0x10ffff)
}
