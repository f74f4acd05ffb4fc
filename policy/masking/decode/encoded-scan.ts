// A scan beside the others of a tier that looks into what is encoded: runs without blanks are gathered whole, decoded, and searched
// with the tier's own detectors. It decides by the text alone where a run begins and ends, so every cutting gives the same.
import { contextWindow } from '../detector.ts'
import type { Finding } from '../masker.ts'
import { findEncoded, type FindAll } from './find-encoded.ts'

export interface EncodedSink {
  readonly opened?: ((finding: Finding) => void) | undefined
  readonly found?: ((finding: Finding) => void) | undefined
  readonly before?: string | undefined
}

export interface EncodedOptions {
  readonly find: FindAll
  /** What a run that is too long to be looked into counts as. */
  readonly tooLong: Pick<Finding, 'detector' | 'class'>
}

/** Longer runs are findings unseen: who hides something makes the run longer. */
export const longestRun = 65_536

/** The shortest that can be encoded, such as `a%40b.cc`, and the shortest of bytes. */
const shortest = { escaped: 8, blob: 16 } as const

export class EncodedScan {
  readonly #options: EncodedOptions
  readonly #sink: EncodedSink
  readonly counts = new Map<string, number>()
  /** The run under way, in the pieces it came in; none between runs. */
  #parts: string[] = []
  #length = 0
  #start = 0
  /** What stands before a run that began in an earlier piece, and what stands before the next piece. */
  #beforeRun = ''
  #history: string
  /** Behind all that came. */
  #end = 0

  constructor(options: EncodedOptions, sink: EncodedSink) {
    this.#options = options
    this.#sink = sink
    this.#history = sink.before === undefined ? '' : `${sink.before} `
  }

  /** Offset in the whole: of findings that begin before it all were told of. */
  get decided(): number {
    return this.#length === 0 || this.#isTooLong ? this.#end : this.#start
  }

  get #isTooLong(): boolean {
    return this.#length > longestRun
  }

  advance(piece: string, final: boolean): void {
    let at = 0
    let escaped = -1
    while (at < piece.length) {
      if (this.#length === 0) {
        if (escaped < at) escaped = findEscape(piece, at)
        at = findRun(piece, at, escaped)
        if (at === piece.length) break
        this.#start = this.#end + at
      }
      const end = endOfRun(piece, at)
      this.#take(piece.slice(at, end))
      if (end < piece.length) this.#close(piece)
      at = end
    }
    if (final) this.#close(piece)
    if (this.#length > 0) this.#beforeRun = this.#before(piece)
    this.#history = (this.#history + piece.slice(-contextWindow)).slice(-contextWindow)
    this.#end += piece.length
  }

  #take(part: string): void {
    const wasTooLong = this.#isTooLong
    this.#length += part.length
    if (wasTooLong) return
    this.#parts.push(part)
    if (!this.#isTooLong) return
    this.#parts = []
    this.#tell(this.#sink.opened, { ...this.#options.tooLong, start: 0, end: longestRun })
  }

  #close(piece: string): void {
    if (this.#isTooLong) this.#count({ ...this.#options.tooLong, start: 0, end: this.#length })
    else if (this.#length >= shortest.escaped) this.#search(this.#parts.join(''), piece)
    this.#parts = []
    this.#length = 0
  }

  #search(run: string, piece: string): void {
    if (run.length < shortest.blob && !/[%&\\]/.test(run)) return
    for (const finding of findEncoded(run, this.#before(piece), this.#options.find)) {
      this.#tell(this.#sink.opened, finding)
      this.#count(finding)
    }
  }

  #count(finding: Finding): void {
    this.counts.set(finding.detector, (this.counts.get(finding.detector) ?? 0) + 1)
    this.#tell(this.#sink.found, finding)
  }

  #tell(whom: EncodedSink['found'], { detector, class: dataClass, start, end }: Finding): void {
    whom?.({ detector, class: dataClass, start: this.#start + start, end: this.#start + end })
  }

  /** What stands before the run; `piece` is the one that is being read. */
  #before(piece: string): string {
    const at = this.#start - this.#end
    if (at < 0) return this.#beforeRun
    return (this.#history + piece.slice(Math.max(0, at - contextWindow), at)).slice(-contextWindow)
  }
}

/** Blanks, quotes, parentheses and commas end a run, and so does all that is not ASCII: no encoding needs it. */
const inRun = Uint8Array.from({ length: 128 }, (_, unit) =>
  Number(/[A-Za-z0-9%&#;+/=_.~:@\\!$*?{}-]/.test(String.fromCharCode(unit))),
)

function endOfRun(text: string, from: number): number {
  let at = from
  while (at < text.length && inRun[text.charCodeAt(at)] === 1) at += 1
  return at
}

/**
 * Where the next run begins that is worth a search, or that goes on in the next piece; the length of the text when there is none. Where
 * nothing is escaped only blobs are: most text is passed in strides of their shortest length, and not unit by unit. `escaped` is where the
 * next unit stands that may begin an escape.
 */
function findRun(text: string, from: number, escaped: number): number {
  let at = from
  while (at < text.length) {
    const end = Math.min(at + shortest.blob, text.length)
    const start = startOfRun(text, at, end)
    // What stands before it in the stride is shorter than a blob; it is skipped unless something in it is escaped.
    if (escaped < end) return startOfRun(text, at, escaped)
    if (start === at || end === text.length) return start
    at = start
  }
  return at
}

/** Where the run begins that ends at `end`, not before `from`. */
function startOfRun(text: string, from: number, end: number): number {
  let at = end
  while (at > from && inRun[text.charCodeAt(at - 1)] === 1) at -= 1
  return at
}

function findEscape(text: string, from: number): number {
  escape.lastIndex = from
  return escape.test(text) ? escape.lastIndex - 1 : text.length
}

const escape = /[%&\\]/g
