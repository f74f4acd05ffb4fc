// Errors as OpenAI's SDKs read them: `error.message`, `type` and `code`. Clients of no particular protocol read the same object.
import type { JsonObject } from '../../../policy/model.ts'
import type { Refusal } from '../../refusal.ts'
import type { RenderedError } from '../protocol.ts'

export function renderOpenAIError(refusal: Refusal): RenderedError {
  return {
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify({ error: toErrorObject(refusal) }),
  }
}

export function toErrorObject({ status, code, message, policy, rule }: Refusal): JsonObject {
  const details = { ...(policy === undefined ? {} : { policy }), ...(rule === undefined ? {} : { rule }) }
  return { message, type: toType(status), param: null, code, ...details }
}

function toType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}
