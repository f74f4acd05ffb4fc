import { describe, expect, it } from 'vitest'
import { KubeError } from '../../kube/errors.ts'
import type { KubeEvent } from '../../kube/resource.ts'
import { events } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import type { Counts } from '../../test/helpers/quiet.ts'
import { makeLog, makeMetrics } from '../../test/helpers/quiet.ts'
import { widgets } from '../../test/helpers/store-contract.ts'
import { EventRecorder } from './events.ts'
import type { EventDeps, Story } from './events.ts'

async function open(store?: EventDeps['store']) {
  const clock = new ManualClock()
  const truth = new MemoryStore({ clock })
  const counts: Counts = {}
  const deps = { store: store ?? truth, clock, log: makeLog(), metrics: makeMetrics(counts) }
  const recorder = new EventRecorder(deps, { controller: 'example.test/operator', instance: 'pod-1' })
  const regarding = await truth.create(widgets, { metadata: { namespace: 'home', name: 'a' }, spec: { color: 'red' } })
  const story = (note = 'It broke.'): Story => ({
    regarding,
    type: 'Warning',
    reason: 'Broken',
    action: 'Mending',
    note,
  })
  const stored = async (): Promise<readonly KubeEvent[]> => (await truth.list(events)).items
  return { clock, recorder, story, stored, counts }
}

describe('an event recorder', () => {
  it('writes an Event that names object, reason and reporter', async () => {
    const { recorder, story, stored } = await open()
    recorder.record(story())
    await recorder.flush()
    expect(await stored()).toMatchObject([
      {
        metadata: { namespace: 'home', name: expect.stringMatching(/^a\.[0-9a-f]{16}$/) },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'example.test/operator',
        reportingInstance: 'pod-1',
        type: 'Warning',
        reason: 'Broken',
        action: 'Mending',
        note: 'It broke.',
        regarding: { kind: 'Widget', name: 'a', namespace: 'home' },
      },
    ])
    expect((await stored())[0]).not.toHaveProperty('series')
  })

  it('counts the same story in one Event, at most once a minute, and tells the last count at the end', async () => {
    const { clock, recorder, story, stored, counts } = await open()
    const stop = new AbortController()
    const ended = recorder.run(stop.signal)
    for (let n = 0; n < 50; n += 1) recorder.record(story())
    await settle()
    expect(counts).toEqual({ 'event written': 1 })
    await clock.advance(60_000)
    expect(await stored()).toMatchObject([{ series: { count: 50, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }])
    recorder.record(story())
    stop.abort()
    await ended
    expect(await stored()).toMatchObject([{ series: { count: 51 } }])
  })

  it('begins a new Event after ten quiet minutes', async () => {
    const { clock, recorder, story, stored } = await open()
    const stop = new AbortController()
    const ended = recorder.run(stop.signal)
    recorder.record(story())
    await clock.advance(700_000)
    recorder.record(story())
    stop.abort()
    await ended
    expect(await stored()).toHaveLength(2)
  })

  it('cuts an object short that tells ever new stories', async () => {
    const { recorder, story, stored, counts } = await open()
    for (let n = 0; n < 60; n += 1) recorder.record(story(`story ${n}`))
    await recorder.flush()
    expect(await stored()).toHaveLength(25)
    expect(counts['event dropped']).toBe(35)
  })

  it('never fails, and cuts long notes', async () => {
    const broken = {
      apply: async () => Promise.reject(new KubeError('Forbidden', { verb: 'patch', resource: 'events' })),
    }
    const { recorder, story, counts } = await open(broken)
    recorder.record(story('x'.repeat(5_000)))
    await recorder.flush()
    expect(counts).toEqual({ 'event failed': 1 })
  })
})
