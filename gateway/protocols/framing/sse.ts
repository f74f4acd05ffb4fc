// Server-sent events as they stand on the wire (WHATWG HTML §9.2): bytes in, whole events out, each exactly as it came, so that what
// is not touched goes on untouched. Lines may end in LF, CR or CRLF; the outcome does not depend on how the bytes were cut.
import { toTexts } from '../declared/texts.ts'
import { AnswerUnreadable } from '../protocol.ts'

export interface SseEvent {
  /** With the blank line that ends it. */
  readonly raw: Uint8Array
  /** Empty: the event has no name of its own. */
  readonly event: string
  /** Its lines joined by line feeds. Undefined: comments or blank lines alone, which no client sees. */
  readonly data: string | undefined
  /**
   * What a reader by the standard would skip and a careless one would not: lines that are no field of an event, names and ids that are
   * more than a name. With their escapes undone as well. Absent: nothing of it, as nearly always.
   */
  readonly others?: readonly string[]
}

const maxEventBytes = 8 * 1024 * 1024

const lineFeed = 10
const carriageReturn = 13

export class SseReader {
  #held = new HeldBytes()
  #isFirst = true

  /** Throws AnswerUnreadable. */
  push(bytes: Uint8Array): readonly SseEvent[] {
    const all = this.#held.join(bytes)
    const { ends, scanned, lineStart } = findEnds(all, this.#held)
    const events: SseEvent[] = []
    let start = 0
    for (const end of ends) {
      events.push(this.#toEvent(all.subarray(start, end)))
      start = end
    }
    if (all.length - start > maxEventBytes) throw new AnswerUnreadable('The stream has an event that is too large.')
    this.#held.keep(all, start, { scanned: scanned - start, lineStart: lineStart - start })
    return events
  }

  /** What is left when the stream ends, as one last event. */
  end(): readonly SseEvent[] {
    const rest = this.#held.join(new Uint8Array())
    this.#held = new HeldBytes()
    return rest.length === 0 ? [] : [this.#toEvent(rest)]
  }

  #toEvent(raw: Uint8Array): SseEvent {
    const text = decode(raw)
    const plain = this.#isFirst && text.startsWith('\ufeff') ? text.slice(1) : text
    this.#isFirst = false
    return { raw, ...readFields(plain) }
  }
}

interface Progress {
  /** Bytes that need not be looked at again. */
  readonly scanned: number
  readonly lineStart: number
}

function findEnds(bytes: Uint8Array, from: Progress): Progress & { readonly ends: readonly number[] } {
  const ends: number[] = []
  let { lineStart } = from
  let i = from.scanned
  while (i < bytes.length) {
    const unit = bytes[i]
    if (unit !== lineFeed && unit !== carriageReturn) {
      i += 1
      continue
    }
    // Whether a line feed belongs to this line end is known by the next byte alone.
    if (unit === carriageReturn && i + 1 === bytes.length) break
    const next = unit === carriageReturn && bytes[i + 1] === lineFeed ? i + 2 : i + 1
    if (i === lineStart) ends.push(next)
    lineStart = next
    i = next
  }
  return { ends, scanned: i, lineStart }
}

/** The beginning of an event whose end has not come. Grows by doubling, so that many small pieces cost no more than one. */
class HeldBytes implements Progress {
  #bytes = new Uint8Array()
  #length = 0
  scanned = 0
  lineStart = 0

  join(bytes: Uint8Array): Uint8Array {
    if (this.#length === 0) return bytes
    const length = this.#length + bytes.length
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
    return this.#bytes.subarray(0, length)
  }

  keep(all: Uint8Array, start: number, progress: Progress): void {
    this.scanned = progress.scanned
    this.lineStart = progress.lineStart
    if (start === 0 && this.#length === all.length) return
    // A copy of its own: the events before it were handed out as views, and the piece itself is not ours.
    this.#bytes = all.slice(start)
    this.#length = this.#bytes.length
  }
}

function decode(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw)
  } catch (cause) {
    throw new AnswerUnreadable('The stream is not valid UTF-8.', { cause })
  }
}

function readFields(text: string): Omit<SseEvent, 'raw'> {
  let event = ''
  let data: string | undefined
  let others: string[] | undefined
  for (const line of text.split(/\r\n|\r|\n/u)) {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : readValue(line, colon)
    if (name === 'data') data = data === undefined ? value : `${data}\n${value}`
    else if (!isQuiet(name, value)) (others ??= []).push(...toLineTexts(line))
    if (name === 'event') event = value
  }
  return others === undefined ? { event, data } : { event, data, others }
}

function readValue(line: string, colon: number): string {
  return line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
}

const plainName = /^[\w.:/+=@-]{0,128}$/u

/** Comments and blank lines have no name; no client sees them. */
function isQuiet(name: string, value: string): boolean {
  if (name === '') return true
  return (name === 'event' || name === 'id' || name === 'retry') && plainName.test(value)
}

/** JSON behind whatever stands before it, as a reader would find it who looks for the first brace. */
function toLineTexts(line: string): readonly string[] {
  const start = line.search(/[[{"]/u)
  return start < 0 ? [line] : [line, ...toTexts(line.slice(start)).slice(1)]
}
