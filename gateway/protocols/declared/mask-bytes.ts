// Bytes under a mask, where it is not certain that they are text: what is valid UTF-8 is, whatever it calls itself. Images, sounds and
// archives stay as they are; in bytes of no known kind every text that stands between others is masked all the same.
import { nowhere, type Start, type TextAt } from '../../../policy/masking/framing/place.ts'
import { toBytes, toText } from '../../../policy/masking/framing/surrogate-escape.ts'
import type { Masker } from '../../../policy/masking/masker.ts'
import { isSealed } from '../json/gather-text.ts'
import { decodeBase64 } from '../framing/byte-text.ts'
import { sniffType } from '../media/signature.ts'

export function maskText(text: string, start: Start, at: TextAt = nowhere): string {
  const masker = start(at)
  return masker.push(text) + masker.end()
}

/** For a text of which nothing can be said before it is whole. */
export function startHeld(mask: (text: string) => string): Masker {
  let held = ''
  return {
    push: (text) => {
      held += text
      return ''
    },
    end: () => mask(held),
    counts: () => ({}),
  }
}

/** The very same bytes when nothing was found. */
export function maskBytes(bytes: Uint8Array, start: Start, at: TextAt = nowhere): Uint8Array {
  if (isMedia(bytes) && !isText(bytes)) return bytes
  const text = toText(bytes)
  const masked = maskText(text, start, at)
  return masked === text ? bytes : toBytes(masked)
}

/** Not by its first few bits alone, with which text of another encoding may begin as well. */
function isMedia(bytes: Uint8Array): boolean {
  const type = sniffType(bytes)
  return type !== '' && (bytes[0] !== 0xff || type === 'image/jpeg')
}

/** More than any kind is told by. */
const signatureUnits = 320

/** The same for a value that was made text by surrogate-escape.ts. */
export function maskByteText(text: string, start: Start, at: TextAt): string {
  // Half of a surrogate pair stands for a byte that is no text.
  const isKept = !text.isWellFormed() && isMedia(toBytes(text.slice(0, signatureUnits)))
  return isKept ? text : maskText(text, start, at)
}

/** Text in base64 is masked inside. What is no base64, or too short to be known as such, is masked as the text it is. */
export function maskBase64(value: string, start: Start, at: TextAt): string {
  const bytes = decodeBase64(value)
  if (bytes === undefined) return maskText(value, start, at)
  const masked = maskBytes(bytes, start, at)
  if (masked !== bytes) return masked.toBase64({ omitPadding: value.length % 4 !== 0 })
  return isSealed(value) ? value : maskText(value, start, at)
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
