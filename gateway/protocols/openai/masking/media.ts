// Binaries in requests under a mask: in a URL of their own, or as base64 alone. What is a text in truth is masked, and encoded again.
import type { Place, Start, TextAt } from '../../../../policy/masking/framing/place.ts'
import { binaryPlace } from '../../json/kept-texts.ts'
import { atOnce, type MaskText } from './at-once.ts'

/** A URL: binary in itself, or a link, which is a text. */
export function maskedLink(start: Start): Start {
  const binary = startOf(binaryPlace(start))
  return atOnce(start, (url, mask, at) => (isDataUrl(url) ? maskDataUrl(url, mask, runAt(binary, at)) : mask(url)))
}

/** Base64 alone, or in a `data:` URL; what is neither is a text. */
export function maskedMedia(start: Start): Start {
  const binary = startOf(binaryPlace(start))
  return atOnce(start, (text, mask, at) => {
    const maskBase64 = runAt(binary, at)
    return isDataUrl(text) ? maskDataUrl(text, mask, maskBase64) : maskBase64(text)
  })
}

export function startOf(place: Place): Start {
  if (place.kind !== 'String') throw new Error('what is held to its end stands in strings')
  return place.start
}

function runAt(start: Start, at: TextAt): MaskText {
  return (text) => {
    const masker = start(at)
    return masker.push(text) + masker.end()
  }
}

function isDataUrl(url: string): boolean {
  return /^data:/iu.test(url)
}

const plainHead = /^data:(?:(?:image|audio|video|application|text)\/[\w.+-]{1,80})?(?:;charset=[\w-]{1,20})?$/iu

function maskDataUrl(url: string, mask: MaskText, maskBase64: MaskText): string {
  const [, head = '', encoding = '', payload] = /^(data:[^,]*?)(;base64)?,(.*)$/isu.exec(url) ?? []
  if (payload === undefined) return mask(url)
  const safeHead = plainHead.test(head) ? head : mask(head)
  if (encoding !== '') return `${safeHead}${encoding},${maskBase64(payload)}`
  const text = fromPercent(payload)
  if (text === undefined) return mask(url)
  const masked = mask(text)
  return masked === text ? `${safeHead},${payload}` : `${safeHead};base64,${toBase64(masked)}`
}

function toBase64(text: string): string {
  return new TextEncoder().encode(text).toBase64()
}

/** Undefined: bytes that are no text. */
function fromPercent(payload: string): string | undefined {
  try {
    return decodeURIComponent(payload)
  } catch {
    return undefined
  }
}
