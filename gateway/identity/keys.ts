// The keys of one issuer over time. They are refreshed as calls come (in the background while young, before answering when
// old), asked for again when a token names an unknown key, kept through an outage up to a limit, and retired for good when the
// issuer stops serving them.
//
//   age 0 ........ refreshAfter ........ overdue ........ staleAfter ........
//   answer at once | answer, refresh behind | refresh first | refuse unless refreshed
import type { Clock } from '../../kube/clock.ts'
import { startDeadline } from '../../kube/clock.ts'
import type { SigningAlgorithm } from '../../policy/settings.ts'
import type { IssuerRules } from '../../policy/settings-presets.ts'
import { GatewayError } from '../errors.ts'
import type { ServedKey } from './key-set.ts'
import { isRecord, readKeySet } from './key-set.ts'

/** `ApiServer` is asked with the gateway's own token over the cluster's own CA, and nobody else ever is. */
export type KeyRequest = { readonly signal: AbortSignal } & (
  | { readonly from: 'Url'; readonly url: string; readonly ca: string | undefined }
  | { readonly from: 'ApiServer'; readonly path: string }
)

/** Gives the parsed JSON document, or throws; bounds its size and follows no redirect. */
export type FetchKeys = (request: KeyRequest) => Promise<unknown>

export interface KeysEvent {
  readonly issuer: string
  readonly outcome: 'Refreshed' | 'Failed'
  /** How many keys are served now. */
  readonly keys: number
  readonly cause?: unknown
}

export interface KeysDeps {
  readonly clock: Clock
  readonly fetchKeys: FetchKeys
  readonly onKeys?: (event: KeysEvent) => void
}

export interface KeyChoice {
  readonly kid: string | undefined
  readonly algorithm: SigningAlgorithm
}

const refreshAfterMs = 300_000
const fetchTimeoutMs = 5_000
/** Between attempts that no caller waits for, and between look-ups of key ids that nobody knows. */
const attemptPauseMs = 10_000
/** Between attempts while no token can be checked without one. */
const urgentPauseMs = 2_000

export class IssuerKeys {
  readonly #rules: IssuerRules
  readonly #deps: KeysDeps
  #keys: readonly ServedKey[] = []
  #fetchedMs = Number.NEGATIVE_INFINITY
  #attemptedMs = Number.NEGATIVE_INFINITY
  #failed = false
  #pending: Promise<void> | undefined

  constructor(rules: IssuerRules, deps: KeysDeps) {
    this.#rules = rules
    this.#deps = deps
  }

  /** Whether what was verified before may be answered from memory; starts a refresh behind the answer when one is due. */
  isCurrent(): boolean {
    const age = this.#ageMs()
    if (age < this.#refreshAfterMs) return true
    if (age < this.#overdueAfterMs || (this.#failed && age < this.#staleAfterMs)) {
      if (this.#mayAttempt(this.#failed ? attemptPauseMs : 0)) void this.refresh()
      return true
    }
    return false
  }

  /** Throws token_invalid when no served key fits, identity_unavailable when that cannot be known. */
  async find(choice: KeyChoice): Promise<ServedKey> {
    if (!this.isCurrent()) await this.#catchUp()
    const known = this.#pick(choice)
    if (known !== undefined) return known
    if (this.#mayAttempt(attemptPauseMs)) await this.refresh()
    else await this.#pending
    const fresh = this.#pick(choice)
    if (fresh !== undefined) return fresh
    if (this.#failed) throw this.#unavailable()
    throw new GatewayError('token_invalid', 'The token is signed with a key that its issuer does not serve.')
  }

  /** One fetch at a time; never rejects, the outcome is in the keys' age. */
  async refresh(): Promise<void> {
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #catchUp(): Promise<void> {
    if (this.#pending !== undefined || this.#mayAttempt(urgentPauseMs)) await this.refresh()
    if (this.#ageMs() >= this.#staleAfterMs) throw this.#unavailable()
  }

  async #load(): Promise<void> {
    this.#attemptedMs = this.#deps.clock.monotonicMs()
    try {
      const keys = await readKeySet(await this.#fetch(), this.#keys)
      for (const key of this.#keys) if (!keys.includes(key)) key.retired = true
      this.#keys = keys
      // Counted from the question: what the issuer said is as old as that.
      this.#fetchedMs = this.#attemptedMs
      this.#failed = false
      this.#report('Refreshed')
    } catch (cause) {
      this.#failed = true
      this.#report('Failed', cause)
    }
  }

  #report(outcome: KeysEvent['outcome'], cause?: unknown): void {
    const event = { issuer: this.#rules.name, outcome, keys: this.#keys.length }
    this.#deps.onKeys?.(cause === undefined ? event : { ...event, cause })
  }

  async #fetch(): Promise<unknown> {
    const { keys, ca } = this.#rules
    if (keys.from === 'Inline') return { keys: keys.keys }
    using deadline = startDeadline(this.#deps.clock, fetchTimeoutMs)
    const { signal } = deadline
    if (keys.from === 'ApiServer') return await this.#ask({ from: 'ApiServer', path: '/openid/v1/jwks', signal })
    if (keys.from === 'Url') return await this.#ask({ from: 'Url', url: keys.url, ca, signal })
    const document = await this.#ask({ from: 'Url', url: toDiscoveryUrl(this.#rules.issuer), ca, signal })
    return await this.#ask({ from: 'Url', url: readJwksUrl(document, this.#rules.issuer), ca, signal })
  }

  /** A fetch that does not heed its signal is left behind rather than waited for. */
  async #ask(request: KeyRequest): Promise<unknown> {
    request.signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const abort = (): void => aborted.reject(new Error(`no answer within ${fetchTimeoutMs} ms`))
    request.signal.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([this.#deps.fetchKeys(request), aborted.promise])
    } finally {
      request.signal.removeEventListener('abort', abort)
    }
  }

  /** Without a key id only an unmistakable key counts. */
  #pick({ kid, algorithm }: KeyChoice): ServedKey | undefined {
    const fitting = this.#keys.filter((key) => key.byAlgorithm.has(algorithm) && (kid === undefined || key.kid === kid))
    return fitting.length === 1 ? fitting[0] : undefined
  }

  #ageMs(): number {
    if (this.#rules.keys.from === 'Inline' && this.#keys.length > 0) return 0
    return this.#deps.clock.monotonicMs() - this.#fetchedMs
  }

  #mayAttempt(pauseMs: number): boolean {
    return this.#pending === undefined && this.#deps.clock.monotonicMs() - this.#attemptedMs >= pauseMs
  }

  get #staleAfterMs(): number {
    return this.#rules.keysStaleAfterMs
  }

  get #refreshAfterMs(): number {
    return Math.min(refreshAfterMs, this.#staleAfterMs / 4)
  }

  get #overdueAfterMs(): number {
    return this.#refreshAfterMs * 2
  }

  #unavailable(): GatewayError {
    return new GatewayError(
      'identity_unavailable',
      `The keys of identity provider ${this.#rules.name} cannot be fetched, so its tokens cannot be checked; try again.`,
    )
  }
}

function toDiscoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`
}

/** OIDC Discovery 4.3: the document must be about the very issuer it was asked for. */
function readJwksUrl(document: unknown, issuer: string): string {
  if (!isRecord(document) || document['issuer'] !== issuer) {
    throw new Error('the discovery document is not about the configured issuer')
  }
  const address = document['jwks_uri']
  const url = typeof address === 'string' ? URL.parse(address) : null
  if (url === null || !isSafe(url, issuer)) throw new Error('the discovery document has no safe jwks_uri')
  return url.href
}

/** Only an issuer that is itself unencrypted on this machine may keep its keys here so. */
function isSafe(url: URL, issuer: string): boolean {
  if (url.protocol === 'https:') return true
  const own = URL.parse(issuer)
  return url.protocol === 'http:' && own?.protocol === 'http:' && url.hostname === own.hostname
}
