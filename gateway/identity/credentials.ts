// Finds the caller's one credential in the slots where SDKs put their keys, so that clients change nothing but base URL and
// token. Reads raw headers, because duplicates are invisible once headers are merged.
import { GatewayError } from '../errors.ts'

/** Lower case. None of them may travel on to a model, whatever it held. */
export const credentialHeaders: readonly string[] = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']

export const maxTokenBytes = 16_384

export interface Credential {
  readonly token: string
  /** Lower-case names of the headers that were found: to be stripped before anything is forwarded. */
  readonly headers: readonly string[]
}

// Most headers are told apart by their length alone.
const slotLengths: ReadonlySet<number> = new Set(credentialHeaders.map((name) => name.length))
const bearer = /^bearer(?: +|$)/iu

/** Throws credentials_missing, credentials_ambiguous or token_invalid. */
export function readCredential(rawHeaders: readonly string[]): Credential {
  let token: string | undefined
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const slot = toSlot(rawHeaders[i] ?? '')
    if (slot === undefined) continue
    const found = readSlot(slot, rawHeaders[i + 1] ?? '', headers)
    if (found === '') continue
    if (token !== undefined && token !== found) throw ambiguous('The call carries two different credentials; send one.')
    token = found
  }
  if (token === undefined) throw missing()
  if (token.length > maxTokenBytes) throw invalid(`The token is longer than ${maxTokenBytes} bytes.`)
  return { token, headers }
}

function toSlot(name: string): string | undefined {
  if (!slotLengths.has(name.length)) return undefined
  const slot = name.toLowerCase()
  return credentialHeaders.includes(slot) ? slot : undefined
}

/** Adds the slot to `headers`; empty when nothing is in it, as some SDKs send it. */
function readSlot(slot: string, value: string, headers: string[]): string {
  const isRepeated = headers.includes(slot)
  if (!isRepeated) headers.push(slot)
  if (slot !== 'authorization') return value.trim()
  if (isRepeated) throw ambiguous('The call carries more than one Authorization header; send one.')
  // What SDKs send, without a regular expression; then what else the grammar allows.
  if (value.startsWith('Bearer ')) return value.slice(7).trim()
  if (value.trim() === '') return ''
  const scheme = bearer.exec(value)
  if (scheme === null) throw invalid('The Authorization header must be of the form: Bearer <token>.')
  return value.slice(scheme[0].length).trimEnd()
}

function ambiguous(message: string): GatewayError {
  return new GatewayError('credentials_ambiguous', message)
}

function missing(): GatewayError {
  return new GatewayError(
    'credentials_missing',
    'The call carries no token: put one into the API key of the SDK, or into Authorization: Bearer <token>.',
  )
}

function invalid(message: string): GatewayError {
  return new GatewayError('token_invalid', message)
}
