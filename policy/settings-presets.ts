// What is known about each identity provider's tokens, as a table, and the rules an issuer has once its settings are laid over
// its preset. Facts are from the providers' own documentation; test/golden/claims holds a token shape for each.
import type { JsonObject } from './model.ts'
import type { IssuerSettings, KindMapping, PresetName, RequiredClaim, SigningAlgorithm } from './settings.ts'
import { toDurationMs } from './settings-text.ts'

/** Tells a program's token from a person's. */
export type WorkloadSign =
  | { readonly claim: string; readonly is: string }
  | { readonly claim: string; readonly sameAs: string }
  | { readonly claim: string; readonly startsWith: string }
  | { readonly claim: string; readonly endsWith: string }

export interface MappedClaim {
  readonly claim: string
  readonly prefix: string
}

export interface UsernameRule extends MappedClaim {
  /** Programs have no name of their own at some providers; their subject is one. Never another claim a person may choose. */
  readonly orSubject: boolean
}

interface PresetRow {
  /** The claim that never changes for one caller. */
  readonly subject: string
  readonly username: string
  readonly usernameOrSubject?: true
  readonly groups?: string
  readonly scopes?: string
  readonly email?: string
  readonly emailMustBeVerified?: true
  readonly workload: readonly WorkloadSign[]
  /** Names the client a token was issued to; the first that is present counts. */
  readonly authorizedParty: readonly string[]
}

const oidc = { subject: 'sub', email: 'email', authorizedParty: ['azp'] } as const

export const presets: Readonly<Record<PresetName, PresetRow>> = {
  // Access tokens of a custom authorization server: sub is the login, or the client's own id for a program.
  Okta: {
    ...oidc,
    username: 'sub',
    groups: 'groups',
    scopes: 'scp',
    workload: [{ claim: 'cid', sameAs: 'sub' }],
    authorizedParty: ['cid'],
  },
  // v2 tokens: sub differs per application, oid does not; idtyp is an optional claim, so oid = sub tells app-only tokens as well.
  EntraID: {
    ...oidc,
    subject: 'oid',
    username: 'preferred_username',
    usernameOrSubject: true,
    groups: 'groups',
    scopes: 'scp',
    workload: [
      { claim: 'idtyp', is: 'app' },
      { claim: 'oid', sameAs: 'sub' },
    ],
    authorizedParty: ['azp', 'appid'],
  },
  // ID tokens, the only JWTs Google issues; they never carry groups.
  Google: {
    ...oidc,
    username: 'email',
    emailMustBeVerified: true,
    workload: [{ claim: 'email', endsWith: '.gserviceaccount.com' }],
  },
  // preferred_username is unique in a realm; groups need the group membership mapper, with full paths or without.
  Keycloak: {
    ...oidc,
    username: 'preferred_username',
    groups: 'groups',
    scopes: 'scope',
    workload: [{ claim: 'preferred_username', startsWith: 'service-account-' }],
  },
  // `name` is for display and may repeat; an address is unique per connector that verifies it.
  Dex: { ...oidc, username: 'email', usernameOrSubject: true, groups: 'groups', workload: [] },
  Kubernetes: { subject: 'sub', username: 'sub', workload: [], authorizedParty: ['azp'] },
  // RFC 9068: scope is space-separated, and a program's sub is its client_id.
  Generic: {
    ...oidc,
    username: 'sub',
    groups: 'groups',
    scopes: 'scope',
    workload: [{ claim: 'client_id', sameAs: 'sub' }],
    authorizedParty: ['azp', 'client_id'],
  },
}

export type KeyOrigin =
  | { readonly from: 'Discovery' }
  | { readonly from: 'Url'; readonly url: string }
  | { readonly from: 'Inline'; readonly keys: readonly JsonObject[] }
  | { readonly from: 'ApiServer' }

/** An issuer's settings with nothing left open. */
export interface IssuerRules {
  readonly name: string
  readonly issuer: string
  readonly preset: PresetName
  readonly audiences: readonly string[]
  readonly algorithms: readonly SigningAlgorithm[]
  readonly authorizedParties: readonly string[] | undefined
  readonly authorizedPartyClaims: readonly string[]
  readonly requiredClaims: readonly RequiredClaim[]
  readonly keys: KeyOrigin
  readonly ca: string | undefined
  readonly keysStaleAfterMs: number
  readonly clockSkewMs: number
  readonly maxTokenAgeMs: number | undefined
  readonly subject: string
  readonly username: UsernameRule
  readonly groups: MappedClaim | undefined
  readonly scopes: MappedClaim | undefined
  readonly email: MappedClaim | undefined
  readonly emailMustBeVerified: boolean
  readonly kind: KindMapping | undefined
  readonly workload: readonly WorkloadSign[]
  readonly kubernetesUsername: string | undefined
}

export const defaultAlgorithms: readonly SigningAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA']
const defaultKeysStaleAfterMs = 3_600_000
const defaultClockSkewMs = 30_000

export function resolveIssuer(settings: IssuerSettings): IssuerRules {
  const preset = settings.preset ?? 'Generic'
  const row = presets[preset]
  const { claims } = settings
  return {
    name: settings.name,
    issuer: settings.issuer,
    preset,
    audiences: settings.audiences,
    algorithms: settings.algorithms ?? defaultAlgorithms,
    authorizedParties: settings.authorizedParties,
    authorizedPartyClaims: row.authorizedParty,
    requiredClaims: settings.requiredClaims ?? [],
    keys: toKeyOrigin(settings, preset),
    ca: settings.ca,
    keysStaleAfterMs: toMs(settings.keysStaleAfter) ?? defaultKeysStaleAfterMs,
    clockSkewMs: toMs(settings.clockSkew) ?? defaultClockSkewMs,
    maxTokenAgeMs: toMs(settings.maxTokenAge),
    subject: row.subject,
    username: toUsernameRule(settings, row),
    groups: toMappedClaim(claims?.groups, row.groups),
    scopes: toMappedClaim(claims?.scopes, row.scopes),
    email: toMappedClaim(claims?.email, row.email),
    emailMustBeVerified: row.emailMustBeVerified === true,
    kind: claims?.kind,
    workload: row.workload,
    kubernetesUsername: settings.kubernetesUsername,
  }
}

function toMs(value: string | undefined): number | undefined {
  return value === undefined ? undefined : toDurationMs(value)
}

function toKeyOrigin({ jwks, fetchAs }: IssuerSettings, preset: PresetName): KeyOrigin {
  if (jwks?.keys !== undefined) return { from: 'Inline', keys: jwks.keys }
  if (jwks?.url !== undefined) return { from: 'Url', url: jwks.url }
  const as = fetchAs ?? (preset === 'Kubernetes' ? 'ServiceAccount' : 'Anonymous')
  return { from: as === 'ServiceAccount' ? 'ApiServer' : 'Discovery' }
}

/** A mapping written by hand must hold; only a preset's own may fall back to the subject. */
function toUsernameRule({ claims }: IssuerSettings, row: PresetRow): UsernameRule {
  const { claim, prefix = '' } = claims?.username ?? { claim: row.username }
  return { claim, prefix, orSubject: claim === row.username && row.usernameOrSubject === true }
}

function toMappedClaim(
  written: { readonly claim: string; readonly prefix?: string } | undefined,
  preset: string | undefined,
): MappedClaim | undefined {
  if (written !== undefined) return { claim: written.claim, prefix: written.prefix ?? '' }
  return preset === undefined ? undefined : { claim: preset, prefix: '' }
}
