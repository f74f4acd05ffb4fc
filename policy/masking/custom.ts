// Detectors out of the patterns that policies write themselves. What cannot be run safely, or could never find anything, is refused
// here with what to do about it; the pattern itself is never repeated.
import type { Problem } from '../problem.ts'
import { longestMatch } from './automata/nfa.ts'
import { foldText } from './fold.ts'
import type { Detector } from './detector.ts'
import { compileEngine } from './engine.ts'
import { parsePattern } from './pattern.ts'
import { digitsOf, lettersAndDigitsOf } from './verifiers/characters.ts'
import { passesLuhn } from './verifiers/luhn.ts'
import { remainderBy97 } from './verifiers/mod97.ts'

/** One entry of `dataClasses[].patterns`; `class` is the name of the data class it stands in. */
export interface CustomPattern {
  readonly name: string
  readonly class: string
  readonly pattern: string
  readonly caseMatching?: 'Sensitive' | 'Insensitive' | undefined
  readonly verifier?: 'Luhn' | 'Mod97' | undefined
  readonly context?: readonly string[] | undefined
}

/** As in the schema: a pattern that is longer was not written by hand. */
const maxPattern = 1024

/** Of a pattern without a longest match: what is longer is masked all the same, as far as the pattern goes on. */
const maxEndless = 1024

/** Holding more of a stream than this for one match would be felt. */
const maxHeld = 4096

/** Problems have paths from the entry: `pattern`, `context[2]`. */
export function toCustomDetector(custom: CustomPattern): Detector | { readonly problems: readonly Problem[] } {
  const problems = [...refusePattern(custom.pattern), ...refuseContext(custom.context ?? [])]
  if (problems.length > 0) return { problems }
  const pattern = custom.caseMatching === 'Insensitive' ? `(?i:${custom.pattern})` : custom.pattern
  const detector = {
    name: custom.name,
    class: custom.class,
    pattern,
    maxLength: longestOf(pattern),
    ...(custom.verifier === undefined ? {} : { verify: verifiers[custom.verifier] }),
    ...(custom.context === undefined ? {} : { context: { words: custom.context, required: true } }),
  }
  const refused = refuseSize(detector)
  return refused.length > 0 ? { problems: refused } : detector
}

const verifiers: Readonly<Record<'Luhn' | 'Mod97', (folded: string) => boolean>> = {
  Luhn: (folded) => passesLuhn(digitsOf(folded)),
  Mod97: passesMod97,
}

/** ISO 7064 mod 97,10, with the check at the end as in an LEI, or behind two letters at the beginning as in an IBAN. */
function passesMod97(folded: string): boolean {
  const text = lettersAndDigitsOf(folded)
  return text.length > 4 && (remainderBy97(text) === 1 || remainderBy97(text.slice(4) + text.slice(0, 4)) === 1)
}

function refusePattern(pattern: string): readonly Problem[] {
  if (pattern.length > maxPattern)
    return [
      {
        path: 'pattern',
        reason: 'Invalid',
        message: `longer than ${maxPattern} characters; make several of it, or a dictionary`,
      },
    ]
  const parsed = parsePattern(pattern)
  if (!('error' in parsed)) return []
  const { message, position } = parsed.error
  return [{ path: 'pattern', reason: 'Invalid', message, line: 1, column: position + 1 }]
}

function refuseContext(words: readonly string[]): readonly Problem[] {
  return words.flatMap((word, index) =>
    /[\p{L}\p{N}]/u.test(foldText(word))
      ? []
      : [
          {
            path: `context[${index}]`,
            reason: 'Invalid' as const,
            message: 'a context word needs a letter or a digit',
          },
        ],
  )
}

/** The engine's own say: a pattern that matches nothing, or needs too many states. Its positions are of the pattern as wrapped. */
function refuseSize(detector: Detector): readonly Problem[] {
  const compiled = compileEngine([detector])
  if (!('problems' in compiled)) return []
  return compiled.problems.map(({ reason, message }) => ({ path: 'pattern', reason, message }))
}

/** A character may be two units. */
function longestOf(pattern: string): number {
  const parsed = parsePattern(pattern)
  const longest = 'error' in parsed ? Infinity : 2 * longestMatch(parsed.node)
  return longest === Infinity ? maxEndless : Math.max(1, Math.min(longest, maxHeld))
}
