// Binaries under a mask: they stay as they are, but for those that are text in truth. Such a text is masked and encoded again.
import type { Start } from '../../../../policy/masking/framing/place.ts'
import { toText } from '../../media/media.ts'
import { atOnce, type MaskText } from './at-once.ts'

/** A URL: binary in itself, or a link, which is a text. */
export function maskedLink(start: Start): Start {
  return atOnce(start, (url, mask) => (isDataUrl(url) ? maskDataUrl(url, mask) : mask(url)))
}

/** Base64 alone, or in a `data:` URL; what is neither is a text. */
export function maskedBinary(start: Start): Start {
  return atOnce(start, (text, mask) => {
    if (isDataUrl(text)) return maskDataUrl(text, mask)
    return /^[\w+/=-]*$/u.test(text) ? maskBase64(text, mask) : mask(text)
  })
}

function isDataUrl(url: string): boolean {
  return /^data:/iu.test(url)
}

const plainHead = /^data:(?:(?:image|audio|video|application|text)\/[\w.+-]{1,80})?(?:;charset=[\w-]{1,20})?$/iu

function maskDataUrl(url: string, mask: MaskText): string {
  const [, head = '', encoding = '', payload] = /^(data:[^,]*?)(;base64)?,(.*)$/isu.exec(url) ?? []
  if (payload === undefined) return mask(url)
  const masked = encoding === '' ? maskPercent(payload, mask) : maskBase64(payload, mask)
  const safeHead = plainHead.test(head) ? head : mask(head)
  return masked === payload ? `${safeHead}${encoding},${payload}` : `${safeHead};base64,${masked}`
}

function maskBase64(payload: string, mask: MaskText): string {
  const text = fromBase64(payload)
  return text === undefined ? payload : encode(text, mask(text), payload)
}

/** Base64, if anything was masked. */
function maskPercent(payload: string, mask: MaskText): string {
  const text = fromPercent(payload)
  return text === undefined ? toBase64(mask(payload)) : encode(text, mask(text), payload)
}

function encode(text: string, masked: string, payload: string): string {
  return masked === text ? payload : toBase64(masked)
}

function toBase64(text: string): string {
  return new TextEncoder().encode(text).toBase64()
}

/** Undefined: bytes that are no text. Pieces of a stream may begin and end anywhere, and are none. */
function fromBase64(payload: string): string | undefined {
  try {
    return toText(Uint8Array.fromBase64(payload, { alphabet: /[-_]/u.test(payload) ? 'base64url' : 'base64' }))
  } catch {
    return undefined
  }
}

function fromPercent(payload: string): string | undefined {
  try {
    return decodeURIComponent(payload)
  } catch {
    return undefined
  }
}
