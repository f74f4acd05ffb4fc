// The content of a call to TorchServe under a mask, by the content type that its reader took: JSON and text wherever it stands, in forms part by
// part, in bytes of no known kind between them. The names by which a handler asks for its parts stay.
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { toDataPlace } from '../declared/data-place.ts'
import { maskBytes, maskText } from '../declared/mask-bytes.ts'
import { maskJsonText, maskTextBytes } from '../declared/mask-body.ts'
import { toFieldPlace, toFieldStart } from '../declared/mask-places.ts'
import { maskJsonBytes } from '../json/mask-body.ts'
import type { MediaType } from '../media/media-type.ts'
import { parseMediaType } from '../media/media-type.ts'
import { maskMultipart } from '../multipart/mask-multipart.ts'
import { maskUrlEncoded } from '../multipart/mask-url-encoded.ts'
import { readBoundary } from '../multipart/multipart.ts'
import { isPlainName } from '../open-inference/plain-name.ts'
import type { RequestHead } from '../protocol.ts'

export type MaskContent = (bytes: Uint8Array, masks: TextMasks) => Uint8Array

/** Of a head that was planned before. */
export function planMask({ headers }: RequestHead): MaskContent {
  const mediaType = parseMediaType(headers['content-type'] ?? '')
  if (mediaType?.type === 'multipart/form-data') {
    const boundary = readBoundary(mediaType)
    return (bytes, masks) => maskForm(bytes, boundary, masks)
  }
  switch (mediaType?.type ?? '') {
    case 'application/json':
      return (bytes, masks) => maskJsonBytes(bytes, toDataPlace(masks.start), masks)
    case 'application/x-www-form-urlencoded':
      return (bytes, masks) =>
        maskUrlEncoded(bytes, ([name, value]) => [maskName(name, masks), maskText(value, toFieldStart([name], masks))])
    default:
      return (content, masks) => maskPart({ name: 'body', mediaType, content }, masks)
  }
}

function maskForm(bytes: Uint8Array, boundary: string, masks: TextMasks): Uint8Array {
  return maskMultipart(bytes, boundary, {
    name: (name) => maskName(name, masks),
    text: (text) => maskText(text, masks.start),
    content: (part) => maskPart(part, masks),
  })
}

function maskName(name: string, masks: TextMasks): string {
  return isPlainName(name) ? name : maskText(name, masks.start)
}

interface NamedContent {
  readonly name: string
  readonly mediaType: MediaType | undefined
  readonly content: Uint8Array
}

function maskPart({ name, mediaType, content }: NamedContent, masks: TextMasks): Uint8Array {
  const type = mediaType?.type ?? ''
  if (type === 'application/json') {
    return maskTextBytes(content, (text) => maskJsonText(text, toFieldPlace([name], masks), masks))
  }
  if (type.startsWith('text/')) return maskTextBytes(content, (text) => maskText(text, toFieldStart([name], masks)))
  return maskBytes(content, toFieldStart([name], masks))
}
