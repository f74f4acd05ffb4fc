// JSON text under a mask: in pieces, as a stream has it, or as splices over a whole body. And text that may itself be JSON, such as
// the arguments of a tool call, for which this is a masker like any other.
import type { Masker } from '../masker.ts'
import { isBlank } from './bare-run.ts'
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
  let held = ''
  let masker: Masker | undefined
  const choose = (text: string): Masker => {
    if (!looksLikeJson(text)) return start(at)
    return startJson(maskEverywhere(nest(within(at, start), levels - 1)), () => start(at))
  }
  return {
    push: (text) => {
      if (masker !== undefined) return masker.push(text)
      held += text
      if (isAllBlank(text)) return ''
      masker = choose(held)
      return masker.push(held)
    },
    end: () => (masker === undefined ? maskRest(start(at), held) : masker.end()),
    counts: () => masker?.counts() ?? {},
  }
}

/** For texts of a document that is itself a text at `outer`. */
function within(outer: TextAt, start: Start): Start {
  return ({ key, path }) => start({ key: key ?? outer.key, path: () => outer.path() + path() })
}

function maskRest(masker: Masker, text: string): string {
  return masker.push(text) + masker.end()
}

function looksLikeJson(text: string): boolean {
  return /^[\t\n\r \ufeff]*["[{]/u.test(text)
}

function isAllBlank(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (!isBlank(text.charCodeAt(i))) return false
  }
  return true
}
