// Regular expressions with RE2's syntax and meaning, in time linear in the text. Patterns that are written out are checked at compile time;
// compiled patterns are kept per engine.
import { RE2JS, RE2JSException } from 're2js'
import type { ConstantCheck, Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail } from '../failure.ts'
import type { Int, List, Value } from '../values/box.ts'
import type { Translated } from './pattern.ts'
import { translatePattern } from './pattern.ts'

const maxPatterns = 256
const maxPatternLength = 1024

/** A character of text costs more the longer the pattern is; half a unit for short ones. */
function chargeScan(text: string, pattern: string, meter: Meter): void {
  meter.charge(20 + text.length * (0.5 + pattern.length / 64))
}

const patternCheck: ConstantCheck = {
  index: 1,
  what: 'regular expression (RE2 syntax)',
  check: (value) => (typeof value === 'string' ? findPatternProblem(value) : undefined),
}

function findPatternProblem(source: string): string | undefined {
  if (source.length > maxPatternLength) return `longer than ${maxPatternLength} characters`
  try {
    RE2JS.compile(source)
    return undefined
  } catch (error) {
    return error instanceof RE2JSException ? error.message : 'not valid'
  }
}

export function makeRegexLibrary(): Library {
  const patterns = new Map<string, Pattern>()
  const patternOf = (source: string): Pattern => {
    const known = patterns.get(source)
    if (known !== undefined) return known
    if (patterns.size >= maxPatterns) patterns.clear()
    const made = compilePattern(source)
    patterns.set(source, made)
    return made
  }
  const matches = (text: string, source: string, meter: Meter): boolean => {
    chargeScan(text, source, meter)
    return testPattern(patternOf(source), text)
  }
  const findAll = (text: string, source: string, limit: number, meter: Meter): List => {
    // Finding where a match begins and ends takes the slower machine of the engine.
    meter.charge(text.length * (8 + source.length / 2))
    return collect(patternOf(source).linear, { text, limit, meter })
  }
  const everything = (text: string, source: string, meter: Meter): List => findAll(text, source, Infinity, meter)
  const upTo = (text: string, source: string, limit: Int, meter: Meter): List =>
    findAll(text, source, limit < 0 ? Infinity : Number(limit), meter)
  return {
    global: [['matches(string, string): bool', matches, patternCheck]],
    member: [
      ['string.matches(string): bool', matches, patternCheck],
      [
        'string.find(string): string',
        (a: string, b: string, meter: Meter) => upTo(a, b, 1, meter)[0] ?? '',
        patternCheck,
      ],
      ['string.findAll(string): list<string>', everything, patternCheck],
      ['string.findAll(string, int): list<string>', upTo, patternCheck],
    ],
  }
}

interface Pattern {
  readonly linear: RE2JS
  readonly quick: Translated | undefined
}

function testPattern({ linear, quick }: Pattern, text: string): boolean {
  if (quick === undefined || quick.askLinearWhen?.test(text) === true) return linear.test(text)
  return quick.regExp.test(text)
}

function compilePattern(source: string): Pattern {
  if (source.length > maxPatternLength) fail('invalid_pattern')
  try {
    return { linear: RE2JS.compile(source), quick: translatePattern(source) }
  } catch {
    return fail('invalid_pattern')
  }
}

interface Search {
  readonly text: string
  readonly limit: number
  readonly meter: Meter
}

function collect(pattern: RE2JS, { text, limit, meter }: Search): List {
  const found: Value[] = []
  const matcher = pattern.matcher(text)
  while (found.length < limit && matcher.find()) {
    meter.charge(20)
    found.push(matcher.group())
  }
  return found
}
