import { describe, expect, it } from 'vitest'
import { makeConnection, makeEndpoint } from '../../test/helpers/upstream-call.ts'
import { toMilliseconds, toUpstreamLimits } from './limits.ts'

describe('toMilliseconds', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1h1m1s1ms', 3_661_001],
    ['1m500ms', 60_500],
    ['24h', 86_400_000],
  ])('%s is %i', (text, expected) => {
    expect(toMilliseconds(text, 7)).toBe(expected)
  })

  it.each([undefined, '', '0s', '25h', '-1s', '1d', '1.5s', '1', '123456s', '1s1s1s1s1s', ' 1s'])(
    '%j counts as absent, so that no limit is ever lost',
    (text) => {
      expect(toMilliseconds(text, 7)).toBe(7)
    },
  )
})

describe('toUpstreamLimits', () => {
  it('has the documented value for everything absent', () => {
    expect(toUpstreamLimits(makeConnection({ endpoints: [makeEndpoint('http://model.test')] }))).toEqual({
      maxRequestBytes: 10_485_760,
      maxResponseBytes: 104_857_600,
      connectTimeoutMs: 5000,
      firstByteTimeoutMs: 300_000,
      idleTimeoutMs: 60_000,
      requestTimeoutMs: 1_800_000,
      maxConcurrent: Number.POSITIVE_INFINITY,
    })
  })

  it('takes what is declared', () => {
    const limits = { maxConcurrent: 3, idleTimeout: '2s', maxResponseBytes: 9 }
    const connection = makeConnection({ endpoints: [], limits })
    expect(toUpstreamLimits(connection)).toMatchObject({ maxConcurrent: 3, idleTimeoutMs: 2000, maxResponseBytes: 9 })
  })
})
