// From a denial or an error to what the caller is told, in the form that clients of the connection's protocol read.
import type { Denied, DenyReason } from '../policy/model.ts'
import type { ErrorCode } from './errors.ts'
import { GatewayError, toErrorRow } from './errors.ts'
import type { ReplySink } from './exchange.ts'
import type { LimitRefusal } from './limits/reservation.ts'
import type { OwnAnswer, RenderError } from './protocols/protocol.ts'
import type { Refusal } from './refusal.ts'

const denials: Record<DenyReason, { readonly code: ErrorCode; readonly message: string }> = {
  DeniedByRule: { code: 'policy_denied', message: 'A policy denies this request.' },
  NoRuleAllows: { code: 'policy_denied', message: 'No policy allows this request.' },
  NoPolicySelectsCaller: { code: 'policy_denied', message: 'No policy lets you call this connection.' },
  PolicyInvalid: {
    code: 'policy_unavailable',
    message: 'A policy of this connection is not valid, so every call is refused.',
  },
  SensitiveData: {
    code: 'policy_denied',
    message: 'The request holds data that a policy does not let through.',
  },
  RiskTooHigh: { code: 'policy_denied', message: 'A policy finds this request too risky.' },
  LimitExceeded: { code: 'limit_exceeded', message: 'A limit of a policy is used up.' },
  LimitUnavailable: {
    code: 'limit_unavailable',
    message: 'A limit of a policy cannot be checked now, so the call is refused.',
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

const answerDenials: Partial<Record<DenyReason, string>> = {
  EvaluationFailed: 'A rule could not be evaluated on the answer, so it is withheld.',
  RiskTooHigh: 'A policy finds the answer too risky.',
  SensitiveData: 'The answer holds data that a policy does not let through.',
}

/** Of an answer that a rule denies. */
export function toAnswerDenial(denied: Denied): Refusal {
  const message = answerDenials[denied.reason] ?? denied.message ?? 'A policy denies the answer.'
  return { ...toDenial(denied), status: toErrorRow('response_denied').status, code: 'response_denied', message }
}

/** Of an answer that is longer than what is left of a budget of tokens. */
export function toBudgetRefusal(): Refusal {
  const { code, message } = denials.LimitExceeded
  return { status: toErrorRow(code).status, code, message }
}

/** Of a call that a limit refuses. */
export function toLimitDenial({ denied, retryAfterSeconds }: LimitRefusal): Refusal {
  return { ...toDenial(denied), ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
}

export function toRefusal(error: GatewayError): Refusal {
  return { status: toErrorRow(error.code).status, code: error.code, message: error.message }
}

/** Whatever was thrown, as something a caller may see. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  return new GatewayError('internal', 'The gateway failed; its log says why under this session.', { cause: error })
}

/** How a reply of the gateway's own looks. */
export interface ReplyForm {
  readonly renderError: RenderError
  /** Session and revision. */
  readonly headers: Readonly<Record<string, string>>
}

/** Returns the length of the body. */
export function sendRefusal(reply: ReplySink, refusal: Refusal, form: ReplyForm): number {
  const rendered = form.renderError(refusal)
  const status = rendered.status ?? refusal.status
  const body = Buffer.from(rendered.body)
  const { retryAfterSeconds } = refusal
  reply.head(status, {
    ...form.headers,
    'content-type': rendered.contentType,
    'content-length': String(body.byteLength),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(retryAfterSeconds === undefined ? {} : toRetryHeaders(retryAfterSeconds)),
  })
  reply.end(body)
  return body.byteLength
}

/** SDKs wait for a minute at most and would then ask in vain; those of OpenAI and Anthropic read the second header. */
const longestWaitSeconds = 60

function toRetryHeaders(seconds: number): Readonly<Record<string, string>> {
  const after = { 'retry-after': String(seconds) }
  return seconds <= longestWaitSeconds ? after : { ...after, 'x-should-retry': 'false' }
}

/** An answer that a protocol gives itself. Returns the length of the body. */
export function sendOwn(reply: ReplySink, own: OwnAnswer, headers: ReplyForm['headers']): number {
  const { status, contentType, body } = own
  reply.head(status, {
    ...headers,
    ...(contentType === '' ? {} : { 'content-type': contentType }),
    'content-length': String(body.byteLength),
  })
  if (body.byteLength === 0) reply.end()
  else reply.end(body)
  return body.byteLength
}
