// A slow finder for the tests of the detectors, independent of the engine: every start from left to right, the longest end that the
// pattern, the verifier and the context allow, by the platform's regular expressions over folded text. Offsets are of the original.
import { isInContext, toContextRule } from '../context-words.ts'
import { contextWindow, type Detector } from '../detector.ts'
import { folds, ignorable, isForeign } from '../fold.ts'

export interface Found {
  readonly detector: string
  readonly start: number
  readonly end: number
}

/** Whether a pattern asks for Greek or Cyrillic itself; of others a candidate in another script alone is no find. */
const namesScript = ({ pattern }: Detector): boolean => pattern.includes(String.raw`\u0370-\u052f`)

interface Folded {
  readonly text: string
  /** Offset in the original of each unit of the folded text, and of its end. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

function fold(original: string): Folded {
  let text = ''
  let offset = 0
  const starts: number[] = []
  const ends: number[] = []
  for (const character of original) {
    const point = character.codePointAt(0) ?? 0
    const stands = folds.get(point) ?? point
    const units = stands === ignorable ? '' : stands === point ? character : String.fromCodePoint(stands)
    for (let unit = 0; unit < units.length; unit += 1) {
      starts.push(offset)
      ends.push(offset + character.length)
    }
    text += units
    offset += character.length
  }
  return { text, starts, ends }
}

type Tester = (text: string, start: number) => number | undefined

/** Beside a candidate the underscore is no letter. */
const boundary = String.raw`(?:(?<![A-Za-z0-9])(?=\w)|(?<=\w)(?![A-Za-z0-9]))`

/** Without `(?i:...)`, which V8 14.6 compiles so that letters of the other case are missed now and then. */
function withBothCases(pattern: string): string {
  const groups: boolean[] = []
  let isInClass = false
  const units = pattern.match(/\\[^]|\(\?i:|\(\?:|[^]/gu) ?? []
  return units
    .map((unit) => {
      if (!isInClass && unit.startsWith('(')) groups.push(unit === '(?i:' || groups.at(-1) === true)
      else if (!isInClass && unit === ')') groups.pop()
      else if (unit === '[' || unit === ']') isInClass = unit === '['
      else if (groups.at(-1) === true) return toBothCases(unit, isInClass)
      return unit === '(?i:' ? '(?:' : unit
    })
    .join('')
    .replaceAll(/\[([^\]\\]*)\]/gu, (all, content: string) =>
      content.includes(both) ? `[${spreadCases(content)}]` : all,
    )
}

/** Marks a class whose letters stand for both cases. */
const both = '\ue000'

function toBothCases(unit: string, isInClass: boolean): string {
  if (isInClass) return unit + both
  return /^[A-Za-z]$/u.test(unit) ? `[${unit.toLowerCase()}${unit.toUpperCase()}]` : unit
}

function spreadCases(content: string): string {
  const plain = content.replaceAll(both, '')
  return plain + plain.toLowerCase() + plain.toUpperCase()
}

function makeTester(detector: Detector): Tester {
  const pattern = withBothCases(detector.pattern).replaceAll(String.raw`\b`, boundary)
  const quick = new RegExp(`(?:${pattern})`, 'y')
  const atEnd = new RegExp(`(?:${pattern})$`, 'y')
  const beforeOne = new RegExp(`(?:${pattern})(?=[^]$)`, 'y')
  return (text, start) => {
    quick.lastIndex = start
    if (!quick.test(text)) return undefined
    for (let end = Math.min(text.length, start + detector.maxLength); end > start; end -= 1) {
      const whole = end === text.length ? atEnd : beforeOne
      whole.lastIndex = start
      if (whole.test(text.slice(0, end + 1)) && (detector.verify?.(text.slice(start, end)) ?? true)) return end
    }
    return undefined
  }
}

/** What the detectors find in a text: leftmost, then longest, then first in the list. */
export function makeFinder(detectors: readonly Detector[]): (original: string) => readonly Found[] {
  const testers = detectors.map((detector) => ({
    detector,
    test: makeTester(detector),
    context: toContextRule(detector),
  }))
  return (original) => {
    const { text, starts, ends } = fold(original)
    const found: Found[] = []
    const isOtherScript = (start: number, end: number): boolean =>
      isForeign(original.slice(starts[start], ends[end - 1]))
    const longest = (start: number): { name: string; end: number } | undefined => {
      const before = text.slice(Math.max(0, start - contextWindow), start)
      let best: { name: string; end: number } | undefined
      for (const { detector, test, context } of testers) {
        const end = test(text, start)
        if (
          end !== undefined &&
          end > (best?.end ?? 0) &&
          (context === undefined || isInContext(before, context)) &&
          (namesScript(detector) || !isOtherScript(start, end))
        )
          best = { name: detector.name, end }
      }
      return best
    }
    for (let start = 0; start < text.length;) {
      const best = longest(start)
      if (best !== undefined)
        found.push({ detector: best.name, start: starts[start] ?? 0, end: ends[best.end - 1] ?? 0 })
      start = best?.end ?? start + 1
    }
    return found
  }
}
