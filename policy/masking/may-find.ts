// Whether a text, put together of many, may hold a finding in one of them: asked once, so that most documents need no more. It says
// no only where none of the texts alone has one, whatever words stand before it.
import type { Compiled, CompiledDetector } from './compiled.ts'
import { EncodedScan } from './decode/encoded-scan.ts'
import { toEngine } from './engine.ts'
import type { StartScan } from './merged-scan.ts'
import { Scan } from './scan.ts'

/**
 * Of a text in which others stand between quotes, each whole. A quote is no character of a word, so that what begins and ends with
 * one of them matches here as it does there.
 */
export type MayFind = (text: string) => boolean

export interface SearchedTier {
  readonly compiled: Compiled
  /** It looks into what is encoded as well. */
  readonly decodes: boolean
}

/** Thrown by the first finding, since a scan does not stop by itself and the rest of the text says no more. Made once: it is no error. */
const enough = new Error('a finding')

export function toMayFind(tiers: readonly SearchedTier[]): MayFind {
  const starts = tiers.flatMap(({ compiled, decodes }) => {
    const relaxed = relax(compiled)
    const plain: StartScan = (sink) => new Scan(relaxed, sink)
    return decodes ? [plain, toEncoded(relaxed)] : [plain]
  })
  return (text) => starts.some((start) => finds(start, text))
}

function finds(start: StartScan, text: string): boolean {
  try {
    start({ replace: nothing, opened: stop, found: stop }).advance(text, true)
    return false
  } catch (error) {
    if (error !== enough) throw error
    return true
  }
}

function nothing(): string {
  return ''
}

function stop(): never {
  throw enough
}

/**
 * The same automata, and every candidate a finding that could be one. What goes on behind the quote after a text hides no shorter
 * candidate within it: it is taken for a finding itself, whatever a verifier would say.
 */
function relax(compiled: Compiled): Compiled {
  return { ...compiled, detectors: compiled.detectors.map(relaxDetector), needsContext: false }
}

function relaxDetector(compiled: CompiledDetector): CompiledDetector {
  const { detector } = compiled
  const { verify } = detector
  const relaxed = { ...compiled, context: undefined, foreign: true }
  if (verify === undefined) return relaxed
  return { ...relaxed, detector: { ...detector, verify: (folded) => folded.includes('"') || verify(folded) } }
}

/** Whatever is found in something decoded counts, even where it is not what was encoded. */
function toEncoded(relaxed: Compiled): StartScan {
  const { findAll } = toEngine(relaxed)
  const [first] = relaxed.detectors
  const tooLong = { detector: first?.detector.name ?? '', class: first?.detector.class ?? '' }
  return (sink) => {
    const find: typeof findAll = (text) => {
      const findings = findAll(text)
      for (const finding of findings) sink.found?.(finding)
      return findings
    }
    return new EncodedScan({ find, tooLong }, sink)
  }
}
