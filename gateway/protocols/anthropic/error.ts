// Errors as Anthropic's SDKs read them: `error.type` and `error.message`, and under `error.details` what they keep for programs
// (`errorCode` is its `error_code`).
import type { Refusal } from '../../refusal.ts'
import type { RenderedError } from '../protocol.ts'

export function renderAnthropicError(refusal: Refusal): RenderedError {
  return { contentType: 'application/json; charset=utf-8', body: toErrorBody(refusal) }
}

/** Also the data of the event that ends a stream. */
export function toErrorBody({ status, code, message, policy, rule }: Refusal): string {
  const details = {
    error_code: code,
    ...(policy === undefined ? {} : { policy }),
    ...(rule === undefined ? {} : { rule }),
  }
  return JSON.stringify({ type: 'error', error: { type: toType(status), message, details } })
}

const types: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
])

function toType(status: number): string {
  return types.get(status) ?? (status < 500 ? 'invalid_request_error' : 'api_error')
}
