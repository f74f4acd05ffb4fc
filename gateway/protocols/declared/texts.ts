// Text as every reader would see it: as it stands, and with its escapes undone where a reader of JSON would undo them.

const jsonStart = /^[\s\ufeff]*[[{"]/u

/** Text that looks like JSON says something else to whoever undoes its escapes: both are shown. */
export function toTexts(text: string): readonly string[] {
  return text.includes('\\') && jsonStart.test(text) ? [text, undoEscapes(text)] : [text]
}

const backslash = 0x5c
const letterU = 0x75
const controls: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x66, 0x0c],
])

/** Unit by unit, because a body may be nothing but escapes. What is no escape loses its backslash. */
function undoEscapes(text: string): string {
  const units = new Uint16Array(text.length)
  let end = 0
  for (let i = 0; i < text.length; i += 1) {
    let unit = text.charCodeAt(i)
    if (unit === backslash) {
      const escaped = readEscape(text, i + 1)
      unit = escaped.unit
      i = escaped.last
    }
    units[end] = unit
    end += 1
  }
  return Buffer.from(units.buffer, 0, end * 2).toString('utf16le')
}

const fourHex = /^[0-9a-f]{4}$/iu

function readEscape(text: string, at: number): { readonly unit: number; readonly last: number } {
  if (at >= text.length) return { unit: backslash, last: at }
  const unit = text.charCodeAt(at)
  if (unit !== letterU) return { unit: controls.get(unit) ?? unit, last: at }
  const hex = text.slice(at + 1, at + 5)
  return fourHex.test(hex) ? { unit: Number.parseInt(hex, 16), last: at + 4 } : { unit, last: at }
}
