// Every case of every detector, one way: positives and evasions are found exactly, negatives are not, known misses are missed.
import { describe, expect, it } from 'vitest'
import { allDetectors, detectorsOf, packNames, packs } from '../packs.ts'
import { parsePattern } from '../pattern.ts'
import { allCases } from './all-cases.ts'
import { makeFinder } from './find.ts'

/** A text with « and » around what is to be found, apart. */
function unmark(marked: string): { readonly text: string; readonly value: string } {
  const [before = '', value = '', after = ''] = marked.split(/[«»]/)
  return { text: before + value + after, value }
}

const findEverything = makeFinder(allDetectors)

describe.each(allDetectors.map((detector) => [detector.name, detector] as const))('%s', (name, detector) => {
  const cases = allCases[name] ?? { positives: [], negatives: [], evasions: [] }
  const find = makeFinder([detector])
  const valuesIn = (text: string): readonly string[] => find(text).map(({ start, end }) => text.slice(start, end))

  it('has a pattern of the regular subset', () => {
    expect(parsePattern(detector.pattern)).toHaveProperty('node')
  })

  it('has cases of every kind', () => {
    expect(cases.positives.length).toBeGreaterThan(0)
    expect(cases.negatives.length).toBeGreaterThan(0)
    expect(cases.evasions.length).toBeGreaterThanOrEqual(3)
  })

  it.each([...cases.positives, ...cases.evasions])('finds exactly %s', (marked) => {
    const { text, value } = unmark(marked)
    expect(valuesIn(text)).toEqual([value])
  })

  it.each(cases.negatives)('finds nothing in %s', (text) => {
    expect(valuesIn(text)).toEqual([])
  })

  it.each(cases.missed ?? [])('is known to miss %s', (text) => {
    expect(valuesIn(text)).toEqual([])
  })

  it('leaves no positive uncovered when all detectors run together', () => {
    for (const marked of cases.positives) {
      const { text, value } = unmark(marked)
      const start = text.indexOf(value)
      const covered = findEverything(text).some((found) => found.start <= start && found.end >= start + value.length)
      expect({ text, covered }).toEqual({ text, covered: true })
    }
  })
})

describe('packs', () => {
  it('hold every detector, each with a name of its own', () => {
    const names = allDetectors.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(packNames.flatMap((name) => packs[name]))).toEqual(new Set(allDetectors))
    expect(Object.keys(allCases).toSorted()).toEqual(names.toSorted())
  })

  it('together name each detector once', () => {
    expect(detectorsOf(packNames)).toEqual(allDetectors)
    expect(detectorsOf(['PCI', 'PCI'])).toEqual(packs.PCI)
  })
})
