// Counts in Redis or Valkey, exact over all replicas: one script looks at all limits of a call and takes for all or for none. What
// stands there are digests and numbers. A place in a limit on calls in flight is leased: a replica that dies leaves nothing behind.
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import type { Ask, Change, Hold, Shortage, Taken } from './counters.ts'
import type { RedisLink } from './redis-link.ts'
import { changeScript, takeScript } from './redis-scripts.ts'
import type { SharedCounters } from './reserve.ts'

export interface RedisCountersDeps {
  readonly link: RedisLink
  readonly clock: Clock
  /** This replica, for as long as its process lives. */
  readonly replica: string
  /** After this long without a sign of life the places of a replica are free. */
  readonly leaseMs: number
}

/** A script takes keys of one hash slot only; all calls share one, because one call may have any of the limits. */
const prefix = 'portcullis:limit:{all}:'
const replicasKey = `${prefix}replicas`

/** Changes that wait for the store; what is above is lost: at most given back too late, or not charged. */
const maxWaiting = 10_000
const batch = 500

export class RedisCounters implements SharedCounters {
  readonly #deps: RedisCountersDeps
  /** Every place that a call of this replica has now. */
  readonly #slots = new Map<string, Extract<Change, { kind: 'Slot' }>>()
  #waiting: Change[] = []
  #replicas = 1

  constructor(deps: RedisCountersDeps) {
    this.#deps = deps
    deps.link.onUp = () => this.#resume()
  }

  readonly replicas = (): number => this.#replicas

  readonly take = async (asks: readonly Ask[], slot: string): Promise<Taken | undefined> => {
    const { link, leaseMs } = this.#deps
    const reply = await link.ask({
      script: takeScript,
      keys: asks.map(({ key }) => prefix + key),
      args: [slot, String(leaseMs), ...asks.flatMap(toAskArgs)],
      onLate: (late) => this.#giveBack(asks, { slot, reply: late }),
    })
    const taken = toTaken(reply, asks)
    if (taken !== undefined && 'holds' in taken) this.#keepSlots(asks, taken.holds, slot)
    return taken
  }

  readonly change = (changes: readonly Change[]): void => {
    for (const change of changes) if (change.kind === 'Slot') this.#slots.delete(toSlotId(change))
    if (this.#deps.link.isUp) void this.#run(changes.map(toChangeArgs))
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(...changes)
  }

  /** Renews what calls of this replica hold, until the signal. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#renew()
      await sleep(this.#deps.clock, this.#deps.leaseMs / 3, signal)
    }
  }

  /** Also brings back what a store without a memory of its own has forgotten. */
  async #renew(): Promise<void> {
    const { link, replica } = this.#deps
    if (!link.isUp) return
    const renewals = [...this.#slots.values()].map(({ key, slot }) => ({ key: prefix + key, args: ['Renew', slot] }))
    const members = await this.#run([{ key: replicasKey, args: ['Count', replica] }])
    if (typeof members === 'number' && members > 0) this.#replicas = members
    for (let i = 0; i < renewals.length; i += batch) await this.#run(renewals.slice(i, i + batch))
    // A call that ended meanwhile was freed before its renewal arrived.
    const gone = renewals.filter(({ key, args }) => !this.#slots.has(`${key} ${args[1] ?? ''}`))
    for (let i = 0; i < gone.length; i += batch) {
      await this.#run(gone.slice(i, i + batch).map(({ key, args }) => ({ key, args: ['Free', args[1] ?? ''] })))
    }
  }

  #resume(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let i = 0; i < waiting.length; i += batch) {
      void this.#run(waiting.slice(i, i + batch).map(toChangeArgs))
    }
    void this.#renew()
  }

  async #run(commands: readonly ChangeArgs[]): Promise<unknown> {
    const { link, leaseMs } = this.#deps
    const args = [String(leaseMs), ...commands.flatMap((command) => command.args)]
    return link.ask({ script: changeScript, keys: commands.map(({ key }) => key), args })
  }

  #keepSlots(asks: readonly Ask[], holds: readonly (Hold | Shortage)[], slot: string): void {
    for (const [i, { kind, key }] of asks.entries()) {
      if (kind !== 'Slot' || typeof holds[i] !== 'object') continue
      const change = { kind, key, slot } as const
      this.#slots.set(toSlotId(change), change)
    }
  }

  /** The call went on without waiting for it, or was refused. */
  #giveBack(asks: readonly Ask[], { slot, reply }: { readonly slot: string; readonly reply: unknown }): void {
    const taken = toTaken(reply, asks)
    if (taken === undefined || 'refused' in taken) return
    const changes: Change[] = []
    for (const [i, { kind, key, windowMs }] of asks.entries()) {
      const hold = taken.holds[i]
      if (typeof hold !== 'object') continue
      if (kind === 'Slot') changes.push({ kind, key, slot })
      else changes.push({ kind, key, windowMs, window: hold.window, amount: -hold.granted })
    }
    this.change(changes)
  }
}

interface ChangeArgs {
  readonly key: string
  readonly args: readonly string[]
}

function toSlotId({ key, slot }: { readonly key: string; readonly slot: string }): string {
  return `${prefix}${key} ${slot}`
}

function toAskArgs({ kind, max, windowMs, want, need, acts }: Ask): readonly string[] {
  return [kind, String(max), String(windowMs), String(want), String(need), acts ? '1' : '0']
}

function toChangeArgs(change: Change): ChangeArgs {
  const key = prefix + change.key
  if (change.kind === 'Slot') return { key, args: ['Free', change.slot] }
  const { amount, window, windowMs } = change
  return { key, args: ['Settle', String(amount), String(window), String(windowMs)] }
}

/** Undefined: no reply, or one that no script of ours gives. */
function toTaken(reply: unknown, asks: readonly Ask[]): Taken | undefined {
  if (!Array.isArray(reply)) return undefined
  const numbers = reply.map(Number)
  if (!numbers.every(Number.isSafeInteger)) return undefined
  const [verdict, ...rest] = numbers
  if (verdict === 0) return toRefused(rest)
  if (verdict !== 1 || rest.length !== 2 * asks.length) return undefined
  return {
    holds: asks.map((_, i) => {
      const granted = rest[2 * i] ?? -1
      return granted < 0 ? 'LimitExceeded' : { granted, window: rest[2 * i + 1] ?? 0 }
    }),
  }
}

function toRefused([index = 0, waitMs = -1]: readonly number[]): Taken {
  return { refused: { index, reason: 'LimitExceeded', ...(waitMs < 0 ? {} : { waitMs }) } }
}
