// Which bodies a JSON operation takes: one media type, one charset, and no query but what is harmless and needed.
import { GatewayError } from '../../errors.ts'
import type { RequestHead, UpstreamRequest } from '../protocol.ts'

const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/iu

export function assertJsonBody({ headers }: RequestHead): void {
  if (isJson(headers['content-type'])) return
  throw new GatewayError('content_type_unsupported', 'The content type must be application/json.')
}

/** What `curl -d` says of whatever it sends. */
const formType = 'application/x-www-form-urlencoded'

/**
 * For servers that never look at the type, and whose manuals send JSON by `curl -d`. What goes on says what it is: the headers
 * toward the server, where the caller's would not do.
 */
export function assertJsonOfCurl(head: RequestHead): Pick<UpstreamRequest, 'headers'> {
  const type = head.headers['content-type']
  if (type === undefined || type.toLowerCase() === formType) return { headers: { 'content-type': 'application/json' } }
  assertJsonBody(head)
  return {}
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && jsonType.test(type)
}

/** What a server may take from the query (a model, a key) nobody here would have judged. */
export function assertNoQuery({ query }: RequestHead): void {
  if (query === '' || query === '?') return
  throw new GatewayError('bad_request', 'This operation takes no query parameters.')
}
