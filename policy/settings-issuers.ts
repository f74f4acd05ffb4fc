// Reads `issuers[]` of the platform settings: each field by itself, then what fields mean together.
import { usernameEnvironment } from './environment.ts'
import type { Compile } from './expression.ts'
import { makeCompiler, maxExpressionLength } from './expression.ts'
import type { JsonObject } from './model.ts'
import type {
  ClaimMapping,
  ClaimMappings,
  IssuerSettings,
  KeySource,
  KindMapping,
  PresetName,
  RequiredClaim,
  SigningAlgorithm,
} from './settings.ts'
import type { Place } from './settings-reader.ts'
import {
  addProblem,
  isPlainObject,
  listOf,
  maxProblems,
  namesOf,
  objectOf,
  oneOf,
  optional,
  text,
} from './settings-reader.ts'
import { resolveIssuer } from './settings-presets.ts'
import { duration, issuerUrl, label } from './settings-text.ts'

const presetNames: readonly PresetName[] = ['Okta', 'EntraID', 'Google', 'Keycloak', 'Dex', 'Kubernetes', 'Generic']

const signingAlgorithms: readonly SigningAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

const claimName = text({ max: 256, expected: 'the name of a claim or a dotted path' })
const claimValue = text({ max: 256, expected: 'printable text' })

const claimMapping = objectOf<ClaimMapping>({
  claim: claimName,
  prefix: optional(text({ max: 64, expected: 'printable text' })),
})

const claimMappings = objectOf<ClaimMappings>({
  username: optional(claimMapping),
  groups: optional(claimMapping),
  scopes: optional(claimMapping),
  email: optional(claimMapping),
  kind: optional(objectOf<KindMapping>({ claim: claimName, workloads: namesOf(claimValue, 1, 16) })),
})

const keySource = objectOf<KeySource>({
  url: optional(issuerUrl),
  keys: optional(listOf(readPublicKey, { min: 1, max: 16 })),
})

const certificates = text({
  max: 65_536,
  pattern: /^\s*(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/u,
  expected: 'PEM certificates',
})

const issuerFields = objectOf<IssuerSettings>({
  name: label,
  issuer: issuerUrl,
  preset: optional(oneOf(presetNames)),
  audiences: namesOf(text({ max: 512, expected: 'an audience' }), 1, 16),
  algorithms: optional(listOf(oneOf(signingAlgorithms), { min: 1, max: 10, key: (item) => item })),
  authorizedParties: optional(namesOf(text({ max: 512, expected: 'a client id' }), 1, 64)),
  requiredClaims: optional(
    listOf(objectOf<RequiredClaim>({ claim: claimName, values: namesOf(claimValue, 1, 64) }), {
      min: 1,
      max: 8,
      key: ({ claim }) => claim,
    }),
  ),
  jwks: optional(keySource),
  ca: optional(certificates),
  fetchAs: optional(oneOf(['Anonymous', 'ServiceAccount'])),
  keysStaleAfter: optional(duration({ min: '1m', max: '168h' })),
  clockSkew: optional(duration({ min: '0s', max: '5m' })),
  maxTokenAge: optional(duration({ min: '1m', max: '8760h' })),
  claims: optional(claimMappings),
  kubernetesUsername: optional(readExpression),
})

export const readIssuers = listOf(readIssuer, { max: 32 })

/** Tokens choose their issuer by `iss`, people by name: both may stand once. */
export function checkIssuersDiffer(issuers: readonly IssuerSettings[], at: Place): void {
  for (const field of ['name', 'issuer'] as const) {
    const first = new Map<string, number>()
    for (const [index, issuer] of issuers.entries()) {
      const other = first.get(issuer[field])
      const place = { path: `${at.path}[${index}].${field}`, problems: at.problems }
      if (other !== undefined) addProblem(place, `is the same as that of ${at.path}[${other}]`)
      else first.set(issuer[field], index)
    }
  }
}

function readIssuer(value: unknown, at: Place): IssuerSettings | undefined {
  const issuer = issuerFields(value, at)
  if (issuer !== undefined) checkKeySource(issuer, at)
  if (issuer?.preset === 'EntraID' && /\/(?:common|organizations|consumers)\/|[{}]/u.test(issuer.issuer)) {
    addProblem(below(at, 'issuer'), 'must name one tenant, as in https://login.microsoftonline.com/<tenant id>/v2.0')
  }
  return issuer
}

function checkKeySource(issuer: IssuerSettings, at: Place): void {
  const { jwks, fetchAs, ca } = issuer
  const origin = resolveIssuer(issuer).keys.from
  if (jwks?.url !== undefined && jwks.keys !== undefined)
    addProblem(below(at, 'jwks'), 'must have url or keys, not both')
  if (fetchAs === 'ServiceAccount' && jwks !== undefined) {
    // A token of the gateway must never be sent to an address somebody wrote down.
    addProblem(
      below(at, 'jwks'),
      'must be absent with fetchAs: ServiceAccount, which asks the API server of this cluster',
    )
  }
  if (ca !== undefined && origin === 'ApiServer') {
    addProblem(
      below(at, 'ca'),
      'must be absent where keys come from the API server, which the pod trusts by its own CA',
    )
  }
  if (ca !== undefined && origin === 'Inline') addProblem(below(at, 'ca'), 'has no meaning where keys are inline')
}

function below(at: Place, field: string): Place {
  return { path: `${at.path}.${field}`, problems: at.problems }
}

const publicKeyTypes = ['RSA', 'EC', 'OKP']
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The shape alone; whether a key is strong enough is judged where keys are loaded, for fetched ones too. */
function readPublicKey(value: unknown, at: Place): JsonObject | undefined {
  if (!isPlainObject(value)) return addProblem(at, 'must be a JSON Web Key')
  const entries = Object.entries(value)
  if (entries.length > 16) return addProblem(at, 'must have at most 16 members')
  if (privateMembers.some((name) => Object.hasOwn(value, name))) {
    return addProblem(at, 'must be a public key; this one holds secret members, so replace the key everywhere')
  }
  if (!publicKeyTypes.some((type) => type === value['kty'])) {
    return addProblem(at, `must have a kty among ${publicKeyTypes.join(', ')}`)
  }
  const members = entries.filter(isKeyMember)
  return members.length === entries.length
    ? Object.fromEntries(members)
    : addProblem(at, 'must have members of text alone')
}

function isKeyMember(entry: [string, unknown]): entry is [string, string | readonly string[]] {
  const [name, member] = entry
  const isText = isKeyText(member) || (Array.isArray(member) && member.length <= 8 && member.every(isKeyText))
  return isText && /^[\w#-]{1,32}$/u.test(name)
}

function isKeyText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 8192
}

const expressionText = text({ max: maxExpressionLength, pattern: /\S/u, expected: 'a CEL expression' })

function readExpression(value: unknown, at: Place): string | undefined {
  const source = expressionText(value, at)
  if (source === undefined) return undefined
  const compiled = compileUsername(source)
  if ('program' in compiled) return source
  const { message, line, column } = compiled.problem
  const problem = { path: at.path, reason: 'InvalidExpression', message, line, column } as const
  if (at.problems.length < maxProblems) at.problems.push(problem)
  return undefined
}

function compileUsername(source: string): ReturnType<Compile> {
  return makeCompiler()(source, usernameEnvironment, 'string')
}
