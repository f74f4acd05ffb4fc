// How a tour is walked and counted.
import { describe, expect, it } from 'vitest'
import { makeTerminal, width } from './terminal.ts'
import type { Result, Step } from './tour.ts'
import { makeStep, toVerdict, walk } from './tour.ts'

async function walkAll(
  steps: readonly Step<object>[],
  signal = new AbortController().signal,
): Promise<{ readonly result: Result; readonly text: string }> {
  const written: string[] = []
  const terminal = makeTerminal({ write: (text) => written.push(text), color: false })
  const result = await walk(steps, {}, { terminal, signal })
  return { result, text: written.join('') }
}

function step(title: string, expected: Readonly<Record<string, boolean>>): Step<object> {
  return makeStep({ title, run: async () => 'seen', show: (seen) => [seen], expect: () => expected })
}

describe('walk', () => {
  it('shows every step with its number, what was seen and that it is good', async () => {
    const { result, text } = await walkAll([step('First', { sense: true }), step('Second', { sense: true })])
    expect(result).toEqual({ good: 2, of: 2 })
    expect(text).toBe('1. First\n   seen\n   ok\n\n2. Second\n   seen\n   ok\n\n')
  })

  it('says everything that was expected and did not come, and goes on', async () => {
    const { result, text } = await walkAll([
      step('First', { 'status 200': false, 'an answer': true, 'a revision': false }),
      step('Second', { sense: true }),
    ])
    expect(result).toEqual({ good: 1, of: 2 })
    expect(text).toContain('failed: expected status 200\n')
    expect(text).toContain('failed: expected a revision\n')
    expect(text).not.toContain('expected an answer')
  })

  it('counts a step that throws as failed, with the reason below the reason', async () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:8080')
    const failing: Step<object> = {
      title: 'First',
      run: async () => Promise.reject(new TypeError('fetch failed', { cause })),
    }
    const { result, text } = await walkAll([failing, step('Second', { sense: true })])
    expect(result).toEqual({ good: 1, of: 2 })
    expect(text).toContain('fetch failed (connect ECONNREFUSED 127.0.0.1:8080)')
  })

  it('fails a step that expects nothing', async () => {
    expect((await walkAll([step('First', {})])).result).toEqual({ good: 0, of: 1 })
  })

  it('stops between steps when it is interrupted, and the rest is not counted as good', async () => {
    const interrupt = new AbortController()
    const first: Step<object> = makeStep({
      title: 'First',
      run: async () => interrupt.abort(),
      show: () => [],
      expect: () => ({ sense: true }),
    })
    const { result } = await walkAll([first, step('Second', { sense: true })], interrupt.signal)
    expect(result).toEqual({ good: 1, of: 2 })
  })

  it('folds long lines and disarms what a server sends', async () => {
    const { text } = await walkAll([
      makeStep({
        title: 'First',
        run: async () => `\x1b[2J${'word '.repeat(500)}`,
        show: (seen) => [seen],
        expect: () => ({ sense: true }),
      }),
    ])
    expect(text).not.toContain('\x1b')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
  })
})

describe('toVerdict', () => {
  it('is the last line that scripts read', () => {
    expect(toVerdict({ good: 6, of: 7 })).toBe('tour: 6 of 7 steps')
  })
})
