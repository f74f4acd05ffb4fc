// The sequence of publications: it grows, whatever is lost.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sequence } from './sequence.ts'
import { compareSequences, isOvertaken, nextSequence } from './sequence.ts'

const at = (epoch: number, n: number): Sequence => ({ epoch, n })

describe('nextSequence', () => {
  it.each<[string, Sequence | undefined, readonly Sequence[], Sequence]>([
    ['starts at 1.1 where nothing was ever published', undefined, [], at(1, 1)],
    ['adds one', at(1, 7), [], at(1, 8)],
    ['adds one when gateways are behind', at(1, 7), [at(1, 6), at(1, 7)], at(1, 8)],
    ['continues above the highest ack when the index was deleted', undefined, [at(1, 7), at(1, 9)], at(1, 10)],
    ['starts an epoch when gateways know more than the index', at(1, 5), [at(1, 9)], at(2, 1)],
    ['starts an epoch above the highest one known', at(1, 5), [at(4, 2), at(1, 9)], at(5, 1)],
    ['keeps its epoch when gateways are an epoch behind', at(2, 1), [at(1, 900)], at(2, 2)],
    ['does not believe an absurd ack', at(1, 5), [at(1, 999_999_999_999), at(999_999_999_999, 1)], at(1, 6)],
  ])('%s', (_, index, acks, expected) => {
    expect(nextSequence(index, acks)).toEqual(expected)
  })

  it('grows strictly over deletions, restores and restarts, as long as one gateway remembers', () => {
    type Step = 'Publish' | 'Delete' | 'Restore'
    const steps = fc.array(fc.constantFrom<Step>('Publish', 'Publish', 'Publish', 'Delete', 'Restore'), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(steps, (series) => {
        const published: Sequence[] = []
        let index: Sequence | undefined
        for (const step of series) {
          if (step === 'Delete') index = undefined
          else if (step === 'Restore') index = published[0]
          else {
            index = nextSequence(index, published.slice(-1))
            published.push(index)
          }
        }
        expect(published.every((one, i) => i === 0 || compareSequences(one, published[i - 1] ?? one) > 0)).toBe(true)
      }),
    )
  })

  it('can always be written in the twelve digits that readers take', () => {
    const sequence = fc.record({ epoch: fc.nat(1e12), n: fc.nat(1e12) })
    fc.assert(
      fc.property(fc.array(sequence), (acks) => {
        const { epoch, n } = nextSequence(at(1, 1), acks)
        expect(Math.max(epoch, n)).toBeLessThan(1e12)
      }),
    )
  })
})

describe('isOvertaken', () => {
  it('notices a restored index and nothing else', () => {
    expect(isOvertaken(at(1, 5), [at(1, 6)])).toBe(true)
    expect(isOvertaken(at(1, 5), [at(1, 5), at(1, 4)])).toBe(false)
    expect(isOvertaken(at(1, 5), [at(1, 999_999_999_999)])).toBe(false)
  })
})
