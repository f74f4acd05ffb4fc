// Headers under masks: what a caller writes into one reaches the model server as surely as its body does, and the other way round.
import type { Start } from '../../policy/masking/framing/place.ts'
import type { ReplyHeaders } from '../exchange.ts'
import { mayReachModel } from '../upstream/headers.ts'

/** Words of HTTP that the gateway has read itself: changed, they would no longer say what the body is. */
const structure: ReadonlySet<string> = new Set(['content-type', 'content-encoding'])

/** Name, value, name, value ...; the very same list when nothing was found. */
export function maskHeaders(rawHeaders: readonly string[], start: Start): readonly string[] {
  const masked: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (!mayReachModel(name.toLowerCase())) masked.push(name, value)
    // A header by another name is another header.
    else if (maskText(start, '*', name) === name) masked.push(name, maskValue(name.toLowerCase(), value, start))
  }
  return masked.length === rawHeaders.length && masked.every((one, i) => one === rawHeaders[i]) ? rawHeaders : masked
}

/** Of an answer. What frames the body, names the session or is the gateway's own stays. */
export function maskReplyHeaders(headers: ReplyHeaders, start: Start): ReplyHeaders {
  const masked = Object.entries(headers).flatMap(([name, value]) => {
    if (framing.has(name) || name.startsWith('x-portcullis-')) return [[name, value] as const]
    if (maskText(start, '*', name) !== name) return []
    const written =
      typeof value === 'string' ? maskValue(name, value, start) : value.map((one) => maskValue(name, one, start))
    return [[name, written] as const]
  })
  return Object.fromEntries(masked)
}

const framing: ReadonlySet<string> = new Set([
  'content-length',
  'date',
  'age',
  'retry-after',
  'inference-header-content-length',
  'mcp-session-id',
])

function maskValue(name: string, value: string, start: Start): string {
  if (structure.has(name) || (name === 'traceparent' && traceParent.test(value))) return value
  const text = decode(value)
  const masked = maskText(start, name, text)
  return masked === text ? value : encode(masked)
}

/** W3C Trace Context: numbers that programs drew, some of which look like anything. */
const traceParent = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/u

function maskText(start: Start, name: string, text: string): string {
  const masker = start({ key: name === '*' ? undefined : name, path: () => toPath(name) })
  return masker.push(text) + masker.end()
}

/** No pointer into a body begins like this. */
function toPath(name: string): string {
  return /^[a-z-]{1,64}$/u.test(name) ? `header:${name}` : 'header:*'
}

/** Headers come as Latin-1, one unit for each byte; most who write other letters into them mean UTF-8. */
function decode(value: string): string {
  if (!/[\x80-\xff]/u.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function encode(text: string): string {
  return Buffer.from(text).toString('latin1')
}
