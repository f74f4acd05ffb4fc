// Errors as MCP clients read them. A request gets a JSON-RPC error with its own id and status 200, which every SDK raises as its
// typed error; whatever has no id to answer gets an HTTP status, with the same object for whoever looks.
import type { Refusal } from '../../refusal.ts'
import type { RenderedError, RenderError } from '../protocol.ts'
import type { MessageId } from './message.ts'

const contentType = 'application/json'

/** Where no request is known: to clients 404 means that their session is gone, so it is not used for anything else. */
export function renderMcpError(refusal: Refusal): RenderedError {
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: toError(refusal) })
  return refusal.status === 404 ? { status: 400, contentType, body } : { contentType, body }
}

export function toMcpErrorOf(id: MessageId): RenderError {
  return (refusal) => ({ status: 200, contentType, body: toErrorMessage(id, refusal) })
}

export function toErrorMessage(id: MessageId, refusal: Refusal): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: toError(refusal) })
}

function toError({ code, status, message, policy, rule, retryAfterSeconds }: Refusal): object {
  return {
    code: toNumber(code, status),
    message,
    data: {
      code,
      ...(policy === undefined ? {} : { policy }),
      ...(rule === undefined ? {} : { rule }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  }
}

/** Of the range that the specification leaves to implementations; -32000 to -32002 mean other things to the SDKs. */
const refused = -32_010
const known: ReadonlyMap<string, number> = new Map([
  ['body_malformed', -32_600],
  ['bad_request', -32_600],
  ['operation_not_supported', -32_601],
])
const internal = -32_603

function toNumber(code: string, status: number): number {
  return known.get(code) ?? (status < 500 ? refused : internal)
}
