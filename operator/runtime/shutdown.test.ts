import { expect, it } from 'vitest'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import type { Line } from '../../test/helpers/quiet.ts'
import { makeLog } from '../../test/helpers/quiet.ts'
import type { ShutdownParts } from './shutdown.ts'
import { shutdown } from './shutdown.ts'

function makeParts(taken: string[], overrides: Partial<ShutdownParts> = {}): ShutdownParts {
  return {
    markNotReady: () => void taken.push('not ready'),
    stopReflectors: async () => void taken.push('reflectors'),
    drain: async () => void taken.push('drained'),
    releaseLease: async () => void taken.push('lease'),
    closeClient: async () => void taken.push('client'),
    ...overrides,
  }
}

async function hanging(): Promise<void> {
  return new Promise(() => {})
}

async function failing(): Promise<void> {
  throw new TypeError('s3cret')
}

it('takes its steps in order', async () => {
  const taken: string[] = []
  expect(await shutdown({ clock: new ManualClock(), log: makeLog() }, makeParts(taken))).toBe(true)
  expect(taken).toEqual(['not ready', 'reflectors', 'drained', 'lease', 'client'])
})

it('abandons work after twenty seconds, and gives the lease away only when it has ended', async () => {
  const taken: string[] = []
  const clock = new ManualClock()
  const drain: ShutdownParts['drain'] = async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    taken.push(`abandoned at ${clock.monotonicMs()}`)
  }
  const result = shutdown({ clock, log: makeLog() }, makeParts(taken, { drain }))
  await clock.advance(30_000)
  expect(await result).toBe(false)
  expect(taken).toEqual(['not ready', 'reflectors', 'abandoned at 20000', 'lease', 'client'])
})

it('goes on past a step that hangs or fails, and logs which', async () => {
  const taken: string[] = []
  const lines: Line[] = []
  const clock = new ManualClock()
  const result = shutdown(
    { clock, log: makeLog(lines) },
    makeParts(taken, { stopReflectors: hanging, releaseLease: failing }),
  )
  await clock.advance(10_000)
  expect(await result).toBe(false)
  expect(taken).toEqual(['not ready', 'drained', 'client'])
  expect(lines.map(({ fields }) => fields)).toContainEqual({ step: 'stop reflectors', result: 'late' })
  expect(JSON.stringify(lines)).not.toContain('s3cret')
})
