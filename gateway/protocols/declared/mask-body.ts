// The body of a declared request under a mask, by the content type that its reader took. All that could be text is masked; the bytes of
// images and other binaries stay.
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import type { Place } from '../../../policy/masking/framing/place.ts'
import { applySplices } from '../../../policy/masking/framing/sink.ts'
import { toBytes, toText } from '../../../policy/masking/framing/surrogate-escape.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { GatewayError } from '../../errors.ts'
import type { MediaType } from '../media/media-type.ts'
import { isText } from '../media/media-type.ts'
import { maskMultipart } from '../multipart/mask-multipart.ts'
import { maskUrlEncoded } from '../multipart/mask-url-encoded.ts'
import type { UpstreamRequest } from '../protocol.ts'
import { maskBytes, maskText } from './mask-bytes.ts'
import { toFieldPlace, toFieldStart } from './mask-places.ts'
import type { Declaration } from './declaration.ts'

export interface Masking {
  readonly declaration: Declaration
  readonly masks: TextMasks
}

export function maskUrlEncodedBody(bytes: Uint8Array, { declaration, masks }: Masking): Uint8Array {
  return maskUrlEncoded(bytes, ([name, value]) => {
    const field = declaration.parts.get(name)
    return [name, maskText(value, toFieldStart(field === undefined ? [] : [field.name], masks))]
  })
}

export function maskMultipartBody(bytes: Uint8Array, boundary: string, { declaration, masks }: Masking): Uint8Array {
  return maskMultipart(bytes, boundary, {
    // Declared.
    name: (name) => name,
    text: (text) => maskText(text, masks.start),
    content: (part) => {
      const field = declaration.parts.get(part.name)
      if (field?.kind === 'Text') return maskTextPart(part, [field.name], masks)
      return maskBinary(part.content, field?.name, { masks, fail: unmaskable })
    },
  })
}

export function maskTextPart(
  { mediaType, content }: { readonly mediaType: MediaType | undefined; readonly content: Uint8Array },
  fields: readonly string[],
  masks: TextMasks,
): Uint8Array {
  const isJson = mediaType !== undefined && isText(mediaType, 'application/json')
  if (!isJson) return maskTextBytes(content, (text) => maskText(text, toFieldStart(fields, masks)))
  return maskTextBytes(content, (text) => maskJsonText(text, toFieldPlace(fields, masks), masks))
}

/** Of JSON that is no document of its own, so that no pointer leads into it. */
export function maskJsonText(text: string, place: Place, masks: TextMasks): string {
  return applySplices(text, maskJson(text, place, masks.start).splices)
}

/** The very same bytes when `mask` changes nothing. */
export function maskTextBytes(bytes: Uint8Array, mask: (text: string) => string): Uint8Array {
  const text = toText(bytes)
  const masked = mask(text)
  return masked === text ? bytes : toBytes(masked)
}

interface BinaryMasking {
  readonly masks: TextMasks
  readonly fail: (message: string) => Error
}

/** `name` of the field that it is declared as. */
export function maskBinary(content: Uint8Array, name: string | undefined, { masks, fail }: BinaryMasking): Uint8Array {
  if (name === undefined || masks.field(name) === masks.start) return maskBytes(content, masks.start)
  throw fail('A mask is about a field that is a binary, and only text can be masked.')
}

export function unmaskable(message: string): GatewayError {
  return new GatewayError('masking_unavailable', message)
}

/** The media type of a binary is free, and so are its parameters. A boundary is not, and all bytes of the body depend on it. */
export function maskTypeHeader(type: string, masks: TextMasks): Pick<UpstreamRequest, 'headers'> {
  if (/^multipart\//iu.test(type) || maskText(type, masks.start) === type) return {}
  return { headers: { 'content-type': 'application/octet-stream' } }
}
