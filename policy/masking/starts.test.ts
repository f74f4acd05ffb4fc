import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Compiled } from './compiled.ts'
import type { Detector } from './detector.ts'
import { compileDetectors } from './engine.ts'
import { allDetectors } from './packs.ts'
import { Scan } from './scan.ts'

function compile(detectors: readonly Detector[]): Compiled {
  const compiled = compileDetectors(detectors)
  if ('problems' in compiled) throw new Error(compiled.problems.map(({ message }) => message).join())
  return compiled
}

const detectors: readonly Detector[] = [
  { name: 'local', class: 'PII', pattern: '[a-c_]{1,70}@', maxLength: 100 },
  { name: 'pairs', class: 'PII', pattern: '\\b[a1](?:[a1b]{2}){8}\\b', maxLength: 17 },
  { name: 'capped', class: 'PII', pattern: 'c[a-c ]*!', maxLength: 90 },
]
const engines = [compile(detectors), compile(allDetectors)]

/** Tries every start that the gate leaves. */
const patient = engines.map((engine): Compiled => ({
  ...engine,
  starts: { pass: (_, { at }): number => at, steps: 0 },
}))

function mask(compiled: Compiled, pieces: readonly string[]): string {
  const scan = new Scan(compiled, { replace: ({ detector, start, end }) => `<${detector} ${start}-${end}>` })
  return pieces.map((piece) => scan.advance(piece, false)).join('') + scan.advance('', true)
}

const run = fc
  .tuple(fc.constantFrom('a', 'ab', 'a1', 'a\u200b', 'c ', 'a\u0430', '1', 'a_', '\ud835\udfd2'), fc.nat({ max: 300 }))
  .map(([unit, times]) => unit.repeat(times))
const part = fc.oneof(
  run,
  fc.constantFrom('@', '!', ' ', '.', 'b', '1', '4111', 'a@b.cab ', 'token=', '\u200b', 'aaaaaaaaaaaaaaaaa'),
)
const texts = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))

it('passes no start that a finding begins at', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat({ max: 1500 }), { maxLength: 3 }), (text, at) => {
      const cuts = [0, ...at.toSorted((a, b) => a - b), text.length]
      const pieces = cuts.slice(1).map((cut, i) => text.slice(cuts[i], Math.max(cut, cuts[i] ?? 0)))
      for (const [i, compiled] of engines.entries()) {
        const expected = mask(patient[i] ?? compiled, [text])
        expect(mask(compiled, [text])).toBe(expected)
        expect(mask(compiled, pieces)).toBe(expected)
      }
    }),
    { numRuns: 300 },
  )
})

it('is linear where every start begins what never comes', () => {
  const compiled = engines[0] ?? compile([])
  const steps = (text: string): number => {
    const scan = new Scan(compiled, { replace: () => '' })
    scan.advance(`${text}@`, true)
    return scan.steps
  }
  expect(steps('ab'.repeat(5000))).toBeLessThan(3 * steps('ab'.repeat(2500)))
  expect(steps('b'.repeat(10_000))).toBeLessThan(60_000)
})
