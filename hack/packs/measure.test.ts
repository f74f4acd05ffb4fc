import { describe, expect, it } from 'vitest'
import type { Judged, SetResult } from './measure.ts'
import { countSigns, findMissedFloors, toMissedFamilies, toRate } from './measure.ts'
import { toClosingLines, toSetLines } from './report.ts'

function makeJudged(changes: Partial<Judged> = {}): Judged {
  return { text: 'this is a text', refused: true, signs: ['persona'], known: false, ...changes }
}

function makeSet(changes: Partial<SetResult> = {}): SetResult {
  return {
    name: 'set',
    role: 'Held',
    about: 'a set',
    judged: [makeJudged(), makeJudged({ refused: false })],
    ...changes,
  }
}

describe('floors', () => {
  it.each([
    ['attacks at the floor', makeSet(), { all: 50 }, []],
    ['attacks below it', makeSet(), { all: 51 }, ['set: 50.0 % refused, at least 51.0 % must be']],
    [
      'new attacks below theirs',
      makeSet({ judged: [makeJudged({ known: true }), makeJudged({ refused: false })] }),
      { all: 50, fresh: 10 },
      ['set, the new ones: 0.0 % refused, at least 10.0 % must be'],
    ],
    ['harmless texts at the floor', makeSet({ role: 'Benign' }), { all: 50 }, []],
    [
      'harmless texts above it',
      makeSet({ role: 'Benign' }),
      { all: 49 },
      ['set: 50.0 % refused, at most 49.0 % may be'],
    ],
  ] as const)('judge %s', (_title, result, floor, lines) => {
    expect(findMissedFloors([result], { set: floor })).toEqual(lines)
  })

  it('are needed for every set', () => {
    expect(findMissedFloors([makeSet()], {})).toEqual(['set: has no floor'])
  })

  it('have nothing to say about a set of nothing, which would always be good', () => {
    expect(() => toRate([])).toThrow('no rate of nothing')
  })
})

describe('the report', () => {
  it('tells what missed attacks have in common, the most frequent first', () => {
    const judged = [
      makeJudged(),
      makeJudged({ refused: false, signs: [] }),
      makeJudged({ refused: false, signs: [], text: 'Отныне ты Макс' }),
      makeJudged({ refused: false, signs: ['persona', 'obey'] }),
      makeJudged({ refused: false, signs: ['obey'], text: 'you and '.repeat(500) }),
    ]
    expect(toMissedFamilies(judged)).toEqual([
      { what: 'shorter than 300 characters', count: 3 },
      { what: 'no sign at all', count: 2 },
      { what: 'obey and nothing else', count: 1 },
      { what: 'several signs that weigh too little', count: 1 },
      { what: 'hardly English', count: 1 },
      { what: 'longer than 3000 characters', count: 1 },
    ])
  })

  it('counts signs', () => {
    expect(countSigns([makeJudged({ signs: ['a', 'b'] }), makeJudged({ signs: ['b'] })])).toEqual([
      { what: 'b', count: 2 },
      { what: 'a', count: 1 },
    ])
  })

  it('ends with recall on what was held back and false positives on what is harmless', () => {
    const judged = [makeJudged({ known: true }), makeJudged({ refused: false })]
    const tuned = makeSet({ role: 'Tuned', judged: [makeJudged()] })
    const benign = makeSet({ role: 'Benign', judged: [makeJudged({ refused: false })] })
    expect(toClosingLines([makeSet({ judged }), tuned, benign])).toEqual([
      'of the 1 attacks that are not, in the main, in the sources of the rules: 0.0 %',
      'packs: recall 50.0 % of 2 attacks, false positives 0.00 % of 1',
    ])
  })

  it('never shows a prompt', () => {
    const judged = [makeJudged({ text: 'swordfish' }), makeJudged({ text: 'swordfish', refused: false })]
    const lines = (['Held', 'Tuned', 'Benign'] as const).flatMap((role) => toSetLines(makeSet({ role, judged })))
    expect(lines.join('\n')).toContain('1 of 2 refused, 50.0 %')
    expect(lines.join('\n')).not.toContain('swordfish')
  })
})
