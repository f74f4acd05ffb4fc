// Everything that can go wrong with a call except a policy's denial (a denial is a decision, see policy/model.ts). One closed
// list of codes and one table: status, whether the caller may retry, how loudly to log. The message is shown to callers and
// written by us: it never contains a body, a header's value or a token. `cause` is for logs alone.

export type ErrorCode =
  | 'bundle_missing'
  | 'bad_request'
  | 'request_timeout'
  | 'body_malformed'
  | 'body_too_large'
  | 'headers_too_large'
  | 'content_type_unsupported'
  | 'content_encoding_unsupported'
  | 'route_not_found'
  | 'operation_not_supported'
  | 'model_not_found'
  | 'credentials_missing'
  | 'credentials_ambiguous'
  | 'token_invalid'
  | 'token_expired'
  | 'token_not_accepted'
  | 'groups_unresolved'
  | 'identity_unavailable'
  | 'policy_denied'
  | 'policy_unavailable'
  | 'connection_paused'
  | 'too_many_calls'
  | 'limit_exceeded'
  | 'limit_unavailable'
  | 'credential_unavailable'
  | 'masking_unavailable'
  | 'upstream_forbidden'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'upstream_failed'
  | 'response_too_large'
  | 'response_denied'
  | 'response_unreadable'
  | 'record_unwritable'
  | 'shutting_down'
  | 'client_closed'
  | 'internal'

export interface ErrorRow {
  readonly status: number
  readonly log: 'info' | 'warn' | 'error'
}

const rows: Record<ErrorCode, ErrorRow> = {
  bundle_missing: { status: 503, log: 'error' },
  bad_request: { status: 400, log: 'info' },
  request_timeout: { status: 408, log: 'info' },
  body_malformed: { status: 400, log: 'info' },
  body_too_large: { status: 413, log: 'info' },
  headers_too_large: { status: 431, log: 'info' },
  content_type_unsupported: { status: 415, log: 'info' },
  content_encoding_unsupported: { status: 415, log: 'info' },
  route_not_found: { status: 404, log: 'info' },
  operation_not_supported: { status: 404, log: 'info' },
  model_not_found: { status: 404, log: 'info' },
  credentials_missing: { status: 401, log: 'info' },
  credentials_ambiguous: { status: 401, log: 'info' },
  token_invalid: { status: 401, log: 'info' },
  token_expired: { status: 401, log: 'info' },
  token_not_accepted: { status: 401, log: 'info' },
  groups_unresolved: { status: 403, log: 'warn' },
  identity_unavailable: { status: 503, log: 'error' },
  policy_denied: { status: 403, log: 'info' },
  policy_unavailable: { status: 503, log: 'error' },
  connection_paused: { status: 503, log: 'info' },
  too_many_calls: { status: 429, log: 'info' },
  limit_exceeded: { status: 429, log: 'info' },
  limit_unavailable: { status: 503, log: 'error' },
  credential_unavailable: { status: 503, log: 'error' },
  masking_unavailable: { status: 503, log: 'error' },
  upstream_forbidden: { status: 502, log: 'error' },
  upstream_unreachable: { status: 502, log: 'warn' },
  upstream_timeout: { status: 504, log: 'warn' },
  upstream_failed: { status: 502, log: 'warn' },
  response_too_large: { status: 502, log: 'warn' },
  response_denied: { status: 403, log: 'info' },
  response_unreadable: { status: 502, log: 'warn' },
  record_unwritable: { status: 503, log: 'error' },
  shutting_down: { status: 503, log: 'info' },
  client_closed: { status: 499, log: 'info' },
  internal: { status: 500, log: 'error' },
}

export const errorCodes: readonly ErrorCode[] = Object.keys(rows).filter(isErrorCode)

export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function toErrorRow(code: ErrorCode): ErrorRow {
  return rows[code]
}

function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(rows, value)
}
