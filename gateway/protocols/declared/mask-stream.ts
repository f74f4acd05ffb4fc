// A stream of values or of plain text under a mask, as events or as lines. As its reader has it, what stands at the same place of successive
// pieces is one text; a declared field is masked as masks say of it.
import { items, keep, type Place } from '../../../policy/masking/framing/place.ts'
import { replaceSseData } from '../../../policy/masking/framing/sse-data.ts'
import { join } from '../../../policy/masking/framing/surrogate-escape.ts'
import type { Json } from '../../../policy/model.ts'
import { SseReader, type SseEvent } from '../framing/sse.ts'
import { openSseMask } from '../framing/sse-mask.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { StreamMask } from '../protocol.ts'
import { isJson, sentinel } from './answer-stream.ts'
import type { AnswerMasking } from './mask-answer.ts'
import { toDeclaredPlace } from './mask-places.ts'
import { PiecePlaces } from './piece-places.ts'

/** Pieces of plain text stand behind this mark while they are masked. From one that a server sent it cannot be told, and need not. */
const textMark = 'text of the stream'

export function openEventMask(masking: AnswerMasking): StreamMask {
  const mask = openPieceMask(masking)
  const reader = new SseReader()
  const take = ({ raw, data }: SseEvent): Uint8Array => {
    if (data === undefined || !isPlain(data)) return mask.push(raw)
    const wrapped = replaceSseData(decode(raw), wrap(data))
    const masked = decode(mask.push(encode(wrapped)))
    // Else in the spelling in which it came.
    return masked === replaceSseData(wrapped, data) ? raw : encode(masked)
  }
  return { push: (bytes) => join([...reader.push(bytes), ...reader.end()].map(take)), end: mask.end }
}

/** As events of one line each. */
export function openLineMask(masking: AnswerMasking): StreamMask {
  const mask = openPieceMask(masking)
  const take = (line: string): string => {
    const data = line.trim().replaceAll(/\r\n?/gu, '\n')
    if (data === '') return line
    const masked = readData(mask.push(encode(toEvent(isPlain(data) ? wrap(data) : data))))
    return masked.length === 1 && masked[0] === data ? line : toLines(masked)
  }
  return {
    push: (bytes) =>
      encode(
        decode(bytes)
          .split(/(?<=\n)/u)
          .map(take)
          .join(''),
      ),
    end: () => encode(toLines(readData(mask.end()))),
  }
}

/** Of server-sent events, whose plain text is wrapped; what comes out is not. */
function openPieceMask({ declaration, masks }: AnswerMasking): StreamMask {
  const places = new PiecePlaces()
  const data = toDeclaredPlace(declaration, masks)
  return openSseMask(masks, {
    marks: new Set([sentinel]),
    finish: unwrap,
    plan: ({ said, event }, set) => ({
      places: isWrapped(said) ? toTextPlace(places.of('', data, { set })) : places.of(said, data, { set }),
      ends: isLast(said, event) ? 'All' : [],
    }),
  })
}

function toTextPlace(text: Place): Place {
  return items((i) => (i === 0 ? keep : text), text)
}

/** As far as anybody can say who does not know the API: an error, or what Ollama and its like end with. */
function isLast(said: Json, event: string): boolean {
  return event === 'error' || (isJsonObject(said) && (Object.hasOwn(said, 'error') || said['done'] === true))
}

function isPlain(data: string): boolean {
  return data !== '' && data !== sentinel && !isJson(data)
}

function wrap(text: string): string {
  return JSON.stringify([textMark, text])
}

type Wrapped = readonly [mark: typeof textMark, text: string]

function isWrapped(said: Json): said is Wrapped {
  return Array.isArray(said) && said.length === 2 && said[0] === textMark && typeof said[1] === 'string'
}

function unwrap(data: string): string {
  if (!data.startsWith(`["${textMark}"`)) return data
  const said: Json = JSON.parse(data)
  return isWrapped(said) ? said[1] : data
}

function toEvent(data: string): string {
  return `${data
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')}\n`
}

function readData(events: Uint8Array): readonly string[] {
  const reader = new SseReader()
  return [...reader.push(events), ...reader.end()].flatMap(({ data }) => data ?? [])
}

function toLines(all: readonly string[]): string {
  return all.map((data) => `${data.replaceAll('\n', ' ')}\n`).join('')
}

/** Its reader has seen that it is UTF-8. */
function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

function encode(text: string): Uint8Array {
  return Buffer.from(text)
}
