// Which bodies a JSON operation takes: one media type, one charset, and no query but what is harmless and needed.
import { GatewayError } from '../../errors.ts'
import type { RequestHead } from '../protocol.ts'

const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/iu

export function assertJsonBody({ headers }: RequestHead): void {
  const type = headers['content-type']
  if (type !== undefined && jsonType.test(type)) return
  throw new GatewayError('content_type_unsupported', 'The content type must be application/json.')
}

/** What a server may take from the query (a model, a key) nobody here would have judged. */
export function assertNoQuery({ query }: RequestHead): void {
  if (query === '' || query === '?') return
  throw new GatewayError('bad_request', 'This operation takes no query parameters.')
}
