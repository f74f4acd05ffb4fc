import { describe, expect, it } from 'vitest'

import { makeChatRequest, parseLoadLine, toSample } from './load.ts'

const line = {
  count: 100,
  errors: 0,
  elapsedUs: 1_000_000,
  p50Us: 150,
  p99Us: 900,
  rps: 100,
  ttftP50Us: 300,
  chunks: 2000,
  chunksPerSecond: 2000,
}
const load = { name: 'json', connections: 1, durationMs: 1, warmUpMs: 1, model: 'bench-json', events: 0 }
const target = { name: 'a', port: 1, path: '/', headers: {}, pid: 1 }
const clocks = { ownUs: 500_000, coreUs: 750_000 }

describe('a sample', () => {
  it('of calls has its figures per call', () => {
    expect(toSample({ load, target, round: 2 }, line, clocks)).toEqual({
      target: 'a',
      round: 2,
      errors: 0,
      rps: 100,
      cpuUs: 5000,
      utilization: 0.5,
      foreign: 0.25,
      p50Us: 150,
      p99Us: 900,
    })
  })

  it('of streams has its figures per event, and the time to the first', () => {
    expect(toSample({ load: { ...load, events: 20 }, target, round: 1 }, line, clocks)).toEqual({
      target: 'a',
      round: 1,
      errors: 0,
      rps: 2000,
      cpuUs: 250,
      utilization: 0.5,
      foreign: 0.25,
      ttftUs: 300,
    })
  })

  it('without a proxy has no CPU time', () => {
    const { pid: _pid, ...direct } = target
    expect(toSample({ load, target: direct, round: 1 }, line, clocks)).not.toHaveProperty('cpuUs')
  })

  it('of nothing at all counts as failed', () => {
    const nothing = toSample({ load, target, round: 1 }, { ...line, count: 0 }, clocks)
    expect(nothing).toEqual({ target: 'a', round: 1, errors: 1, rps: 100 })
  })
})

it.each([true, false])('a chat request is 2 KB of JSON that names the mock model (stream %s)', (stream) => {
  const body = makeChatRequest('bench-json', stream)
  expect(Buffer.byteLength(body)).toBe(2048)
  expect(JSON.parse(body)).toMatchObject({ model: 'bench-json', stream })
})

it.each([['{}'], ['null'], ['{"count":"1"}']])('%s is not a line of the generator', (text) => {
  expect(() => parseLoadLine(text)).toThrow('another line')
})
