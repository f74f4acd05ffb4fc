// Text in bytes that may hold anything: what is readable in them, as UTF-8 or, where every other byte is zero, as UTF-16 of ASCII.
// Pictures and keys have next to none, so that looking into them costs little.

/** Shorter runs of readable characters are chance: no value that a detector knows is shorter. */
const shortest = 6

/** The readable runs, apart by a character that belongs to no value. Undefined: there are none. */
export function readableText(bytes: Uint8Array): string | undefined {
  let text = ''
  let run = ''
  for (let at = 0; at < bytes.length;) {
    const length = lengthAt(bytes, at)
    if (length > 0) run += characterAt(bytes, at, length)
    else if (bytes[at] !== 0) {
      if (run.length >= shortest) text += `${run}\uffff`
      run = ''
    }
    at += Math.max(1, length)
  }
  if (run.length >= shortest) text += run
  return text === '' ? undefined : text
}

/** How many bytes the character takes; 0: it is none, or not to be read. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return Number(isReadable(first))
  if (first < 0xc2 || first > 0xf4) return 0
  const length = widthOf(first)
  for (let next = at + 1; next < at + length; next += 1) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0
  return isPoint(pointAt(bytes, at, length)) ? length : 0
}

function widthOf(first: number): number {
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}

function isReadable(byte: number): boolean {
  return byte < 0x20 ? byte === 9 || byte === 10 || byte === 13 : byte < 0x7f
}

function isPoint(point: number): boolean {
  return point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000)
}

function characterAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCodePoint(pointAt(bytes, at, length))
}

function pointAt(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] ?? 0
  if (length === 1) return first
  let point = first & (0xff >> (length + 1))
  for (let next = at + 1; next < at + length; next += 1) point = (point << 6) | ((bytes[next] ?? 0) & 0x3f)
  return point
}
