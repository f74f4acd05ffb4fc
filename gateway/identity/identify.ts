// Who calls: from a request's headers to an identity. A token seen before is answered at once, without a promise, as long as
// it is not expired, the settings still hold its issuer unchanged, and its key is still served.
import type { Clock } from '../../kube/clock.ts'
import { deepFreeze } from '../../kube/freeze.ts'
import type { EvaluateUsername } from '../../policy/identity.ts'
import { toIdentity } from '../../policy/identity.ts'
import type { Identity } from '../../policy/model.ts'
import type { Settings } from '../../policy/settings.ts'
import type { IssuerRules } from '../../policy/settings-presets.ts'
import { resolveIssuer } from '../../policy/settings-presets.ts'
import { GatewayError } from '../errors.ts'
import { readCredential } from './credentials.ts'
import type { ServedKey } from './key-set.ts'
import type { FetchKeys, KeysEvent } from './keys.ts'
import { IssuerKeys } from './keys.ts'
import { acceptAlgorithm, parseToken, verifyToken } from './tokens.ts'
import type { CompileUsername } from './username.ts'
import type { CacheBounds } from './verified-tokens.ts'
import { VerifiedTokens } from './verified-tokens.ts'

export interface IdentifyDeps {
  readonly clock: Clock
  readonly fetchKeys: FetchKeys
  readonly compileUsername: CompileUsername
  readonly onKeys?: (event: KeysEvent) => void
  readonly cache?: CacheBounds
}

export interface Identify {
  /** Throws, or rejects with, a GatewayError. Settings are told apart by identity: pass the snapshot's own object. */
  readonly identify: (
    request: { readonly rawHeaders: readonly string[] },
    settings: Settings,
  ) => Identity | Promise<Identity>
  /** Fetches the keys of every issuer ahead of the first call; never rejects. */
  readonly prepare: (settings: Settings) => Promise<void>
}

const defaultBounds: CacheBounds = { maxEntries: 10_000, maxBytes: 64 * 1024 * 1024 }

interface Issuer {
  readonly rules: IssuerRules
  readonly keys: IssuerKeys
  readonly evaluateUsername: EvaluateUsername | undefined
}

interface Entry {
  readonly identity: Identity
  readonly issuer: Issuer
  readonly key: ServedKey
  readonly expiresMs: number
}

export function buildIdentify(deps: IdentifyDeps): Identify {
  const verified = new VerifiedTokens<Entry>(deps.cache ?? defaultBounds)
  const issuersOf = makeIssuers(deps)

  const verify = async (token: string, issuers: ReadonlyMap<string, Issuer>): Promise<Identity> => {
    const presented = parseToken(token)
    const issuer = issuers.get(presented.issuer)
    if (issuer === undefined) throw unknownIssuer(issuers)
    const { rules, keys, evaluateUsername } = issuer
    const algorithm = acceptAlgorithm(presented, rules)
    const key = await keys.find({ kid: presented.kid, algorithm })
    const cryptoKey = key.byAlgorithm.get(algorithm)
    if (cryptoKey === undefined) throw new Error('a key was found for an algorithm that it does not have')
    const nowMs = deps.clock.date().getTime()
    const { claims, expiresMs } = await verifyToken(token, { rules, algorithm, key: cryptoKey, nowMs })
    const result = toIdentity(rules, claims, evaluateUsername)
    if ('problem' in result) throw new GatewayError(result.problem.code, toSentence(result.problem.message))
    const identity = deepFreeze(result.identity)
    verified.set(token, { identity, issuer, key, expiresMs })
    return identity
  }

  return {
    identify: ({ rawHeaders }, settings) => {
      const { token } = readCredential(rawHeaders)
      const issuers = issuersOf(settings)
      const entry = verified.get(token)
      if (entry === undefined) return verify(token, issuers)
      if (isGood(entry, issuers, deps.clock) && entry.issuer.keys.isCurrent()) return entry.identity
      verified.delete(token)
      return verify(token, issuers)
    },
    prepare: async (settings) => {
      await Promise.all([...issuersOf(settings).values()].map(({ keys }) => keys.refresh()))
    },
  }
}

function isGood(
  { identity, issuer, key, expiresMs }: Entry,
  issuers: ReadonlyMap<string, Issuer>,
  clock: Clock,
): boolean {
  return !key.retired && issuers.get(identity.issuer) === issuer && expiresMs > clock.date().getTime()
}

/**
 * The issuers of a settings object, by `iss`. Every bundle brings a new object, mostly with the same issuers: an issuer whose
 * rules are unchanged stays the same one, with its verified tokens, and one that asks the same place keeps its keys.
 */
function makeIssuers(deps: IdentifyDeps): (settings: Settings) => ReadonlyMap<string, Issuer> {
  const known = new WeakMap<Settings, ReadonlyMap<string, Issuer>>()
  let issuers: ReadonlyMap<string, Issuer> = new Map()
  let keys: ReadonlyMap<string, IssuerKeys> = new Map()

  const adopt = (settings: Settings): ReadonlyMap<string, Issuer> => {
    const nextIssuers = new Map<string, Issuer>()
    const nextKeys = new Map<string, IssuerKeys>()
    const byIss = new Map<string, Issuer>()
    for (const rules of settings.issuers.map(resolveIssuer)) {
      const keysId = JSON.stringify([rules.name, rules.issuer, rules.keys, rules.ca, rules.keysStaleAfterMs])
      const itsKeys = keys.get(keysId) ?? new IssuerKeys(rules, deps)
      const id = JSON.stringify(rules)
      const issuer = issuers.get(id) ?? { rules, keys: itsKeys, evaluateUsername: toEvaluate(deps, rules) }
      nextKeys.set(keysId, itsKeys)
      nextIssuers.set(id, issuer)
      byIss.set(rules.issuer, issuer)
    }
    issuers = nextIssuers
    keys = nextKeys
    known.set(settings, byIss)
    return byIss
  }
  return (settings) => known.get(settings) ?? adopt(settings)
}

function toEvaluate({ compileUsername }: IdentifyDeps, rules: IssuerRules): EvaluateUsername | undefined {
  return rules.kubernetesUsername === undefined ? undefined : compileUsername(rules.kubernetesUsername)
}

function unknownIssuer(issuers: ReadonlyMap<string, Issuer>): GatewayError {
  const configured = [...issuers.keys()].slice(0, 8)
  const expected = configured.length === 0 ? 'none is configured yet' : `expected one of ${configured.join(', ')}`
  return new GatewayError('token_not_accepted', `The token's issuer is not accepted here; ${expected}.`)
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
