// Answers of servers without a known API: all their text, and the fields that the connection declares in it. JSON and text of any
// shape are read, events and lines as they come; anything else must be declared as a binary.
import type { Json, ResponseFacts } from '../../../policy/model.ts'
import { parseStrictJson, tensorBounds } from '../json/strict-json.ts'
import type { MediaType } from '../media/media-type.ts'
import { isUtf8, parseMediaType } from '../media/media-type.ts'
import { toText } from '../media/media.ts'
import type { AnswerFormat, AnswerHead, RenderError } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { EventAnswer } from './answer-stream.ts'
import { examineBinary } from './binary.ts'
import type { Declaration } from './declaration.ts'
import { Gathering } from './gathering.ts'
import type { Framing } from './framing.ts'
import { eventFraming, lineFraming } from './framing.ts'
import type { AnswerMasking } from './mask-answer.ts'
import { encodeLatin, maskAnswerJson, maskAnswerText } from './mask-answer.ts'
import { maskBinary } from './mask-body.ts'
import { openEventMask, openLineMask } from './mask-stream.ts'
import { fieldsAt, walkPlaces } from './places.ts'
import { toTexts } from './texts.ts'

/** Without a declaration nothing is a field, and every binary is taken. */
export function toAnswerFormat(renderError: RenderError, declaration?: Declaration): AnswerFormat {
  return {
    readWhole: (head, bytes) => readWhole(head, bytes, declaration),
    openStream: (head) => {
      const framing = findFraming(head)
      return framing && new EventAnswer({ status: head.status, framing, declaration, renderError })
    },
    maskWhole: (head, bytes, masks) => maskAnswer({ head, bytes }, { declaration, masks }),
    openMask: (head, masks) => {
      const framing = findFraming(head)
      if (framing === undefined) return undefined
      return framing === eventFraming ? openEventMask({ declaration, masks }) : openLineMask({ declaration, masks })
    },
  }
}

function findFraming({ headers }: AnswerHead): Framing | undefined {
  const type = parseMediaType(headers['content-type'] ?? '')?.type ?? ''
  if (type === 'text/event-stream') return eventFraming
  return lineTypes.has(type) ? lineFraming : undefined
}

const lineTypes = new Set(['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines'])
const jsonType = /^application\/(?:[\w.-]+\+)?json$/u
const textType = /^(?:text\/.+|application\/(?:[\w.-]+\+)?xml|application\/(?:x-ndjson|jsonl|x-jsonlines))$/u

type Read = Pick<ResponseFacts, 'text' | 'body' | 'fields'>

function readWhole(head: AnswerHead, bytes: Uint8Array, declaration: Declaration | undefined): ResponseFacts {
  const read = bytes.length === 0 ? readNothing(declaration) : readBody(head, bytes, declaration)
  return { status: head.status, toolCalls: [], finishReason: '', ...read }
}

function readNothing(declaration: Declaration | undefined): Read {
  return toRead(new Gathering(declaration?.fields ?? []), null, declaration)
}

function readBody(head: AnswerHead, bytes: Uint8Array, declaration: Declaration | undefined): Read {
  const body = openBody(head, bytes)
  switch (body.kind) {
    case 'Json':
      return readJson(body.text, declaration)
    case 'Text':
      return readPlain(body.text, declaration)
    case 'Binary':
      return readBinary(bytes, body.type, declaration)
  }
}

type OpenBody =
  | { readonly kind: 'Json' | 'Text'; readonly text: string; readonly isLatin: boolean }
  | { readonly kind: 'Binary'; readonly type: string }

function openBody({ headers }: AnswerHead, bytes: Uint8Array): OpenBody {
  const header = headers['content-type'] ?? ''
  const mediaType = parseMediaType(header)
  if (mediaType === undefined && header !== '') throw new AnswerUnreadable('The content type of the answer is none.')
  if (mediaType === undefined) return guessBody(bytes)
  const { type } = mediaType
  const kind = jsonType.test(type) ? 'Json' : textType.test(type) ? 'Text' : 'Binary'
  if (kind === 'Binary') return { kind, type }
  return { kind, text: decode(bytes, mediaType), isLatin: isLatin(mediaType) }
}

/** What a client would guess: JSON, else text, else bytes. */
function guessBody(bytes: Uint8Array): OpenBody {
  const text = toText(bytes)
  if (text === undefined) return { kind: 'Binary', type: '' }
  const kind = 'refused' in parseStrictJson(text, tensorBounds) ? 'Text' : 'Json'
  return { kind, text, isLatin: false }
}

const fail = (message: string): AnswerUnreadable => new AnswerUnreadable(message)

interface WholeAnswer {
  readonly head: AnswerHead
  readonly bytes: Uint8Array
}

/** The very same bytes when nothing was found. */
function maskAnswer({ head, bytes }: WholeAnswer, masking: AnswerMasking): Uint8Array {
  const body = openBody(head, bytes)
  if (body.kind === 'Binary') return maskBinary(bytes, masking.declaration?.wholeBinary, { ...masking, fail })
  const { text, isLatin: wasLatin } = body
  const masked = body.kind === 'Json' ? maskAnswerJson(text, masking) : maskAnswerText(text, masking)
  if (masked === text) return bytes
  return wasLatin ? encodeLatin(masked) : new TextEncoder().encode(masked)
}

function readJson(text: string, declaration: Declaration | undefined): Read {
  const parsed = parseStrictJson(text, tensorBounds)
  if ('refused' in parsed)
    throw new AnswerUnreadable('The answer says that it is JSON, and is none that every reader reads alike.')
  const into = new Gathering(declaration?.fields ?? [])
  gatherAnswer(parsed.value, declaration, into)
  return toRead(into, parsed.value, declaration)
}

/** Every string and every key: a label may be either. */
function gatherAnswer(value: Json, declaration: Declaration | undefined, into: Gathering): void {
  const whole = toWhole(declaration)
  walkPlaces(value, declaration?.places, {
    text: (text, place) => into.addText(text, [...fieldsAt(place), ...whole]),
    key: (key) => into.addKey(key, whole),
  })
}

function readPlain(text: string, declaration: Declaration | undefined): Read {
  const into = new Gathering(declaration?.fields ?? [])
  for (const one of toTexts(text)) into.addText(one, toWhole(declaration))
  return toRead(into, null, declaration)
}

function toWhole(declaration: Declaration | undefined): readonly string[] {
  return declaration?.wholeText === undefined ? [] : [declaration.wholeText]
}

function readBinary(content: Uint8Array, type: string, declaration: Declaration | undefined): Read {
  const into = new Gathering(declaration?.fields ?? [])
  if (declaration !== undefined) {
    const name = declaration.wholeBinary
    if (name === undefined) throw new AnswerUnreadable('The answer is a binary, and the connection declares none.')
    const examined = examineBinary({ name, type, content }, declaration.media)
    if ('refused' in examined)
      throw new AnswerUnreadable('The answer is not of the binaries that the connection declares.')
  }
  // What calls itself an image may be text to a program that does not look.
  const text = toText(content)
  if (text !== undefined) into.addText(text)
  return toRead(into, null, declaration)
}

function toRead({ text, fields }: Gathering, body: Json, declaration: Declaration | undefined): Read {
  return { text, body, ...(declaration === undefined ? {} : { fields }) }
}

/** The same bytes in any of these; other encodings are not read. */
const latin = /^(?:us-ascii|iso-8859-1|windows-1252)$/iu

function isLatin({ parameters }: MediaType): boolean {
  return latin.test(parameters.get('charset') ?? '')
}

function decode(bytes: Uint8Array, mediaType: MediaType): string {
  if (isLatin(mediaType)) return new TextDecoder('windows-1252').decode(bytes)
  const text = isUtf8(mediaType) ? toText(bytes) : undefined
  if (text === undefined) throw new AnswerUnreadable('The answer is not valid UTF-8.')
  return text
}
