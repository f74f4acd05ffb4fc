import { expect, it } from 'vitest'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import type { RedisConnection } from './redis-connection.ts'
import { RedisLink } from './redis-link.ts'

const script = { name: 'any', text: 'return 1' }
const command = { script, keys: [], args: [] }

/** A store that answers when the test says so. */
class Store {
  readonly clock = new ManualClock()
  readonly told: boolean[] = []
  readonly connectedMs: number[] = []
  readonly late: unknown[] = []
  ups = 0
  accepts: boolean
  pending: { resolve: (reply: unknown) => void; reject: (error: Error) => void }[] = []
  close: () => void = () => {}
  readonly #life = new AbortController()
  readonly link: RedisLink
  readonly ended: Promise<void>

  constructor(accepts = true) {
    this.accepts = accepts
    this.link = new RedisLink({
      connect: async () => this.#connect(),
      clock: this.clock,
      random: () => 1,
      waitMs: 250,
      onChange: (isUp) => this.told.push(isUp),
    })
    this.link.onUp = () => void (this.ups += 1)
    this.ended = this.link.start(this.#life.signal)
  }

  #connect(): RedisConnection {
    this.connectedMs.push(this.clock.monotonicMs())
    if (!this.accepts) throw new Error('refused')
    const closed = Promise.withResolvers<void>()
    this.close = () => {
      closed.resolve()
      for (const { reject } of this.pending.splice(0)) reject(new Error('closed'))
    }
    const later = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        this.pending.push({ resolve, reject })
      })
    return { run: later, ping: later, closed: closed.promise, close: () => this.close() }
  }

  answer(...replies: unknown[]): void {
    for (const reply of replies) this.pending.shift()?.resolve(reply)
  }

  async stop(): Promise<void> {
    this.#life.abort()
    await this.ended
  }
}

it('gives replies while the store is there, and nothing at once while it is not', async () => {
  const store = new Store()
  expect(await store.link.ask(command)).toBeUndefined()
  await settle()
  const asked = store.link.ask(command)
  store.answer([1])
  expect(await asked).toEqual([1])
  expect([store.told, store.ups]).toEqual([[true], 1])
  await store.stop()
  expect(await store.link.ask(command)).toBeUndefined()
})

it('connects anew ever more slowly, tells once, and begins again at once after it has worked', async () => {
  const store = new Store(false)
  await store.clock.advance(20_000)
  const gaps = store.connectedMs.slice(1).map((ms, i) => ms - (store.connectedMs[i] ?? 0))
  expect(gaps.slice(0, 9)).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  expect(store.told).toEqual([false])
  store.accepts = true
  await store.clock.advance(5_000)
  const asked = store.link.ask(command)
  store.answer(1)
  await asked
  store.close()
  await store.clock.advance(50)
  expect(store.told).toEqual([false, true, false, true])
  await store.stop()
})

it('waits no longer than it may, asks nobody until a ping is answered, and hands over what came too late', async () => {
  const store = new Store()
  await settle()
  const slow = store.link.ask({ ...command, onLate: (reply) => store.late.push(reply) })
  await store.clock.advance(249)
  expect(store.link.isUp).toBe(true)
  await store.clock.advance(1)
  expect(await slow).toBeUndefined()
  expect(store.link.isUp).toBe(false)
  expect(await store.link.ask(command)).toBeUndefined()
  expect(store.pending).toHaveLength(2)
  store.answer(['late'], 'PONG')
  await settle()
  expect([store.late, store.link.isUp, store.told, store.ups]).toEqual([[['late']], true, [true, false, true], 2])
  await store.stop()
})

it('leaves a connection whose ping is not answered', async () => {
  const store = new Store()
  await settle()
  const slow = store.link.ask(command)
  await store.clock.advance(250)
  await slow
  await store.clock.advance(2_000 + 50)
  expect(store.connectedMs).toHaveLength(2)
  expect(store.link.isUp).toBe(true)
  await store.stop()
})

it('takes a store that answers with errors for one that is away', async () => {
  const store = new Store()
  await settle()
  const asked = store.link.ask(command)
  store.pending.shift()?.reject(new Error('READONLY You can’t write against a read only replica.'))
  expect(await asked).toBeUndefined()
  expect(store.link.isUp).toBe(false)
  await store.clock.advance(50)
  expect(store.link.isUp).toBe(true)
  await store.stop()
})
