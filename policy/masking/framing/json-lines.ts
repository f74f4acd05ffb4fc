// A stream of JSON texts, one on each line (NDJSON), cut anywhere. What is no JSON is one plain text with the lines after it, up to the
// next line that looks like JSON: a private key in a log has many lines.
import type { Masker } from '../masker.ts'
import { isBlank } from './bare-run.ts'
import { Counts } from './counts.ts'
import { JsonRewriter } from './json-rewriter.ts'
import { beginsJson } from './json-text.ts'
import type { Place, Start } from './place.ts'
import { TextSink } from './sink.ts'

/** `place` is that of each line's whole value; `start` masks what is no JSON. For bytes: `startBytes(startJsonLines(...))`. */
export function startJsonLines(place: Place, start: Start): Masker {
  const lines = new JsonLines(place, start)
  return { push: (text) => lines.push(text), end: () => lines.end(), counts: () => lines.counts() }
}

class JsonLines {
  readonly #place: Place
  readonly #start: Start
  readonly #sink = new TextSink()
  readonly #counts = new Counts()
  #line: JsonRewriter
  /** Nothing but blanks came since the last line feed. */
  #isAtStart = true

  constructor(place: Place, start: Start) {
    this.#place = place
    this.#start = start
    this.#line = new JsonRewriter(place, start, this.#sink)
  }

  push(text: string): string {
    for (let at = 0; at < text.length;) {
      if (this.#isAtStart) {
        at = this.#readStart(text, at)
      } else {
        const feed = text.indexOf('\n', at)
        const end = feed < 0 ? text.length : feed
        this.#line.push(text.slice(at, end))
        at = end
        if (feed >= 0) at = this.#readFeed(at)
      }
    }
    return this.#sink.take()
  }

  end(): string {
    this.#startLine()
    return this.#sink.takeAll()
  }

  counts(): Readonly<Record<string, number>> {
    const sum = new Counts()
    sum.add(this.#counts.sum())
    sum.add(this.#line.counts())
    return sum.sum()
  }

  /** Blanks, and the decision that the unit after them brings. */
  #readStart(text: string, from: number): number {
    let end = from
    while (end < text.length && isBlank(text.charCodeAt(end))) end += 1
    this.#line.push(text.slice(from, end))
    if (end === text.length) return end
    this.#isAtStart = false
    if (this.#line.isPlain && beginsJson(text.charCodeAt(end))) this.#startLine()
    return end
  }

  #readFeed(at: number): number {
    this.#isAtStart = true
    if (this.#line.isPlain) {
      this.#line.push('\n')
    } else {
      this.#startLine()
      this.#sink.keep('\n')
    }
    return at + 1
  }

  #startLine(): void {
    this.#line.end()
    this.#counts.add(this.#line.counts())
    this.#line = new JsonRewriter(this.#place, this.#start, this.#sink)
  }
}
