// Binaries and links in a request as facts: what the caller says they are, what their bytes say, how large they are. Bytes alone,
// nothing is decoded or fetched.
import type { MediaFacts } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { malformed } from '../json/fields.ts'
import { measure } from './measure.ts'
import { sniffType } from './signature.ts'

export interface MediaDescription {
  /** Empty when the bytes are not of a kind known here. */
  readonly sniffedType: string
  /** In pixels; 0 where there are none or they are not known. Of several, the largest. */
  readonly width: number
  readonly height: number
}

export function describeMedia(bytes: Uint8Array): MediaDescription {
  const sniffedType = sniffType(bytes)
  return { sniffedType, ...measure(bytes, sniffedType) }
}

/** A `data:` URL is decoded and looked at; any other URL is a link that the model server would fetch. Throws `body_malformed`. */
export function toMedia(name: string, url: string): MediaFacts {
  return readMedia(name, url).facts
}

export interface ReadMedia {
  readonly facts: MediaFacts
  /** What a reader of text would see in its bytes; undefined where they are no text, and for links. */
  readonly text: string | undefined
}

export function readMedia(name: string, url: string): ReadMedia {
  // Readers of URLs drop blanks and control characters, here and there, and would see another scheme.
  if (hasBlanks.test(url)) throw malformed('A URL has blanks or control characters in it.')
  if (!dataScheme.test(url)) {
    return { facts: { name, type: '', sniffedType: '', bytes: 0, width: 0, height: 0, url }, text: undefined }
  }
  const comma = url.indexOf(',')
  if (comma < 0) throw malformed('A data: URL has no comma.')
  const [type = '', ...parameters] = url.slice('data:'.length, comma).toLowerCase().split(';')
  const payload = url.slice(comma + 1)
  const bytes = parameters.at(-1) === 'base64' ? fromBase64(payload) : fromPercent(payload)
  return { facts: { name, type, bytes: bytes.byteLength, url: '', ...describeMedia(bytes) }, text: toText(bytes) }
}

/** Undefined: no text. Text behind an image's first bytes is text all the same. */
export function toText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const hasBlanks = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff]/u
const dataScheme = /^data:/iu

/** One alphabet, nothing left over: what is no base64 is skipped by some readers and not by others. */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text)
  } catch (cause) {
    throw new GatewayError('body_malformed', 'A binary is not valid base64.', { cause })
  }
}

const badEscape = /%(?![0-9a-f]{2})/iu

function fromPercent(text: string): Uint8Array {
  if (badEscape.test(text)) throw malformed('A data: URL has an escape that is none.')
  const bytes = new TextEncoder().encode(text)
  const plain = new Uint8Array(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i += 1) {
    const isEscape = bytes[i] === 0x25
    plain[length] = isEscape
      ? Number.parseInt(String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0), 16)
      : (bytes[i] ?? 0)
    if (isEscape) i += 2
    length += 1
  }
  return plain.subarray(0, length)
}
