import { describe, expect, it } from 'vitest'
import type { KubeErrorCode } from '../../kube/errors.ts'
import { KubeError } from '../../kube/errors.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import { makeLog, makeMetrics } from '../../test/helpers/quiet.ts'
import type { Widget } from '../../test/helpers/store-contract.ts'
import { widgets } from '../../test/helpers/store-contract.ts'
import type { Condition, StatusWriterDeps } from './status-writer.ts'
import { StatusWriter } from './status-writer.ts'

const ready = (status: 'True' | 'False', message = ''): Condition => ({
  type: 'Ready',
  status,
  reason: 'Because',
  message,
})
const accepted: Condition = { type: 'Accepted', status: 'True', reason: 'Fine', message: '' }

async function open(fault: () => KubeErrorCode | undefined = () => undefined) {
  const clock = new ManualClock()
  const truth = new MemoryStore({ clock })
  const gates: (() => void)[] = []
  const state = { writes: 0, isGated: false }
  const store: StatusWriterDeps['store'] = {
    get: truth.get,
    applyStatus: async (...call) => {
      state.writes += 1
      if (state.isGated) await new Promise<void>((resolve) => gates.push(resolve))
      const code = fault()
      if (code !== undefined) throw new KubeError(code, { verb: 'patch', resource: 'widgets' })
      return truth.applyStatus(...call)
    },
  }
  const writer = new StatusWriter({ store, clock, log: makeLog(), metrics: makeMetrics() }, 'tester')
  const created = await truth.create(widgets, { metadata: { namespace: 'home', name: 'a' }, spec: { color: 'red' } })
  const read = async (): Promise<Widget> => (await truth.get(widgets, created.metadata)) ?? created
  return { clock, truth, writer, created, read, state, openGate: () => gates.shift()?.() }
}

describe('a status writer', () => {
  it('writes once and then stays silent, in whatever order conditions and fields come', async () => {
    const { writer, read, state } = await open()
    expect(
      await writer.write(widgets, await read(), { phase: 'x', note: undefined, conditions: [ready('True'), accepted] }),
    ).toBe('written')
    expect(await writer.write(widgets, await read(), { conditions: [accepted, ready('True')], phase: 'x' })).toBe(
      'unchanged',
    )
    expect(state.writes).toBe(1)
  })

  it('moves the transition time only of a condition that flips', async () => {
    const { clock, writer, read } = await open()
    await writer.write(widgets, await read(), { conditions: [ready('True'), accepted] })
    await clock.advance(60_000)
    await writer.write(widgets, await read(), { conditions: [ready('True', 'other words'), accepted] })
    await clock.advance(60_000)
    await writer.write(widgets, await read(), { conditions: [ready('False'), accepted] })
    expect((await read()).status).toMatchObject({
      conditions: [
        { type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:02:00Z' },
        { type: 'Accepted', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    })
  })

  it('removes what a later status no longer says', async () => {
    const { writer, read } = await open()
    await writer.write(widgets, await read(), { phase: 'x', note: 'y' })
    await writer.write(widgets, await read(), { phase: 'x' })
    expect((await read()).status).toEqual({ phase: 'x' })
  })

  it('is not misled by a cache that lags behind its own writes', async () => {
    const { writer, created, read, state } = await open()
    await writer.write(widgets, created, { phase: 'one' })
    expect(await writer.write(widgets, created, { phase: 'one' })).toBe('unchanged')
    expect(await writer.write(widgets, created, {})).toBe('written')
    expect((await read()).status ?? {}).toEqual({})
    expect(state.writes).toBe(2)
  })

  it('repairs a status that somebody else changed', async () => {
    const { truth, writer, read } = await open()
    await writer.write(widgets, await read(), { phase: 'one' })
    await truth.applyStatus(
      widgets,
      { namespace: 'home', name: 'a', status: { phase: 'forged' } },
      { fieldManager: 'other', force: true },
    )
    expect(await writer.write(widgets, await read(), { phase: 'one' })).toBe('written')
    expect((await read()).status).toEqual({ phase: 'one' })
  })

  it('makes one write of everything that is wished while it writes', async () => {
    const { writer, created, read, state, openGate } = await open()
    state.isGated = true
    const wishes = ['one', 'two', 'three', 'four'].map(async (phase) => writer.write(widgets, created, { phase }))
    await settle()
    openGate()
    await settle()
    openGate()
    expect(await Promise.all(wishes)).toEqual(['written', 'written', 'written', 'written'])
    expect([state.writes, (await read()).status]).toEqual([2, { phase: 'four' }])
  })

  it('goes on with the next wish when a write failed', async () => {
    let code: KubeErrorCode | undefined = 'Unavailable'
    const { writer, created, read, state, openGate } = await open(() => code)
    state.isGated = true
    const [first, second] = [
      writer.write(widgets, created, { phase: 'one' }),
      writer.write(widgets, created, { phase: 'two' }),
    ]
    const failed = first.catch((error: unknown) => error)
    await settle()
    openGate()
    expect(await failed).toMatchObject({ code: 'Unavailable' })
    code = undefined
    await settle()
    openGate()
    expect(await second).toBe('written')
    expect((await read()).status).toEqual({ phase: 'two' })
  })

  it('never writes to an object that was created again under the name', async () => {
    const { truth, writer, created, read } = await open()
    await truth.delete(widgets, created.metadata)
    expect(await writer.write(widgets, created, { phase: 'one' })).toBe('gone')
    await truth.create(widgets, { metadata: { namespace: 'home', name: 'a' }, spec: { color: 'blue' } })
    expect(await writer.write(widgets, created, { phase: 'one' })).toBe('gone')
    expect((await read()).status).toBeUndefined()
  })

  it('writes at the newest version when the object changed meanwhile, and gives up when it keeps changing', async () => {
    let conflicts = 2
    const { truth, writer, created, read } = await open(() => ((conflicts -= 1) >= 0 ? 'Conflict' : undefined))
    await truth.replace(widgets, { metadata: created.metadata, spec: { color: 'blue' } })
    expect(await writer.write(widgets, created, { phase: 'one' })).toBe('written')
    expect((await read()).status).toEqual({ phase: 'one' })
    conflicts = 99
    await expect(writer.write(widgets, created, { phase: 'two' })).rejects.toMatchObject({ code: 'Conflict' })
  })

  it.each<[KubeErrorCode, string]>([
    ['NotFound', 'gone'],
    ['Invalid', 'refused'],
  ])('answers %s with %s instead of failing', async (code, result) => {
    const { writer, created } = await open(() => code)
    expect(await writer.write(widgets, created, { phase: 'one' })).toBe(result)
  })
})
