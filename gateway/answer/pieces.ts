// Bytes in pieces: those that wait, those that are still to be taken line by line, and when what waits is due to be judged.
import type { ResponseFacts } from '../../policy/model.ts'

/** Pieces that follow each other in memory are kept as one. */
export class Pieces {
  #pieces: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(piece: Uint8Array): void {
    this.#length += piece.length
    const last = this.#pieces.at(-1)
    if (last?.buffer !== piece.buffer || last.byteOffset + last.length !== piece.byteOffset) this.#pieces.push(piece)
    else
      this.#pieces[this.#pieces.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length)
  }

  /** Forgets so many of the first bytes. */
  drop(count: number): void {
    let left = Math.min(count, this.#length)
    this.#length -= left
    let whole = 0
    while (left > 0 && left >= (this.#pieces[whole]?.length ?? 0)) {
      left -= this.#pieces[whole]?.length ?? 0
      whole += 1
    }
    this.#pieces.splice(0, whole)
    const first = this.#pieces[0]
    if (left > 0 && first !== undefined) this.#pieces[0] = first.subarray(left)
  }

  /** All bytes as one piece; nothing is left. */
  take(): Uint8Array {
    const all = joinBytes(this.#pieces)
    this.#pieces = []
    this.#length = 0
    return all
  }
}

/** Copied only where they are several. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}

const lineFeed = 10
const carriageReturn = 13
const blank = 32

/**
 * Hands on what came line by line. Events of every stream that is read here end with a line, so at most one is whole with each:
 * what is judged together does not depend on how the bytes were cut on their way. A blank line comes with the line that it follows:
 * where it ends an event, that line did not.
 */
export class Lines {
  readonly #pieces: Uint8Array[] = []
  #at = 0

  push(piece: Uint8Array): void {
    if (piece.length > 0) this.#pieces.push(piece)
  }

  /** A line with its end, or what there is of it; undefined when nothing is left. */
  next(): Uint8Array | undefined {
    const [piece] = this.#pieces
    if (piece === undefined) return undefined
    const line = piece.subarray(this.#at, findEnd(piece, this.#at))
    this.#at += line.length
    if (this.#at === piece.length) {
      this.#pieces.shift()
      this.#at = 0
    }
    return line
  }
}

function findEnd(piece: Uint8Array, from: number): number {
  const end = piece.indexOf(lineFeed, from) + 1
  if (end === 0) return piece.length
  if (piece[end] !== lineFeed || (piece[from] ?? 0) <= blank) return end
  // With a carriage return in it, it may be several lines.
  return piece.subarray(from, end).includes(carriageReturn) ? end : end + 1
}

/**
 * Judging looks at all of an answer so far, again and again. So for each byte that came, at most so many are looked at: an event of a
 * chat is judged as it comes up to some thousand tokens, later ones wait for a few others, and the cost stays in proportion.
 */
export const looksPerByte = 16

/** Knows when events that wait are due. Goes by bytes of events alone, so it depends neither on time nor on how they arrived. */
export class Schedule {
  #unjudged = 0
  #size = 0

  came(bytes: number): void {
    this.#unjudged += bytes
  }

  get isDue(): boolean {
    return this.#unjudged * looksPerByte >= this.#size
  }

  /** `facts` is what was looked at. */
  judged({ text, toolCalls }: ResponseFacts): void {
    this.#unjudged = 0
    this.#size = text.length
    for (const call of toolCalls) this.#size += call.name.length + call.arguments.length
  }
}
