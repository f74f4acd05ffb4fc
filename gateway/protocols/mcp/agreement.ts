// Headers that repeat what the body says (since revision 2026-07-28). A server or a proxy may act on the header where the body was
// judged, so both must agree; and a revision that is not known here may mean something else by the same words.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { toText } from '../media/media.ts'
import type { RequestHead } from '../protocol.ts'
import type { Message } from './message.ts'
import { revisions, subjectOf } from './methods.ts'

type Headers = RequestHead['headers']

const versionHeader = 'mcp-protocol-version'
const methodHeader = 'mcp-method'
const nameHeader = 'mcp-name'
const paramPrefix = 'mcp-param-'

export function assertKnownRevision(headers: Headers): void {
  for (const version of valuesOf(headers, versionHeader)) {
    if (!revisions.includes(version)) throw disagrees(`MCP-Protocol-Version must be one of ${revisions.join(', ')}.`)
  }
}

/** Throws `bad_request`, and says which header. */
export function assertAgreement(headers: Headers, { method, params }: Message): void {
  const version = toVersion(params)
  for (const value of valuesOf(headers, versionHeader)) {
    if (version !== undefined && version !== value) {
      throw disagrees('MCP-Protocol-Version is not the revision that the body names.')
    }
  }
  for (const value of valuesOf(headers, methodHeader)) {
    if (value !== method) throw disagrees('Mcp-Method is not the method of the body.')
  }
  const subject = subjectOf(method)
  for (const value of valuesOf(headers, nameHeader)) {
    const named = subject === undefined ? undefined : params[subject]
    if (decode(value) !== named) throw disagrees('Mcp-Name is not what the body names.')
  }
  assertParamHeaders(headers, params['arguments'] ?? null)
}

/**
 * What the headers say that repeat something which a mask has changed: the same as the body that is sent. `masked` are its parameters.
 */
export function agreeAgain(headers: Headers, { method, params }: Message, masked: JsonObject): Record<string, string> {
  const name = masked[subjectOf(method) ?? '']
  const before = listValues(params['arguments'] ?? null)
  const after = listValues(masked['arguments'] ?? null)
  const toSaid = (header: string, said: string): string | undefined => {
    if (header === nameHeader) return typeof name === 'string' ? name : ''
    return header.startsWith(paramPrefix) ? repeatAgain(said, before, after) : undefined
  }
  const again: Record<string, string> = {}
  for (const [header, value] of Object.entries(headers)) {
    const said = decode(value ?? '')
    const now = said === undefined ? undefined : toSaid(plain(header), said)
    if (now !== undefined && now !== said) again[header] = encode(now)
  }
  return again
}

/** Where several arguments have the value, the schema alone says which is repeated: the one that was masked shows nothing. */
function repeatAgain(said: string, before: readonly Plain[], after: readonly Plain[]): string {
  if (countSame(before, said) === countSame(after, said)) return said
  return String(after[before.findIndex((one, i) => isSame(one, said) && !isSame(after[i] ?? '', said))] ?? '')
}

function countSame(values: readonly Plain[], said: string): number {
  return values.filter((one) => isSame(one, said)).length
}

/** Which argument a header repeats, the tool's schema alone says; one that repeats none of them is wrong for every schema. */
function assertParamHeaders(headers: Headers, given: Json): void {
  const repeated = Object.keys(headers).filter((name) => plain(name).startsWith(paramPrefix))
  if (repeated.length === 0) return
  const values = isJsonObject(given) ? listValues(given) : []
  for (const name of repeated) {
    const value = decode(headers[name] ?? '')
    if (value === undefined || !values.some((one) => isSame(one, value))) {
      throw disagrees('A header Mcp-Param is not the value of an argument of the body.')
    }
  }
}

type Plain = string | number | boolean

/** Integers are compared as numbers (the specification’s server validation). */
function isSame(value: Plain, header: string): boolean {
  return String(value) === header || (typeof value === 'number' && header.trim() !== '' && Number(header) === value)
}

/** Neither lists nor null can be repeated in a header. */
function listValues(given: Json): readonly Plain[] {
  if (typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean') return [given]
  return isJsonObject(given) ? Object.values(given).flatMap(listValues) : []
}

function toVersion(params: JsonObject): Json | undefined {
  const meta = params['_meta']
  return isJsonObject(meta) ? meta['io.modelcontextprotocol/protocolVersion'] : undefined
}

const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/u

/** Printable ASCII, and nothing that would be decoded or trimmed. */
const plainValue = /^(?! )(?!=\?base64\?)[\x20-\x7e]*(?<! )$/u

function encode(value: string): string {
  return plainValue.test(value) ? value : `=?base64?${new TextEncoder().encode(value).toBase64()}?=`
}

/** Undefined: encoded in a way that nobody can read. */
function decode(value: string): string | undefined {
  const [, base64] = encoded.exec(value) ?? []
  if (base64 === undefined) return value
  if (base64.length % 4 !== 0) return undefined
  return toText(Uint8Array.fromBase64(base64))
}

/** CGI-like servers read `mcp_name` and `mcp-name` as one. */
function valuesOf(headers: Headers, wanted: string): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    plain(name) === wanted && value !== undefined ? [value] : [],
  )
}

function plain(name: string): string {
  return name.includes('_') ? name.replaceAll('_', '-') : name
}

function disagrees(message: string): GatewayError {
  return new GatewayError('bad_request', message)
}
