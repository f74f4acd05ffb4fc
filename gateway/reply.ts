// Refusals in the caller's language. OpenAI's SDKs read `error.message`, `type` and `code`; other clients read the same object.
// The text is ours or the policy author's, never the caller's.
import type { Denied, DenyReason } from '../policy/model.ts'
import type { ErrorCode } from './errors.ts'
import { GatewayError, toErrorRow } from './errors.ts'
import type { ReplySink } from './exchange.ts'

interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
  /** `policy` and `rule` help the caller's team to find what to ask for. */
  readonly policy?: string
  readonly rule?: string
}

const denials: Record<DenyReason, { readonly code: ErrorCode; readonly message: string }> = {
  DeniedByRule: { code: 'policy_denied', message: 'A policy denies this request.' },
  NoRuleAllows: { code: 'policy_denied', message: 'No policy allows this request.' },
  NoPolicySelectsCaller: { code: 'policy_denied', message: 'No policy lets you call this connection.' },
  PolicyInvalid: {
    code: 'policy_unavailable',
    message: 'A policy of this connection is not valid, so every call is refused.',
  },
  EvaluationFailed: {
    code: 'policy_denied',
    message: 'A rule could not be evaluated on this request, so it is refused.',
  },
  ConnectionPaused: { code: 'connection_paused', message: 'This connection is paused.' },
  ConnectionInvalid: { code: 'policy_unavailable', message: 'This connection is not valid, so every call is refused.' },
}

export function toDenialCode(denied: Denied): ErrorCode {
  return denials[denied.reason].code
}

export function toDenial(denied: Denied): Refusal {
  const { code, message } = denials[denied.reason]
  return {
    status: toErrorRow(code).status,
    code,
    message: denied.reason === 'DeniedByRule' ? (denied.message ?? message) : message,
    ...(denied.policy === undefined ? {} : { policy: denied.policy }),
    ...(denied.rule === undefined || denied.rule === '' ? {} : { rule: denied.rule }),
  }
}

export function toRefusal(error: GatewayError): Refusal {
  return { status: toErrorRow(error.code).status, code: error.code, message: error.message }
}

/** Whatever was thrown, as something a caller may see. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  return new GatewayError('internal', 'The gateway failed; its log says why under this session.', { cause: error })
}

/** Returns the length of the body. */
export function sendRefusal(reply: ReplySink, refusal: Refusal, headers: Readonly<Record<string, string>>): number {
  const { status, code, message, policy, rule } = refusal
  const details = { ...(policy === undefined ? {} : { policy }), ...(rule === undefined ? {} : { rule }) }
  const body = Buffer.from(JSON.stringify({ error: { message, type: toType(status), param: null, code, ...details } }))
  reply.head(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.byteLength),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  })
  reply.end(body)
  return body.byteLength
}

function toType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}
