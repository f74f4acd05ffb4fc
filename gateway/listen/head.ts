// The head of a request, as everything behind the sockets sees it. What two readers could read differently is said here, and
// refused before anything else is looked at.
import type { ExchangeRequest } from '../exchange.ts'

type Head = Pick<ExchangeRequest, 'path' | 'query' | 'headers' | 'malformed'>

/** Beyond this a head is no longer one that servers agree on: many drop what is too much without a word. */
export const maxHeaders = 200

/** Headers that must stand alone. */
const single = new Set(['content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'host', 'expect'])

export function readHead(target: string, rawHeaders: readonly string[]): Head {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark)
  const { headers, malformed = findTargetProblem(path) } = readHeaders(rawHeaders)
  return { path, query, headers, ...(malformed === undefined ? {} : { malformed }) }
}

/** What RFC 3986 lets stand in a path, without `;`, behind which some servers see parameters and others a part of the name. */
const plainPath = /^\/[\w.~!$&'()*+,=:@/%-]*$/u

/** `%61` is `a` to one reader and three characters to the next; only what must be encoded may be. */
const needlessEncoding = /%(?:[46][1-9a-f]|[57][0-9a]|3[0-9]|2d|5f|7e|(?![0-9a-f]{2}))/iu

/** A rule about `/admin` must not be passed by `/%61dmin`, nor a host by `http://other/path`. */
function findTargetProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'The target of a call must be a path.'
  if (!plainPath.test(path)) return 'The path has characters that not every server reads alike; encode them.'
  if (!path.includes('%') || !needlessEncoding.test(path)) return undefined
  return 'The path encodes characters that need no encoding, or is not encoded as it must be.'
}

type Headers = Pick<Head, 'headers' | 'malformed'>

function readHeaders(rawHeaders: readonly string[]): Headers {
  // Without a prototype, `constructor` and `__proto__` are names like any other.
  const headers: Record<string, string> = Object.create(null)
  if (rawHeaders.length > maxHeaders * 2) return { headers, malformed: `More than ${maxHeaders} headers.` }
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    const known = headers[name]
    if (known === undefined) headers[name] = value
    else if (single.has(name)) return { headers, malformed: `The header ${name} stands twice.` }
    else headers[name] = `${known}, ${value}`
  }
  const coding = headers['transfer-encoding']
  if (coding === undefined || coding.toLowerCase() === 'chunked') return { headers }
  return { headers, malformed: 'The only transfer encoding of a body is chunked.' }
}
