// What the platform team decides for everybody: who may issue identities, what namespaces are granted beyond their own, which
// addresses are the cluster's. Plain data in, validated data out; the operator publishes it inside the bundle. A parsed
// document parses to itself again, so a gateway can check what it was given.
import type { JsonObject } from './model.ts'

export type PresetName = 'Okta' | 'EntraID' | 'Google' | 'Keycloak' | 'Dex' | 'Kubernetes' | 'Generic'

/** Asymmetric only: a shared secret would let every gateway mint identities. */
export type SigningAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

/** `claim` is the claim's own name, or a dotted path such as `realm_access.roles` when no claim has that very name. */
export interface ClaimMapping {
  readonly claim: string
  /** Put before every value, so that two issuers cannot mean each other's names. */
  readonly prefix?: string
}

/** A token whose `claim` has one of `workloads` belongs to a program; every other token belongs to a person. */
export interface KindMapping {
  readonly claim: string
  readonly workloads: readonly string[]
}

/** What is absent here comes from the preset. */
export interface ClaimMappings {
  readonly username?: ClaimMapping
  readonly groups?: ClaimMapping
  readonly scopes?: ClaimMapping
  readonly email?: ClaimMapping
  readonly kind?: KindMapping
}

/** Every listed claim must be a string among its values, such as Google's `hd`. */
export interface RequiredClaim {
  readonly claim: string
  readonly values: readonly string[]
}

/** Where the issuer's keys are. Both absent, or no `jwks` at all: OIDC discovery. */
export interface KeySource {
  readonly url?: string
  readonly keys?: readonly JsonObject[]
}

export interface IssuerSettings {
  readonly name: string
  /** Equal to the token's `iss`, character by character. */
  readonly issuer: string
  readonly preset?: PresetName
  readonly audiences: readonly string[]
  readonly algorithms?: readonly SigningAlgorithm[]
  /** When present, the token must name the client it was issued to, and that client must be listed. */
  readonly authorizedParties?: readonly string[]
  readonly requiredClaims?: readonly RequiredClaim[]
  readonly jwks?: KeySource
  /** PEM certificates that alone are trusted when keys are fetched; absent: the public roots. */
  readonly ca?: string
  /** `ServiceAccount`: keys come from the cluster's own API server, asked with the gateway's own token. */
  readonly fetchAs?: 'Anonymous' | 'ServiceAccount'
  /** How long the last known keys stay good while the issuer cannot be reached. */
  readonly keysStaleAfter?: string
  readonly clockSkew?: string
  readonly maxTokenAge?: string
  readonly claims?: ClaimMappings
  /** CEL over `claims` and `identity`: the name the Kubernetes API server knows this caller by. Absent: unknown. */
  readonly kubernetesUsername?: string
}

export interface ServiceGrant {
  readonly namespace: string
  /** Absent: every Service of that namespace. */
  readonly name?: string
}

/** What connections of one namespace may use beyond its own default prefix and its own Services. */
export interface NamespaceGrant {
  readonly namespace: string
  /** Exact names, or `*.example.com` for every name below example.com. */
  readonly hostnames?: readonly string[]
  /** Starting and ending in a slash; a prefix grants what lies below it as well. */
  readonly prefixes?: readonly string[]
  readonly services?: readonly ServiceGrant[]
}

export interface NetworkSettings {
  /** CIDRs of pods, Services and nodes: only in-cluster endpoints may have addresses there. */
  readonly clusterRanges?: readonly string[]
}

export interface Settings {
  readonly issuers: readonly IssuerSettings[]
  readonly grants: readonly NamespaceGrant[]
  readonly network?: NetworkSettings
}

/** Nobody is known, nothing is granted. */
export const emptySettings: Settings = { issuers: [], grants: [] }

export function isHostnameGranted(settings: Settings, namespace: string, wanted: string): boolean {
  const name = wanted.toLowerCase()
  return (grantOf(settings, namespace)?.hostnames ?? []).some((granted) => {
    if (!granted.startsWith('*.')) return granted === name
    return name === granted || (name.endsWith(granted.slice(1)) && name.length >= granted.length)
  })
}

/** For a prefix other than the connection's own default. */
export function isPrefixGranted(settings: Settings, namespace: string, wanted: string): boolean {
  return (grantOf(settings, namespace)?.prefixes ?? []).some((granted) => wanted.startsWith(granted))
}

/** Services of the connection's own namespace need no grant. */
export function isServiceGranted(
  settings: Settings,
  namespace: string,
  service: { readonly namespace: string; readonly name: string },
): boolean {
  if (service.namespace === namespace) return true
  return (grantOf(settings, namespace)?.services ?? []).some(
    (granted) => granted.namespace === service.namespace && (granted.name ?? service.name) === service.name,
  )
}

function grantOf(settings: Settings, namespace: string): NamespaceGrant | undefined {
  return settings.grants.find((grant) => grant.namespace === namespace)
}
