// Leader election by a Lease, after client-go's algorithm and times: 15 s lease, 10 s to renew, a try every 2 s. Our
// own time is counted on a monotonic clock from before each renewal was sent; another holder's lease has expired when
// we have not seen it move for its duration. Writes carry the resourceVersion, so of two candidates one loses.
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import { isKubeError } from '../../kube/errors.ts'
import { LeaseObserver, toMicroTime } from '../../kube/lease.ts'
import type { Lease } from '../../kube/resource.ts'
import { leases } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { Log } from '../../kube/telemetry.ts'
import { toErrorFields } from '../../kube/telemetry.ts'
import type { LeaderMetrics } from './metrics.ts'

export interface LeaderDeps {
  readonly store: Pick<ResourceStore, 'get' | 'create' | 'replace'>
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: LeaderMetrics
}

export interface LeaderOptions {
  readonly namespace: string
  readonly name: string
  /** Unique per process, not per pod name alone: a restarted container must not mistake itself for its past. */
  readonly identity: string
  readonly leaseMs?: number
  readonly renewMs?: number
  readonly retryMs?: number
}

/** Grows with every change of leader: what is stored with it shows who wrote under an older reign. */
export interface Fence {
  readonly transitions: number
  readonly holder: string
}

export interface Leadership {
  readonly fence: Fence
  /** Fires when leadership is lost, at the latest when our own time is over. Never fires on a release. */
  readonly lost: AbortSignal
  /** Ask directly before a write: a stalled event loop delivers `lost` late. */
  readonly isHeld: () => boolean
}

type State = 'standby' | 'leading' | 'lost' | 'released'
type Spec = NonNullable<Lease['spec']>

/** Half the renewal time: one half-open connection costs a retry, not the leadership. */
const callShare = 0.5
/** A lease that claims more than this is not waited for: it would stop election for ever. */
const longestLeaseMs = 120_000

export class Leader {
  readonly elected: Promise<Leadership>
  readonly #deps: LeaderDeps
  readonly #options: Required<LeaderOptions>
  readonly #observer: LeaseObserver
  readonly #lost = new AbortController()
  readonly #elect: (leadership: Leadership) => void
  #state: State = 'standby'
  #holder: string | undefined
  #validUntilMs = 0

  constructor(deps: LeaderDeps, options: LeaderOptions) {
    const { promise, resolve } = Promise.withResolvers<Leadership>()
    this.elected = promise
    this.#elect = resolve
    this.#deps = deps
    this.#options = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000, ...options }
    this.#observer = new LeaseObserver(deps.clock.monotonicMs)
  }

  get state(): State {
    return this.#state
  }

  /** Who led when we last looked. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** Until the signal fires, which releases the lease so that the next leader need not wait, or leadership is lost. */
  async run(signal: AbortSignal): Promise<'released' | 'lost'> {
    let lease: Lease | undefined
    while (lease === undefined && !signal.aborted) {
      lease = await this.#acquire(signal)
      if (lease === undefined) await this.#pause(signal)
    }
    const end = lease === undefined ? 'released' : await this.#hold(lease, signal)
    this.#state = end
    this.#deps.metrics.leading(this.#options.name, false)
    this.#deps.log.info({ lease: this.#options.name, end }, 'no longer a candidate')
    return end
  }

  async #acquire(signal: AbortSignal): Promise<Lease | undefined> {
    const startedMs = this.#deps.clock.monotonicMs()
    try {
      const found = await this.#deps.store.get(leases, this.#ref(), this.#call(signal))
      this.#holder = found?.spec?.holderIdentity
      if (found !== undefined && !this.#isFree(found)) return undefined
      const lease =
        found === undefined ? await this.#create(signal) : await this.#write(found, this.#claim(found), signal)
      this.#begin(lease, startedMs)
      return lease
    } catch (error) {
      this.#logFailure(error, 'could not acquire the lease')
      return undefined
    }
  }

  #isFree(lease: Lease): boolean {
    const { holderIdentity = '', leaseDurationSeconds = 0 } = lease.spec ?? {}
    const { ageMs } = this.#observer.see(lease)
    return holderIdentity === '' || ageMs >= Math.min(leaseDurationSeconds * 1000, longestLeaseMs)
  }

  #begin(lease: Lease, startedMs: number): void {
    this.#validUntilMs = startedMs + this.#options.renewMs
    this.#state = 'leading'
    this.#holder = this.#options.identity
    this.#deps.metrics.leading(this.#options.name, true)
    const fence = { transitions: lease.spec?.leaseTransitions ?? 0, holder: this.#options.identity }
    this.#deps.log.info({ lease: this.#options.name, ...fence }, 'became leader')
    this.#elect({ fence, lost: this.#lost.signal, isHeld: () => this.#isHeld() })
  }

  #isHeld(): boolean {
    return (
      this.#state === 'leading' && !this.#lost.signal.aborted && this.#deps.clock.monotonicMs() < this.#validUntilMs
    )
  }

  async #hold(first: Lease, signal: AbortSignal): Promise<'released' | 'lost'> {
    const { clock } = this.#deps
    const lose = (): void => this.#lost.abort()
    let cancel = clock.after(this.#validUntilMs - clock.monotonicMs(), lose)
    const ended = AbortSignal.any([signal, this.#lost.signal])
    let lease: Lease | undefined = first
    while (lease !== undefined) {
      await this.#pause(ended)
      if (ended.aborted) break
      const startedMs = clock.monotonicMs()
      const next: Lease | 'failed' | undefined = await this.#renew(lease, this.#lost.signal)
      if (next === 'failed') continue
      lease = next
      if (lease === undefined) break
      cancel()
      this.#validUntilMs = startedMs + this.#options.renewMs
      cancel = clock.after(this.#validUntilMs - clock.monotonicMs(), lose)
    }
    cancel()
    if (lease === undefined || !this.#isHeld()) {
      lose()
      return 'lost'
    }
    await this.#release()
    return 'released'
  }

  /** The renewed lease; undefined when somebody else holds it. */
  async #renew(lease: Lease, signal: AbortSignal): Promise<Lease | 'failed' | undefined> {
    try {
      return await this.#write(lease, { ...lease.spec, ...this.#times() }, signal)
    } catch (error) {
      this.#logFailure(error, 'could not renew the lease')
      return isKubeError(error, 'Conflict', 'NotFound') ? this.#recheck(signal) : 'failed'
    }
  }

  /** Somebody wrote to the lease: a person's label, our own write whose answer was lost, or another leader. */
  async #recheck(signal: AbortSignal): Promise<Lease | 'failed' | undefined> {
    try {
      const found = await this.#deps.store.get(leases, this.#ref(), this.#call(signal))
      if (found?.spec?.holderIdentity !== this.#options.identity) return undefined
      return await this.#write(found, { ...found.spec, ...this.#times() }, signal)
    } catch (error) {
      this.#logFailure(error, 'could not renew the lease')
      return 'failed'
    }
  }

  /** Reads first: the answer to our last renewal may have been lost. */
  async #release(): Promise<void> {
    try {
      const found = await this.#deps.store.get(leases, this.#ref(), this.#call(undefined))
      if (found?.spec?.holderIdentity !== this.#options.identity) return
      await this.#write(found, { ...found.spec, ...this.#times(), holderIdentity: '', leaseDurationSeconds: 1 })
    } catch (error) {
      this.#logFailure(error, 'could not release the lease; it expires by itself')
    }
  }

  async #create(signal: AbortSignal): Promise<Lease> {
    const spec = { ...this.#mine(), leaseTransitions: 0 }
    return this.#deps.store.create(leases, { metadata: this.#ref(), spec }, this.#call(signal))
  }

  async #write(lease: Lease, spec: Spec, signal?: AbortSignal): Promise<Lease> {
    return this.#deps.store.replace(leases, { metadata: lease.metadata, spec }, this.#call(signal))
  }

  #claim(lease: Lease): Spec {
    return { ...this.#mine(), leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 }
  }

  #mine(): Spec {
    const leaseDurationSeconds = Math.ceil(this.#options.leaseMs / 1000)
    const times = this.#times()
    return { holderIdentity: this.#options.identity, leaseDurationSeconds, acquireTime: times.renewTime, ...times }
  }

  #times(): { readonly renewTime: string } {
    return { renewTime: toMicroTime(this.#deps.clock.date()) }
  }

  #ref(): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#options.namespace, name: this.#options.name }
  }

  #call(signal: AbortSignal | undefined): { signal: AbortSignal | undefined; timeoutMs: number; urgent: true } {
    return { signal, timeoutMs: this.#options.renewMs * callShare, urgent: true }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await sleep(this.#deps.clock, this.#options.retryMs * (1 + this.#deps.random() * 0.2), signal)
  }

  #logFailure(error: unknown, message: string): void {
    const fields = isKubeError(error) ? { reason: error.message } : toErrorFields(error)
    this.#deps.log.warn({ lease: this.#options.name, ...fields }, message)
  }
}
