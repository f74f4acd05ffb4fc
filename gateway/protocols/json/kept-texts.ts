// Strings that are more than text, as places of a mask: words of a protocol and ids that a program made, which must arrive as they were,
// and bytes in base64. Each is held to its end and looked at as a whole; whatever is not what its field is for is a text like any other.
import { startBytes } from '../../../policy/masking/framing/bytes.ts'
import { items, maskEverywhere, type Place, type Start, type TextAt } from '../../../policy/masking/framing/place.ts'
import { toText as toMixedText } from '../../../policy/masking/framing/surrogate-escape.ts'
import type { Masker } from '../../../policy/masking/masker.ts'
import { toText } from '../media/media.ts'
import { sniffType } from '../media/signature.ts'
import { isSealed } from './gather-text.ts'

/** The same for a string and for those in a list. */
export function oneOrMany(place: Place): Place {
  return items(() => place, place)
}

/** An id that a program made stays. Any other is masked alike wherever it stands, so that what belongs together still does. */
export function idPlace(start: Start): Place {
  return keptIf(isMadeId, ({ path }) => start({ key: undefined, path }))
}

/** A string for which `isKept` holds stays. */
export function keptIf(isKept: (text: string) => boolean, start: Start): Place {
  return heldPlace((text, at) => (isKept(text) ? text : maskText(start(at), text)), start)
}

/** The same for a text that stands in no JSON. */
export function startKept(isKept: (text: string) => boolean, start: Start): Start {
  return startHeld((text, at) => (isKept(text) ? text : maskText(start(at), text)))
}

/**
 * Base64 that only its own server can open: what no program would take for text stays, for a changed value is a useless one. What is
 * text once it is decoded is masked as that.
 */
export function sealedPlace(start: Start): Place {
  return heldPlace((text, at) => {
    const bytes = isSealed(text) ? decode(text) : undefined
    if (bytes === undefined) return maskText(start(at), text)
    return toText(bytes) === undefined ? text : maskBytes(start(at), { text, bytes })
  }, start)
}

/**
 * Base64 of a picture, a sound, a file. What is text or mostly text is masked as that and the base64 made anew; pictures, sounds and
 * documents of a kind that is known by its first bytes stay, and so does whatever else nobody can read. What is short and none of these
 * may be a word that only looks like base64, and is masked as one.
 */
export function binaryPlace(start: Start): Place {
  return heldPlace((text, at) => maskBinary(start, text, at), start)
}

/** A link, or a picture that stands in one. */
export function linkPlace(start: Start): Place {
  return heldPlace((text, at) => {
    const [prefix] = dataPrefix.exec(text) ?? []
    if (prefix === undefined || prefix.length === text.length) return maskText(start(at), text)
    return prefix + maskBinary(start, text.slice(prefix.length), at)
  }, start)
}

const dataPrefix = /^data:[\w.+-]{1,64}\/[\w.+-]{1,64};base64,/iu

const uuid = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/iu
/** As model servers and their gateways name messages, calls, requests and files. */
const prefixed =
  /^(?:(?:bdrk|vrtx|call|chatcmpl|container|file|item|mcptoolu|msg|msgbatch|req|srvtoolu|tool|toolu)[_-]){1,2}[\dA-Za-z]{16,64}$/u

/** An id that no person chose. It means nothing but itself, and whoever made it must find it again. */
function isMadeId(text: string): boolean {
  return uuid.test(text) || (prefixed.test(text) && /[A-Za-z]\d|\d[A-Za-z]/u.test(text) && !/\d{9}/u.test(text))
}

function heldPlace(mask: (text: string, at: TextAt) => string, start: Start): Place {
  return { kind: 'String', start: startHeld(mask), otherwise: maskEverywhere(start) }
}

function startHeld(mask: (text: string, at: TextAt) => string): Start {
  return (at): Masker => {
    let text = ''
    return {
      push: (piece) => {
        text += piece
        return ''
      },
      end: () => mask(text, at),
      counts: () => ({}),
    }
  }
}

/** Keys and tokens are shorter. In the base64 of a large file nothing is found that anybody could read. */
const maxWord = 4_096

function maskBinary(start: Start, text: string, at: TextAt): string {
  const bytes = decode(text)
  if (bytes === undefined) return maskText(start(at), text)
  const isMedium = sniffType(bytes) !== '' && toText(bytes) === undefined
  if (isMedium) return text
  // Before the word: masks look into base64 themselves, and would put their label in place of all of it.
  const inside = isReadable(bytes) ? maskBytes(start(at), { text, bytes }) : text
  return inside !== text || text.length > maxWord ? inside : maskText(start(at), text)
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unreadable = /[\x01-\x08\x0e-\x1f\udc80-\udcff]/g

/** Text, or mostly: in another encoding, with some broken bytes, filled up with zeros. In packed data every find would be a false one. */
function isReadable(bytes: Uint8Array): boolean {
  if (toText(bytes) !== undefined) return true
  const mixed = toMixedText(bytes)
  const odd = mixed.length - mixed.replaceAll(unreadable, '').length
  return odd * 3 <= mixed.length
}

function maskBytes(masker: Masker, { text, bytes }: { readonly text: string; readonly bytes: Uint8Array }): string {
  const byteMasker = startBytes(masker)
  const parts = [byteMasker.push(bytes), byteMasker.end()]
  const masked = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    masked.set(part, at)
    at += part.length
  }
  return isSame(masked, bytes)
    ? text
    : masked.toBase64({ alphabet: alphabetOf(text), omitPadding: text.length % 4 > 0 })
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}

function maskText(masker: Masker, text: string): string {
  return masker.push(text) + masker.end()
}

/** Undefined: no base64. Blanks and missing padding are taken as most readers take them. */
function decode(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet: alphabetOf(text), lastChunkHandling: 'loose' })
  } catch {
    return undefined
  }
}

function alphabetOf(text: string): 'base64' | 'base64url' {
  return /[-_]/u.test(text) ? 'base64url' : 'base64'
}
