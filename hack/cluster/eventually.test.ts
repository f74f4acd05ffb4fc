import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { eventually } from './eventually.ts'

const soon = { message: 'the light', timeoutMs: 20, intervalMs: 1 }

describe('eventually', () => {
  test('returns the first value that is there', async () => {
    const answers = [undefined, false, null, 'green']
    await expect(eventually(() => answers.shift(), { message: 'the light', intervalMs: 1 })).resolves.toBe('green')
  })

  test('zero and the empty string are values', async () => {
    await expect(eventually(() => 0, soon)).resolves.toBe(0)
    await expect(eventually(() => '', soon)).resolves.toBe('')
  })

  test('an assertion that fails is tried again', async () => {
    let count = 0
    const atLeastThree = (): boolean => {
      count++
      assert(count >= 3)
      return true
    }
    await eventually(atLeastThree, { message: 'three', intervalMs: 1 })
    expect(count).toBe(3)
  })

  test('when time is up, the error says what was waited for, what was wrong last, and the explanation', async () => {
    const waiting = eventually(
      () => {
        throw new Error('still red')
      },
      { ...soon, explain: () => 'the lamp is broken' },
    )
    await expect(waiting).rejects.toThrow('gave up waiting for the light after 20 ms: still red\nthe lamp is broken')
  })

  test('stops at once when its signal says so', async () => {
    const stop = AbortSignal.abort(new Error('enough'))
    await expect(eventually(() => false, { ...soon, signal: stop })).rejects.toThrow('enough')
  })
})
