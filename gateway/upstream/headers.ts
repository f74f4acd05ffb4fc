// Header hygiene on both legs, shared by the judged and the opaque road. What ends at the gateway ends here: hop-by-hop headers,
// every slot that may hold a credential, cookies, statements about the connection, and headers that would change which request
// was judged. Pure.
import { GatewayError } from '../errors.ts'
import type { ReplyHeaders } from '../exchange.ts'

/** RFC 9110 §7.6.1, with its predecessors. Whatever `Connection` names joins them. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
] as const

/** Where clients put keys and tokens: the slots that identity reads, and those that clouds and proxies know. */
const credentialSlots = [
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-auth-token',
  'x-access-token',
  'x-amz-security-token',
  'x-goog-iam-authorization-token',
  'x-ms-token-aad-access-token',
  'x-serverless-authorization',
  'ocp-apim-subscription-key',
  'cookie',
  'cookie2',
] as const

/** Written anew toward the model, or without meaning there. */
const rewritten = ['host', 'content-length', 'expect', 'accept-encoding', 'forwarded', 'via', 'x-real-ip'] as const

/** A server that obeys these would answer another request than the one that was judged. */
const overrides = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
] as const

const neverSent: ReadonlySet<string> = new Set([...hopByHop, ...credentialSlots, ...rewritten, ...overrides])
const neverSentPrefix = /^(?:x-(?:forwarded|portcullis|envoy-)|proxy-|sec-websocket-)/

/** Two of these, and judge and model may each believe another one. */
const atMostOnce = ['content-type', 'content-encoding'] as const

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Visible characters, blanks, tabs and obs-text; no CR, LF, NUL or other control character (RFC 9110 §5.5). */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Headers for the model as name, value, name, value ...; the model's own credential and `accept-encoding: identity` (answers
 * are read here) are the caller's to add. `ownSlot` is the header of that credential, whatever its name.
 */
export function toUpstreamHeaders(rawHeaders: readonly string[], ownSlot: string | undefined): string[] {
  const named = namedByConnection(rawHeaders)
  const own = ownSlot === undefined ? undefined : toComparable(ownSlot.toLowerCase())
  const kept: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    assertWellFormed(name, value)
    const lower = name.toLowerCase()
    const compared = toComparable(lower)
    if (isNeverSent(compared) || compared === own || named?.includes(compared)) continue
    kept.push(lower, value)
  }
  assertNoneTwice(kept)
  return kept
}

/** Whether a header of the caller may reach the model at all; its credentials never do. */
export function mayReachModel(name: string): boolean {
  return !isNeverSent(toComparable(name.toLowerCase()))
}

function assertWellFormed(name: string, value: string): void {
  if (token.test(name) && fieldValue.test(value)) return
  throw badHeader('contains characters that headers must not contain')
}

function assertNoneTwice(headers: readonly string[]): void {
  for (const name of atMostOnce) {
    let count = 0
    for (let i = 0; i < headers.length; i += 2) if (toComparable(headers[i] ?? '') === name) count += 1
    if (count > 1) throw badHeader('repeats a name that may stand only once')
  }
}

/** CGI-like servers read `x_api_key` and `x-api-key` as one. */
function toComparable(lowerName: string): string {
  return lowerName.includes('_') ? lowerName.replaceAll('_', '-') : lowerName
}

function isNeverSent(name: string): boolean {
  return neverSent.has(name) || neverSentPrefix.test(name)
}

function namedByConnection(rawHeaders: readonly string[]): readonly string[] | undefined {
  let named: string[] | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length !== 'connection'.length || name.toLowerCase() !== 'connection') continue
    const options = (rawHeaders[i + 1] ?? '').toLowerCase()
    if (options === 'keep-alive' || options === 'close') continue
    named ??= []
    for (const option of options.split(',')) named.push(toComparable(option.trim()))
  }
  return named
}

function badHeader(why: string): GatewayError {
  return new GatewayError('bad_request', `The header block ${why}.`)
}

/**
 * Speaks for the model's host or leads a client past the gateway: other addresses of the server, cookies, promises about TLS,
 * challenges for credentials that callers do not have, addresses that mean something behind the gateway only.
 */
const neverReturned: ReadonlySet<string> = new Set([
  ...hopByHop,
  ...credentialSlots,
  'proxy-authenticate',
  'proxy-authentication-info',
  'www-authenticate',
  'authentication-info',
  'set-cookie',
  'set-cookie2',
  'server',
  'x-powered-by',
  'via',
  'alt-svc',
  'alt-used',
  'location',
  'content-location',
  'refresh',
  'clear-site-data',
  'strict-transport-security',
  'public-key-pins',
  'nel',
  'report-to',
  'reporting-endpoints',
])

type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Headers for the caller, lower-case; `own` (session, revision) is added last and cannot be forged by a model. */
export function toReplyHeaders(received: ReceivedHeaders, own: Readonly<Record<string, string>>): ReplyHeaders {
  const headers: Record<string, string | readonly string[]> = {}
  const named = toNames(received['connection'])
  for (const sent of Object.keys(received)) {
    const name = sent.toLowerCase()
    const value = received[sent]
    if (value === undefined || neverReturned.has(name) || named?.has(name)) continue
    if (name.startsWith('x-portcullis') || !isReturnable(name, value)) continue
    headers[name] = value
  }
  return Object.assign(headers, own)
}

function toNames(value: string | readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (value === undefined || value === 'keep-alive') return undefined
  const text = typeof value === 'string' ? value : value.join(',')
  return new Set(text.split(',').map((name) => name.trim().toLowerCase()))
}

function isReturnable(name: string, value: string | readonly string[]): boolean {
  if (!token.test(name) || name === '__proto__') return false
  return typeof value === 'string' ? fieldValue.test(value) : value.every((one) => fieldValue.test(one))
}
