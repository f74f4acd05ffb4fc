// From the claims of a verified token to an identity, by an issuer's rules. Nothing is coerced and nothing is guessed: a claim of
// the wrong shape refuses the token, an absent groups claim means no groups, groups that the provider left out refuse it too.
import type { Identity, IdentityKind, Json, JsonObject } from './model.ts'
import type { IssuerRules, MappedClaim, WorkloadSign } from './settings-presets.ts'

/** Why these claims make no identity. The message names claims by the names the settings give them, never their values. */
export interface IdentityProblem {
  readonly code: 'groups_unresolved' | 'token_not_accepted'
  readonly message: string
}

/** The name the Kubernetes API server knows a caller by, or undefined when it cannot be told. */
export type EvaluateUsername = (identity: Identity) => string | undefined

type Result<T> = { readonly value: T } | { readonly problem: IdentityProblem }

const maxNameLength = 1024
// Control characters break logs, direction overrides make one name look like another.
const unsafeCharacters = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u
/** Names the cluster gives to its own; no other issuer may speak of them. */
const reservedPrefix = 'system:'
/** Expressions walk claims recursively; no provider nests deeper than a few steps. */
const maxClaimDepth = 16

export function toIdentity(
  rules: IssuerRules,
  claims: JsonObject,
  evaluateUsername?: EvaluateUsername,
): { readonly identity: Identity } | { readonly problem: IdentityProblem } {
  const problem = findUnmetCondition(rules, claims)
  if (problem !== undefined) return { problem }
  const read = rules.preset === 'Kubernetes' ? readServiceAccount(rules, claims) : readCaller(rules, claims)
  if ('problem' in read) return read
  const identity = read.value
  const kubernetesUsername = toKubernetesUsername(rules, identity, evaluateUsername)
  return { identity: kubernetesUsername === undefined ? identity : { ...identity, kubernetesUsername } }
}

function toKubernetesUsername(rules: IssuerRules, identity: Identity, evaluate?: EvaluateUsername): string | undefined {
  if (rules.kubernetesUsername !== undefined) return evaluate?.(identity)
  return rules.preset === 'Kubernetes' ? identity.subject : undefined
}

/** A claim by its own name, or else by the dotted path. */
export function findClaim(claims: JsonObject, name: string): Json | undefined {
  if (Object.hasOwn(claims, name)) return claims[name]
  let found: Json | undefined = claims
  for (const step of name.split('.')) {
    if (!isObject(found) || !Object.hasOwn(found, step)) return undefined
    found = found[step]
  }
  return found
}

function findUnmetCondition(rules: IssuerRules, claims: JsonObject): IdentityProblem | undefined {
  if (isDeeperThan(claims, maxClaimDepth)) return refuse("the token's claims are nested too deeply")
  for (const { claim, values } of rules.requiredClaims) {
    const value = findClaim(claims, claim)
    if (typeof value !== 'string' || !values.includes(value)) {
      return refuse(`the token's ${claim} claim is not one that is accepted here`)
    }
  }
  if (rules.emailMustBeVerified && claims['email_verified'] !== true) {
    return refuse("the token's email address is not verified by its issuer")
  }
  return undefined
}

function readCaller(rules: IssuerRules, claims: JsonObject): Result<Identity> {
  const subject = readName(claims, { claim: rules.subject, prefix: '' })
  if ('problem' in subject) return subject
  const username = readUsername(rules, claims, subject.value)
  if ('problem' in username) return username
  const groups = readGroups(rules, claims)
  if ('problem' in groups) return groups
  const scopes = readScopes(rules, claims)
  if ('problem' in scopes) return scopes
  const email = readEmail(rules, claims)
  if ('problem' in email) return email
  const names = [subject.value, username.value, ...groups.value]
  if (names.some((name) => name.startsWith(reservedPrefix))) {
    return {
      problem: refuse(`the token names a user or group with the prefix ${reservedPrefix}, reserved for the cluster`),
    }
  }
  return {
    value: {
      issuer: rules.issuer,
      subject: subject.value,
      username: username.value,
      email: email.value,
      kind: toKind(rules, claims),
      groups: groups.value,
      scopes: scopes.value,
      claims,
    },
  }
}

const serviceAccountSubject = /^system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})$/u

/** Groups are computed as the API server computes them: the token does not carry any. */
function readServiceAccount(rules: IssuerRules, claims: JsonObject): Result<Identity> {
  const subject = claims['sub']
  const [, namespace, name] = typeof subject === 'string' ? (serviceAccountSubject.exec(subject) ?? []) : []
  if (typeof subject !== 'string' || namespace === undefined || name === undefined) {
    return { problem: refuse("the token's sub claim is not a ServiceAccount of the cluster") }
  }
  const bound = findClaim(claims, 'kubernetes.io')
  const isBound =
    isObject(bound) &&
    bound['namespace'] === namespace &&
    isObject(bound['serviceaccount']) &&
    bound['serviceaccount']['name'] === name
  if (!isBound)
    return { problem: refuse("the token's kubernetes.io claim does not describe the ServiceAccount it speaks for") }
  return {
    value: {
      issuer: rules.issuer,
      subject,
      username: subject,
      email: '',
      kind: 'ServiceAccount',
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
      scopes: [],
      claims,
    },
  }
}

function readUsername({ username }: IssuerRules, claims: JsonObject, subject: string): Result<string> {
  if (username.orSubject && findClaim(claims, username.claim) === undefined) return { value: username.prefix + subject }
  return readName(claims, username)
}

function readGroups({ groups }: IssuerRules, claims: JsonObject): Result<readonly string[]> {
  if (groups === undefined) return { value: [] }
  if (areGroupsElsewhere(groups, claims)) return { problem: unresolvedGroups }
  const value = findClaim(claims, groups.claim)
  if (value === undefined) return { value: [] }
  const names = typeof value === 'string' ? [value] : value
  if (!isNames(names)) return { problem: refuse(`the token's ${groups.claim} claim is not a list of names`) }
  return { value: names.map((name) => groups.prefix + name) }
}

const unresolvedGroups: IdentityProblem = {
  code: 'groups_unresolved',
  message:
    'the caller is in more groups than the identity provider puts into a token, so group rules cannot be judged; ' +
    'limit the groups claim to groups assigned to this application, or map groups from app roles',
}

/** OIDC Core 5.6.2 distributed claims, as Entra ID uses them for overage; `hasgroups` is its form for the implicit flow. */
function areGroupsElsewhere({ claim }: MappedClaim, claims: JsonObject): boolean {
  const elsewhere = claims['_claim_names']
  if (isObject(elsewhere) && Object.hasOwn(elsewhere, claim)) return true
  return claim === 'groups' && (isSet(claims['hasgroups']) || Object.hasOwn(claims, 'groups:src1'))
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== false && value !== null
}

/** A space-separated string (RFC 8693, 4.2) or a list. */
function readScopes({ scopes }: IssuerRules, claims: JsonObject): Result<readonly string[]> {
  if (scopes === undefined) return { value: [] }
  const value = findClaim(claims, scopes.claim)
  if (value === undefined) return { value: [] }
  const names = typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : value
  if (!isNames(names)) return { problem: refuse(`the token's ${scopes.claim} claim is not a list of scopes`) }
  return { value: names.map((name) => scopes.prefix + name) }
}

/** Empty when absent, or when the issuer itself says that it was not verified. */
function readEmail({ email }: IssuerRules, claims: JsonObject): Result<string> {
  if (email === undefined || claims['email_verified'] === false) return { value: '' }
  return findClaim(claims, email.claim) === undefined ? { value: '' } : readName(claims, email)
}

function readName(claims: JsonObject, { claim, prefix }: MappedClaim): Result<string> {
  const value = findClaim(claims, claim)
  if (value === undefined)
    return { problem: refuse(`the token has no ${claim} claim, which this issuer's settings need`) }
  if (!isName(value)) return { problem: refuse(`the token's ${claim} claim is not a name`) }
  return { value: prefix + value }
}

function toKind({ kind, workload }: IssuerRules, claims: JsonObject): IdentityKind {
  if (kind !== undefined) {
    const value = findClaim(claims, kind.claim)
    return typeof value === 'string' && kind.workloads.includes(value) ? 'Workload' : 'User'
  }
  return workload.some((sign) => showsWorkload(sign, claims)) ? 'Workload' : 'User'
}

function showsWorkload(sign: WorkloadSign, claims: JsonObject): boolean {
  const value = claims[sign.claim]
  if (typeof value !== 'string') return false
  if ('is' in sign) return value === sign.is
  if ('sameAs' in sign) return value === claims[sign.sameAs]
  return 'startsWith' in sign ? value.startsWith(sign.startsWith) : value.endsWith(sign.endsWith)
}

function isName(value: Json): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxNameLength && !unsafeCharacters.test(value)
}

function isNames(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every(isName)
}

function isDeeperThan(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((item: Json) => isDeeperThan(item, depth - 1))
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(message: string): IdentityProblem {
  return { code: 'token_not_accepted', message }
}
