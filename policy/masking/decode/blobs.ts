// Runs of characters that may be bytes in base64, of either alphabet, or in hex. Where a run begins is not where its bytes must:
// something may be glued to its front, so every way of grouping its characters is read.
import { readableText } from './bytes-text.ts'

export interface Blob {
  readonly start: number
  readonly end: number
  /** What is readable in it, one for each way of grouping that has any. */
  readonly texts: readonly string[]
}

/** Sixteen characters of base64 are twelve bytes; less holds no more than what a detector would find shortened. */
const runs = /[A-Za-z0-9+/_-]{16,}={0,2}/g

export function readBlobs(text: string): readonly Blob[] {
  const blobs: Blob[] = []
  for (const { 0: run, index } of text.matchAll(runs)) {
    const texts = [...readBase64(run), ...readHex(run)]
    if (texts.length > 0) blobs.push({ start: index, end: index + run.length, texts })
  }
  return blobs
}

function readBase64(run: string): readonly string[] {
  const sextets = new Uint8Array(run.length)
  for (let at = 0; at < run.length; at += 1) sextets[at] = values[run.charCodeAt(at)] ?? 0
  return [0, 1, 2, 3].flatMap((from) => readableText(toBytes(sextets, from)) ?? [])
}

function toBytes(sextets: Uint8Array, from: number): Uint8Array {
  const bytes = new Uint8Array(Math.floor(((sextets.length - from) * 3) / 4))
  let to = 0
  for (let at = from; at + 1 < sextets.length; at += 4) {
    const group =
      ((sextets[at] ?? 0) << 18) |
      ((sextets[at + 1] ?? 0) << 12) |
      ((sextets[at + 2] ?? 0) << 6) |
      (sextets[at + 3] ?? 0)
    bytes[to] = group >> 16
    bytes[to + 1] = group >> 8
    bytes[to + 2] = group
    to += 3
  }
  return bytes
}

/** By character; of padding 0. */
const values = makeValues()

function makeValues(): Uint8Array {
  const table = new Uint8Array(128)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  for (let value = 0; value < alphabet.length; value += 1) table[alphabet.charCodeAt(value)] = value
  for (const [letter, value] of [
    ['+', 62],
    ['-', 62],
    ['/', 63],
    ['_', 63],
  ] as const)
    table[letter.charCodeAt(0)] = value
  return table
}

const hexRuns = /[0-9A-Fa-f]{16,}/g

function readHex(run: string): readonly string[] {
  return [...run.matchAll(hexRuns)].flatMap(([digits]) =>
    [0, 1].flatMap((from) => readableText(toHexBytes(digits, from)) ?? []),
  )
}

function toHexBytes(digits: string, from: number): Uint8Array {
  return Uint8Array.from({ length: (digits.length - from) >> 1 }, (_, index) =>
    Number.parseInt(digits.slice(from + 2 * index, from + 2 * index + 2), 16),
  )
}
