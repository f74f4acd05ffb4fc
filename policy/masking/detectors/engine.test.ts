// The engine with every detector at once: it accepts them, finds in every case what the slow finder finds, and masks the same
// character by character.
import { describe, expect, it } from 'vitest'
import { compileEngine } from '../engine.ts'
import type { Engine, Replace } from '../masker.ts'
import { allDetectors } from '../packs.ts'
import { allCases } from './all-cases.ts'
import { makeFinder } from './find.ts'

function compileAll(): Engine {
  const compiled = compileEngine(allDetectors)
  if ('problems' in compiled)
    throw new Error(compiled.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return compiled
}

const engine = compileAll()
const find = makeFinder(allDetectors)

const texts = Object.values(allCases)
  .flatMap(({ positives, negatives, evasions, missed }) => [...positives, ...negatives, ...evasions, ...(missed ?? [])])
  .map((marked) => marked.replaceAll(/[«»]/g, ''))

const label: Replace = ({ detector }) => `[${detector}]`

describe('the engine with every detector', () => {
  it('finds in every case what the slow finder finds', () => {
    for (const text of texts) {
      const found = engine.findAll(text).map(({ detector, start, end }) => ({ detector, start, end }))
      expect({ text, found }).toEqual({ text, found: find(text) })
    }
  })

  it('masks every case the same when it comes character by character', () => {
    for (const text of texts) {
      const masker = engine.start(label)
      const pieces = text.split('').map((unit) => masker.push(unit))
      expect(pieces.join('') + masker.end()).toBe(engine.maskAll(text, label))
    }
  })
})
