// From a JSON Web Key Set to the keys that may verify tokens. A key that is not fit is left out, since providers publish
// encryption keys and future types in the same set; a document that is no key set at all is an error.
import { calculateJwkThumbprint, importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import type { SigningAlgorithm } from '../../policy/settings.ts'

/** One object per key for as long as the issuer serves it: cached verifications hold on to it, and look at `retired`. */
export interface ServedKey {
  readonly id: string
  readonly kid: string | undefined
  readonly byAlgorithm: ReadonlyMap<SigningAlgorithm, CryptoKey>
  retired: boolean
}

export const maxKeys = 64
const minRsaBits = 2048
const maxRsaBits = 16_384

const rsaAlgorithms: readonly SigningAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
// What a type of key may sign with, so that no token can pick an algorithm the key was not made for.
const algorithmsByType: Readonly<Record<string, readonly SigningAlgorithm[]>> = {
  RSA: rsaAlgorithms,
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA'],
}

/** The keys of `document`; those that were in `previous` are the very same objects. Throws when it is no key set. */
export async function readKeySet(document: unknown, previous: readonly ServedKey[]): Promise<readonly ServedKey[]> {
  const entries = isRecord(document) ? document['keys'] : undefined
  if (!Array.isArray(entries)) throw new Error('the document is not a JSON Web Key Set')
  if (entries.length > maxKeys) throw new Error(`the key set has more than ${maxKeys} keys`)
  const keys = new Map<string, ServedKey>()
  for (const entry of entries) {
    // oxlint-disable-next-line no-await-in-loop -- a few keys, in order, once in minutes
    const key = await readKey(entry)
    if (key !== undefined) keys.set(key.id, previous.find(({ id, retired }) => id === key.id && !retired) ?? key)
  }
  return [...keys.values()]
}

async function readKey(entry: unknown): Promise<ServedKey | undefined> {
  if (!isRecord(entry) || !isForVerifying(entry)) return undefined
  const algorithms = toAlgorithms(entry)
  if (algorithms.length === 0) return undefined
  const jwk = toPublicJwk(entry)
  try {
    const byAlgorithm = new Map<SigningAlgorithm, CryptoKey>()
    for (const algorithm of algorithms) {
      // oxlint-disable-next-line no-await-in-loop -- at most six imports of one key
      const key = await importJWK(jwk, algorithm)
      if (key instanceof Uint8Array || !isStrong(key)) return undefined
      byAlgorithm.set(algorithm, key)
    }
    const kid = typeof entry['kid'] === 'string' ? entry['kid'] : undefined
    const id = [kid ?? '', await calculateJwkThumbprint(jwk), ...algorithms].join(' ')
    return { id, kid, byAlgorithm, retired: false }
  } catch {
    // A malformed key verifies nothing; the others of the set still do.
    return undefined
  }
}

/** Secret material in a public document is known to everybody: such a key proves nothing (RFC 7517, 9.2). */
function isForVerifying(entry: Readonly<Record<string, unknown>>): boolean {
  const { use, key_ops: operations } = entry
  if (Object.hasOwn(entry, 'k') || Object.hasOwn(entry, 'd')) return false
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

function toAlgorithms({ kty, crv, alg }: Readonly<Record<string, unknown>>): readonly SigningAlgorithm[] {
  const type = kty === 'RSA' ? kty : `${String(kty)} ${String(crv)}`
  const fitting = Object.hasOwn(algorithmsByType, type) ? (algorithmsByType[type] ?? []) : []
  return alg === undefined ? fitting : fitting.filter((algorithm) => algorithm === alg)
}

function toPublicJwk(entry: Readonly<Record<string, unknown>>): JWK {
  const jwk: Record<string, string> = {}
  for (const name of ['kty', 'crv', 'x', 'y', 'n', 'e']) {
    const value = entry[name]
    if (typeof value === 'string') jwk[name] = value
  }
  return jwk
}

function isStrong(key: CryptoKey): boolean {
  if (!('modulusLength' in key.algorithm)) return true
  const bits = Number(key.algorithm.modulusLength)
  return bits >= minRsaBits && bits <= maxRsaBits
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
