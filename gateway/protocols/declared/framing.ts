// Two ways in which servers send one value after another: server-sent events, and a line for each. Each piece goes on exactly as it
// came.
import { SseReader } from '../framing/sse.ts'
import { AnswerUnreadable } from '../protocol.ts'

export interface Piece {
  readonly raw: Uint8Array
  /** Empty: none. */
  readonly event: string
  /** Undefined: nothing a client sees. */
  readonly data: string | undefined
  /** What some clients would skip and others not. */
  readonly others?: readonly string[]
}

export interface PieceReader {
  readonly push: (bytes: Uint8Array) => readonly Piece[]
  readonly end: () => readonly Piece[]
}

export interface Framing {
  readonly open: () => PieceReader
  /** An error in place of the rest. */
  readonly toError: (json: string) => string
}

export const eventFraming: Framing = {
  open: () => new SseReader(),
  toError: (json) => `event: error\ndata: ${json}\n\n`,
}

export const lineFraming: Framing = {
  open: () => new LineReader(),
  toError: (json) => `${json}\n`,
}

const maxLineBytes = 8 * 1024 * 1024
const lineFeed = 10

class LineReader implements PieceReader {
  #held: Uint8Array[] = []
  #heldBytes = 0

  push(bytes: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = []
    let start = 0
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      this.#hold(bytes.subarray(start, end + 1))
      pieces.push(this.#take())
      start = end + 1
    }
    if (start < bytes.length) this.#hold(bytes.slice(start))
    return pieces
  }

  end(): readonly Piece[] {
    return this.#heldBytes === 0 ? [] : [this.#take()]
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    if (this.#heldBytes > maxLineBytes) throw new AnswerUnreadable('The answer has a line that is too large.')
  }

  #take(): Piece {
    const raw = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return { raw, event: '', data: decode(raw).trim() || undefined }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AnswerUnreadable('The answer is not valid UTF-8.', { cause })
  }
}
