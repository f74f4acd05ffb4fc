// The path toward the model is the endpoint's base path and what followed the route's prefix, byte for byte. Routing refuses
// ambiguous paths already; this is the last look, so that no road reaches above the base path.
import { GatewayError } from '../errors.ts'

/** Dot segments, encoded or not, empty segments, encoded slashes and backslashes: read differently by different servers. */
const ambiguous = /\/\/|\/\.{1,2}(?:[/;]|$)|\\|%(?:2e|2f|5c|00|25)|[?#]|[^\x21-\x7e]/iu
const badQuery = /[^\x21-\x7e]|#/

/** An empty path is the endpoint's own address. */
export function assertPlainPath(path: string, query: string): void {
  if ((path === '' || path.startsWith('/')) && !ambiguous.test(path) && !badQuery.test(query)) return
  throw new GatewayError('bad_request', 'The path is not one that every server reads alike.')
}
