// The content of a call to TorchServe. The server hands JSON to a handler as a value, each part of a form under its name, and any
// other body as bytes under `body`. A handler may read bytes as text, so what is valid text is shown as such, whatever it calls itself,
// and bytes of no kind at all are shown as the text that is in them.
import type { InferenceFacts, Json } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { parseJson } from '../declared/body.ts'
import { toMediaFacts } from '../declared/binary.ts'
import type { Binary } from '../declared/binary.ts'
import { Gathering } from '../declared/gathering.ts'
import { toTexts } from '../declared/texts.ts'
import { malformed, readText } from '../json/fields.ts'
import { toText as toMixedText } from '../framing/byte-text.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { MediaType } from '../media/media-type.ts'
import { isText, isUtf8, parseMediaType } from '../media/media-type.ts'
import { toText } from '../media/media.ts'
import { isSameKind, isUntold } from '../media/signature.ts'
import { readBoundary, readMultipart } from '../multipart/multipart.ts'
import { readUrlEncoded } from '../multipart/url-encoded.ts'
import { collectText } from '../open-inference/collect-text.ts'
import type { RequestHead } from '../protocol.ts'
import type { MaskContent } from './mask-content.ts'
import { planMask } from './mask-content.ts'

export type Content = Required<Pick<InferenceFacts, 'prompt' | 'fields' | 'media' | 'body'>>

/** Gathers into the second. */
type Read = (bytes: Uint8Array, into: Gathering) => void

export interface PlannedContent {
  /** Throws `body_malformed`. */
  readonly read: (bytes: Uint8Array) => Content
  /** Of what was read; the very same bytes when nothing was found. */
  readonly mask: MaskContent
}

/** Throws `content_type_unsupported`. */
export function planContent(head: RequestHead): PlannedContent {
  return { read: planReading(head), mask: planMask(head) }
}

function planReading({ headers }: RequestHead): (bytes: Uint8Array) => Content {
  const header = headers['content-type']
  const mediaType = header === undefined ? undefined : parseMediaType(header)
  if (mediaType === undefined && header !== undefined) {
    throw unsupported('The content type is none that every server reads alike.')
  }
  if (mediaType?.type === 'application/json') return planJson(mediaType)
  const read = planRead(mediaType)
  return (bytes) => {
    const into = new Gathering()
    read(bytes, into)
    return toContent(into, null)
  }
}

function toContent({ text, fields, media }: Gathering, body: Json): Content {
  return { prompt: text, fields, media, body }
}

/** Of an object, each key is a field; the handler sees the whole. */
function planJson(mediaType: MediaType): (bytes: Uint8Array) => Content {
  assertPlain(mediaType)
  return (bytes) => {
    const into = new Gathering()
    const body = parseJson(readText(bytes))
    if (isJsonObject(body)) {
      for (const [key, item] of Object.entries(body)) {
        into.addText(key)
        addTexts(collectText(key === 'b64' ? { b64: item } : item), key, into)
      }
    } else addTexts(collectText(body), 'body', into)
    return toContent(into, body)
  }
}

function planRead(mediaType: MediaType | undefined): Read {
  if (mediaType?.type === 'application/x-www-form-urlencoded') {
    assertPlain(mediaType)
    return readFields
  }
  if (mediaType?.type === 'multipart/form-data') {
    const boundary = readBoundary(mediaType)
    return (bytes, into) => readParts(bytes, boundary, into)
  }
  if (/^(?:multipart|message)\//u.test(mediaType?.type ?? '')) {
    throw unsupported('Of forms, this connection takes form-data.')
  }
  return (content, into) => readPart('body', { mediaType, content }, into)
}

function readFields(bytes: Uint8Array, into: Gathering): void {
  for (const [name, value] of readUrlEncoded(readText(bytes))) {
    assertPlainName(name)
    addTexts(toTexts(value), name, into)
  }
}

function readParts(bytes: Uint8Array, boundary: string, into: Gathering): void {
  for (const { name, fileName, mediaType, content } of readMultipart(bytes, boundary)) {
    assertPlainName(name)
    if (fileName !== undefined) into.addText(fileName)
    readPart(name, { mediaType, content }, into)
  }
}

const plainName = /^[\w.[\]-]{1,64}$/u

function assertPlainName(name: string): void {
  if (plainName.test(name)) return
  throw malformed('The form has a part whose name is not of letters, digits and `_.-[]`.')
}

interface Told {
  /** Undefined: nothing is said. */
  readonly mediaType: MediaType | undefined
  readonly content: Uint8Array
}

function readPart(name: string, { mediaType, content }: Told, into: Gathering): void {
  const type = mediaType?.type ?? ''
  if (mediaType !== undefined && type === 'application/json') {
    assertPlain(mediaType)
    addTexts(collectText(parseJson(readText(content))), name, into)
  } else if (mediaType !== undefined && type.startsWith('text/')) {
    if (!isUtf8(mediaType)) throw unsupported('Text must be in UTF-8.')
    addTexts(toTexts(readText(content)), name, into)
  } else readBytes({ name, type, content }, into)
}

function readBytes(binary: Binary, into: Gathering): void {
  const facts = toMediaFacts(binary)
  if (!isSameKind(binary.type, facts.sniffedType)) {
    throw malformed('A binary is not of the type that it says it is.')
  }
  const isUnknown = isUntold(binary.type) && facts.sniffedType === ''
  const plain = toText(binary.content)
  const text = plain ?? (isUnknown ? toMixedText(binary.content) : '')
  if (text !== '') addTexts(toTexts(text), binary.name, into)
  if (plain === undefined || !isUnknown) into.addMedia(facts)
}

function addTexts(texts: readonly string[], name: string, into: Gathering): void {
  for (const text of texts) into.addText(text, [name])
}

function assertPlain(mediaType: MediaType): void {
  if (isText(mediaType, mediaType.type)) return
  throw unsupported(`The content type ${mediaType.type} takes no parameter but charset=utf-8.`)
}

function unsupported(message: string): GatewayError {
  return new GatewayError('content_type_unsupported', message)
}
