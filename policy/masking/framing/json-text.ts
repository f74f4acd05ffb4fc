// JSON text under a mask: in pieces, as a stream has it, or as splices over a whole body. And text that may itself be JSON, such as
// the arguments of a tool call, for which this is a masker like any other.
import type { Masker } from '../masker.ts'
import { endOfBlanks, maxHeld } from './bare-run.ts'
import { JsonRewriter } from './json-rewriter.ts'
import { maskEverywhere, type Place, type Start, type TextAt } from './place.ts'
import { SpliceSink, TextSink, type Splice } from './sink.ts'

/** `start` masks what turns out not to be JSON, and must therefore be what the strictest place has. */
export function startJson(place: Place, start: Start): Masker {
  const sink = new TextSink()
  const rewriter = new JsonRewriter(place, start, sink)
  return {
    push: (text) => {
      rewriter.push(text)
      return sink.take()
    },
    end: () => {
      rewriter.end()
      return sink.takeAll()
    },
    counts: () => rewriter.counts(),
  }
}

export interface MaskedJson {
  /** In order, apart, over the text that was given. None: nothing was found. */
  readonly splices: readonly Splice[]
  readonly counts: Readonly<Record<string, number>>
}

export function maskJson(text: string, place: Place, start: Start): MaskedJson {
  const sink = new SpliceSink()
  const rewriter = new JsonRewriter(place, start, sink)
  rewriter.push(text)
  rewriter.end()
  return { splices: sink.take(), counts: rewriter.counts() }
}

/** Deeper, JSON in a JSON string is text like any other. */
const maxNested = 3

/** Texts that may be JSON are masked as JSON, and the strings in them likewise. */
export function nest(start: Start, levels: number = maxNested): Start {
  return levels === 0 ? start : (at) => startNested(start, levels, at)
}

/** Which of the two it is shows at the first unit that is not blank. */
function startNested(start: Start, levels: number, at: TextAt): Masker {
  let blanks: HeldBlanks | undefined
  let masker: Masker | undefined
  const choose = (first: number): Masker => {
    if (!beginsJson(first)) return start(at)
    const inner = nest(start, levels - 1)
    return startJson(
      maskEverywhere((within) => inner(toPlaceWithin(at, within))),
      () => start(at),
    )
  }
  const pushFirst = (text: string): string => {
    const end = endOfBlanks(text, 0)
    if (end > 0) blanks ??= new HeldBlanks()
    blanks?.take(text.slice(0, end))
    const before = blanks?.release() ?? ''
    if (end === text.length) return before
    masker = choose(text.charCodeAt(end))
    return before + masker.push(blanks === undefined ? text : blanks.text + text.slice(end))
  }
  return {
    push: (text) => (masker === undefined ? pushFirst(text) : masker.push(text)),
    end: () => (masker === undefined ? maskRest(start(at), blanks?.text ?? '') : masker.end()),
    counts: () => masker?.counts() ?? {},
  }
}

function toPlaceWithin(at: TextAt, within: TextAt): TextAt {
  return { key: within.key ?? at.key, path: () => at.path() + within.path() }
}

/** What stands before the first unit that is none, as far as a masker could have a use for it. */
class HeldBlanks {
  text = ''

  take(blanks: string): void {
    this.text += blanks
  }

  /** All but the last of them. The same for every cutting, since it goes by the number alone. */
  release(): string {
    const units = Math.max(0, this.text.length - maxHeld)
    const released = this.text.slice(0, units)
    this.text = this.text.slice(units)
    return released
  }
}

function maskRest(masker: Masker, text: string): string {
  return masker.push(text) + masker.end()
}

/** A quote or an opening bracket. */
export function beginsJson(unit: number): boolean {
  return unit === 34 || unit === 91 || unit === 123
}
