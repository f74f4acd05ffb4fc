// Verifies one JWT against one issuer's rules. The unverified `iss` only chooses which rules to apply; nothing else is believed
// before the signature holds. Messages name what is configured, never what was presented, and no error of the JWT library is
// kept as a cause: it carries the claims.
import { errors, jwtVerify } from 'jose'
import type { CryptoKey } from 'jose'
import type { Json, JsonObject } from '../../policy/model.ts'
import type { SigningAlgorithm } from '../../policy/settings.ts'
import type { IssuerRules } from '../../policy/settings-presets.ts'
import { GatewayError } from '../errors.ts'

/** What a token says about itself, believed by nobody yet. */
export interface Presented {
  readonly issuer: string
  readonly algorithm: string
  readonly kid: string | undefined
}

const compactJws = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/u
const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** RFC 9068 access tokens and plain JWTs; logout, event, key-binding and proof tokens are for other ears. */
const acceptedTypes: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt'])

export function parseToken(token: string): Presented {
  const [, header = '', payload = '', signature = ''] = compactJws.exec(token) ?? []
  if (header === '') throw invalid('The token is not a JWT.')
  if (![header, payload, signature].every(isCanonical)) throw invalid('The token is not encoded as a JWT must be.')
  if (signature === '') throw invalid('The token is not signed.')
  const { iss } = parsePart(payload)
  const presented = readHeader(parsePart(header))
  if (typeof iss !== 'string') throw notAccepted('The token names no issuer (iss).')
  return { ...presented, issuer: iss }
}

function readHeader({ alg, kid, typ, crit, b64 }: Readonly<Record<string, Json>>): Omit<Presented, 'issuer'> {
  if (crit !== undefined || b64 !== undefined) {
    throw invalid('The token demands extensions (crit) that are not supported.')
  }
  if (typeof alg !== 'string') throw invalid('The token is not signed.')
  if (kid !== undefined && typeof kid !== 'string') throw invalid("The token's kid is not text.")
  if (!acceptedTypes.has(typeof typ === 'string' ? typ.toLowerCase() : typ)) {
    throw invalid('The token is of a type (typ) that does not authenticate calls.')
  }
  return { algorithm: alg, kid }
}

/** The algorithm, if this issuer's tokens may use it: asymmetric by type, and on the issuer's list. */
export function acceptAlgorithm({ algorithm }: Presented, rules: IssuerRules): SigningAlgorithm {
  const accepted = rules.algorithms.find((item) => item === algorithm)
  if (accepted !== undefined) return accepted
  throw invalid(
    `The token is not signed with an algorithm that is accepted here; expected one of ${rules.algorithms.join(', ')}.`,
  )
}

export interface Check {
  readonly rules: IssuerRules
  readonly algorithm: SigningAlgorithm
  readonly key: CryptoKey
  readonly nowMs: number
}

export interface Verified {
  readonly claims: JsonObject
  /** When it stops being good: its own end, or the age at which this issuer's tokens are too old. */
  readonly expiresMs: number
}

export async function verifyToken(token: string, check: Check): Promise<Verified> {
  const claims = await verifySigned(token, check)
  checkTimes(claims, check)
  checkAuthorizedParty(claims, check.rules)
  checkPurpose(claims)
  return { claims, expiresMs: toExpiryMs(claims, check.rules) }
}

async function verifySigned(token: string, { rules, algorithm, key, nowMs }: Check): Promise<JsonObject> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer: rules.issuer,
      audience: [...rules.audiences],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: rules.clockSkewMs / 1000,
      currentDate: new Date(nowMs),
      ...(rules.maxTokenAgeMs === undefined ? {} : { maxTokenAge: rules.maxTokenAgeMs / 1000 }),
    })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- jose parsed it from JSON text into an object
    return payload as JsonObject
  } catch (error) {
    throw toRefusal(error, rules)
  }
}

function toRefusal(error: unknown, rules: IssuerRules): GatewayError {
  if (error instanceof errors.JWTExpired) {
    const message =
      error.claim === 'iat' ? 'The token is older than its issuer settings allow.' : 'The token has expired.'
    return new GatewayError('token_expired', message)
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new GatewayError('token_not_accepted', toClaimMessage(error, rules))
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid("The token's signature does not verify.")
  return invalid('The token is malformed.')
}

function toClaimMessage({ claim, reason }: errors.JWTClaimValidationFailed, rules: IssuerRules): string {
  if (reason === 'missing') return `The token has no ${claim} claim.`
  if (claim === 'aud')
    return `The token's audience is not accepted here; expected one of ${rules.audiences.join(', ')}.`
  if (claim === 'nbf' && reason === 'check_failed') return 'The token is not valid yet (nbf).'
  if (claim === 'iat' && reason === 'check_failed') return 'The token was issued in the future (iat).'
  return `The token's ${claim} claim is not what it must be.`
}

/** What jose leaves open: dates beyond all numbers, and iat when no maximum age is set. */
function checkTimes(claims: JsonObject, { rules, nowMs }: Check): void {
  const { exp, iat } = claims
  if (!Number.isFinite(exp)) throw notAccepted("The token's exp claim is not a date.")
  if (iat === undefined) return
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw notAccepted("The token's iat claim is not a date.")
  if (iat * 1000 > nowMs + rules.clockSkewMs) throw notAccepted('The token was issued in the future (iat).')
  if (iat > Number(exp)) throw notAccepted('The token expires before it was issued.')
}

function checkAuthorizedParty(claims: JsonObject, { authorizedParties, authorizedPartyClaims }: IssuerRules): void {
  if (authorizedParties === undefined) return
  const name = authorizedPartyClaims.find((claim) => Object.hasOwn(claims, claim))
  if (name === undefined) throw notAccepted(`The token does not name its client (${authorizedPartyClaims.join(', ')}).`)
  const party = claims[name]
  if (typeof party === 'string' && authorizedParties.includes(party)) return
  throw notAccepted(
    `The token was issued to a client that is not accepted here; expected one of ${toList(authorizedParties)}.`,
  )
}

/** Signed by the right issuer for the right audience, and still no credential of a caller. */
function checkPurpose(claims: JsonObject): void {
  // RFC 8417: security events and back-channel logouts.
  if (Object.hasOwn(claims, 'events')) throw notAccepted('The token describes events; it does not authenticate calls.')
  // RFC 7800: only good together with a proof of a key, which cannot be asked for here; as a bearer token it is stolen goods.
  if (Object.hasOwn(claims, 'cnf'))
    throw notAccepted('The token is bound to a key of its client (cnf) and is no bearer token.')
}

function toExpiryMs({ exp, iat }: JsonObject, { maxTokenAgeMs }: IssuerRules): number {
  const endsMs = Number(exp) * 1000
  return maxTokenAgeMs === undefined ? endsMs : Math.min(endsMs, Number(iat) * 1000 + maxTokenAgeMs)
}

/** The last character's unused bits must be zero: otherwise several texts are one signature. */
function isCanonical(part: string): boolean {
  const rest = part.length % 4
  if (rest === 1) return false
  const last = base64url.indexOf(part.at(-1) ?? 'A')
  return rest === 0 || (last & (rest === 2 ? 0b1111 : 0b11)) === 0
}

function parsePart(part: string): Readonly<Record<string, Json>> {
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(Buffer.from(part, 'base64url')))
  } catch {
    throw invalid('The token does not hold JSON.')
  }
  if (!isJsonObject(value)) throw invalid('The token does not hold JSON objects.')
  return value
}

function isJsonObject(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toList(values: readonly string[]): string {
  return values.slice(0, 8).join(', ')
}

function invalid(message: string): GatewayError {
  return new GatewayError('token_invalid', message)
}

function notAccepted(message: string): GatewayError {
  return new GatewayError('token_not_accepted', message)
}
