import { expect, it } from 'vitest'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import type { Ask } from './counters.ts'
import { RedisCounters } from './redis-counters.ts'
import { RedisLink } from './redis-link.ts'

const slotAsk: Ask = { key: 'place', kind: 'Slot', max: 1, windowMs: 0, want: 1, need: 1, acts: true }
const windowAsk: Ask = { key: 'budget', kind: 'Window', max: 9, windowMs: 1_000, want: 5, need: 2, acts: true }
const budget = 'portcullis:limit:{all}:budget'
const place = 'portcullis:limit:{all}:place'

/** Counters over a store that writes down what it is asked, and replies as the test says. */
async function start(reply: (name: string) => Promise<unknown>) {
  const clock = new ManualClock()
  const asked: string[] = []
  const state = { accepts: true, close: () => {} }
  const link = new RedisLink({
    connect: async () => {
      if (!state.accepts) throw new Error('refused')
      const closed = Promise.withResolvers<void>()
      state.close = closed.resolve
      return {
        run: async ({ name }, keys, args) => {
          asked.push([name, ...keys, ...args].join(' '))
          return reply(name)
        },
        ping: async () => 'PONG',
        closed: closed.promise,
        close: () => closed.resolve(),
      }
    },
    clock,
    random: () => 1,
    waitMs: 250,
    onChange: () => {},
  })
  const counters = new RedisCounters({ link, clock, replica: 'me', leaseMs: 30_000 })
  const life = new AbortController()
  const running = Promise.all([link.start(life.signal), counters.start(life.signal)])
  await settle()
  asked.length = 0
  const stop = async (): Promise<void> => {
    life.abort()
    await running
  }
  return { clock, asked, state, counters, stop }
}

const granted = async (): Promise<unknown> => [1, 1, 0, 5, 77]

it('asks for everything in one step', async () => {
  const { asked, counters, stop } = await start(granted)
  expect(await counters.take([slotAsk, windowAsk], 'call')).toEqual({
    holds: [
      { granted: 1, window: 0 },
      { granted: 5, window: 77 },
    ],
  })
  expect(asked).toEqual([`take ${place} ${budget} call 30000 Slot 1 0 1 1 1 Window 9 1000 5 2 1`])
  await stop()
})

it.each([
  ['none', null],
  ['a text', 'OK'],
  ['too little', [1, 1, 0]],
  ['no numbers', [1, 1, 0, 'x', 77]],
  ['another verdict', [2, 1, 0, 5, 77]],
])('takes a reply that is %s for none', async (_, reply) => {
  const { counters, stop } = await start(async () => reply)
  expect(await counters.take([slotAsk, windowAsk], 'call')).toBeUndefined()
  await stop()
})

it('renews the places of calls that are under way, and no others', async () => {
  const { clock, asked, counters, stop } = await start(granted)
  await counters.take([slotAsk, windowAsk], 'first')
  await counters.take([slotAsk, windowAsk], 'second')
  counters.change([{ kind: 'Slot', key: 'place', slot: 'first' }])
  await settle()
  asked.length = 0
  await clock.advance(10_000)
  expect(asked).toEqual(['change portcullis:limit:{all}:replicas 30000 Count me', `change ${place} 30000 Renew second`])
  await stop()
})

it('knows as many replicas as have given a sign of life', async () => {
  const { counters, stop } = await start(async (name) => (name === 'change' ? 3 : undefined))
  expect(counters.replicas()).toBe(3)
  await stop()
})

it('keeps changes while the store is away, and tells them when it is there again', async () => {
  const { clock, asked, state, counters, stop } = await start(granted)
  state.accepts = false
  state.close()
  await settle()
  counters.change([{ kind: 'Window', key: 'budget', windowMs: 1_000, window: 77, amount: -3 }])
  await clock.advance(1_000)
  expect(asked).toEqual([])
  state.accepts = true
  await clock.advance(5_000)
  expect(asked[0]).toBe(`change ${budget} 30000 Settle -3 77 1000`)
  await stop()
})

it('gives back what was granted too late', async () => {
  const slow = Promise.withResolvers<unknown>()
  const { clock, asked, counters, stop } = await start(async (name) => (name === 'take' ? slow.promise : 1))
  const taken = counters.take([slotAsk, windowAsk], 'call')
  await clock.advance(250)
  expect(await taken).toBeUndefined()
  slow.resolve([1, 1, 0, 5, 77])
  await settle()
  expect(asked).toContain(`change ${place} ${budget} 30000 Free call Settle -5 77 1000`)
  await stop()
})
