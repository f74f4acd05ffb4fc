// The events of most streams differ in nothing but the piece of text that they bring. What was done to one of them need not be worked out
// for the next: all the rest is the same bytes, which a mask has let pass as they are, and the piece goes on with its text.
import type { SinglePiece } from '../../../policy/masking/framing/channels.ts'
import { endOfString, toText } from '../../../policy/masking/framing/string-text.ts'

export interface RepeatedEvent {
  /** What goes on. Undefined: the event differs in more, or its text is written with escapes. */
  readonly take: (bytes: Uint8Array) => Uint8Array | undefined
}

export interface MaskedSseEvent {
  /** All of it, with its lines but for the data masked. */
  readonly raw: string
  readonly data: string
  /** The data that went on. */
  readonly masked: string
  readonly single: SinglePiece
}

/** Undefined: the mask changed more than the piece, or the event is not in the form that programs write. */
export function toRepeatedEvent({ raw, data, masked, single }: MaskedSseEvent): RepeatedEvent | undefined {
  const { at, released, push } = single
  const end = endOfString(data, at)
  if (end < 0) return undefined
  const [before, after] = [data.slice(0, at), data.slice(end)]
  const written = masked.slice(at, masked.length - after.length)
  if (masked !== before + written + after || toText(`"${written}"`) !== released) return undefined
  const frame = raw.slice(0, -data.length - blankLine.length)
  if (raw !== frame + data + blankLine || !plainFrame.test(frame)) return undefined
  return repeat(Buffer.from(frame + before), Buffer.from(after + blankLine), push)
}

const blankLine = '\n\n'
const plainFrame = /^(?:event: [a-z._]+\n)?data: ?$/u

function repeat(before: Buffer, after: Buffer, push: (text: string) => string): RepeatedEvent {
  return {
    take: (bytes) => {
      const end = bytes.length - after.length
      if (end < before.length) return undefined
      const event = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      if (event.compare(after, 0, after.length, end) !== 0) return undefined
      if (event.compare(before, 0, before.length, 0, before.length) !== 0) return undefined
      const text = readPlain(event, before.length, end)
      return text === undefined ? undefined : write(before, push(text), after)
    },
  }
}

/** Undefined: it is not UTF-8, or has what JSON writes in another way, or what would end the string or the event. */
function readPlain(event: Buffer, start: number, end: number): string | undefined {
  let highest = 0
  for (let i = start; i < end; i += 1) {
    const byte = event[i] ?? 0
    if (byte < blank || byte === quote || byte === backslash) return undefined
    highest = Math.max(highest, byte)
  }
  if (highest < 128) return event.toString('latin1', start, end)
  try {
    return decoder.decode(event.subarray(start, end))
  } catch {
    return undefined
  }
}

function write(before: Buffer, text: string, after: Buffer): Uint8Array {
  const spelled = JSON.stringify(text)
  // A unit of text is at most three bytes; of the quotes nothing is written.
  const event = Buffer.allocUnsafe(before.length + spelled.length * 3 + after.length)
  before.copy(event)
  const end = before.length + event.write(spelled.slice(1, -1), before.length)
  after.copy(event, end)
  return event.subarray(0, end + after.length)
}

const blank = 32
const quote = 34
const backslash = 92
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
