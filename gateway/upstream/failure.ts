// What undici, Node and TLS say went wrong, in the gateway's own closed codes. Messages are for callers and name no address.
import { errors } from 'undici'
import type { ErrorCode } from '../errors.ts'
import { GatewayError } from '../errors.ts'

/** `Connecting`: nothing of the call was sent yet. */
export type Phase = 'Connecting' | 'Sent'

type Row = readonly [code: ErrorCode, message: string]

const rows: Readonly<Record<string, Row>> = {
  UND_ERR_CONNECT_TIMEOUT: ['upstream_timeout', 'The model server did not accept a connection in time.'],
  UND_ERR_HEADERS_TIMEOUT: ['upstream_timeout', 'The model server did not begin its response in time.'],
  UND_ERR_BODY_TIMEOUT: ['upstream_timeout', 'The model server stopped in the middle of its response.'],
  UND_ERR_HEADERS_OVERFLOW: ['upstream_failed', 'The model server sent more headers than a response may have.'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['upstream_failed', 'The model server sent less than it announced.'],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ['response_too_large', 'The response is larger than this connection allows.'],
  UND_ERR_DESTROYED: ['shutting_down', 'The gateway is shutting down.'],
  UND_ERR_CLOSED: ['shutting_down', 'The gateway is shutting down.'],
  UND_ERR_INVALID_ARG: ['bad_request', 'The call cannot be expressed toward the model server.'],
  UND_ERR_NOT_SUPPORTED: ['bad_request', 'The call cannot be expressed toward the model server.'],
}

const unreachable: Row = ['upstream_unreachable', 'The model server cannot be reached.']
const untrusted: Row = ['upstream_unreachable', "The model server's certificate could not be verified."]
const broken: Row = ['upstream_failed', 'The model server broke off the call.']
const internal: Row = ['internal', 'The gateway failed while passing on the response.']

export function toGatewayError(error: Error, phase: Phase): GatewayError {
  if (error instanceof GatewayError) return error
  const [code, message] = toRow(error, phase)
  return new GatewayError(code, message, { cause: error })
}

function toRow(error: Error, phase: Phase): Row {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const known = code === undefined ? undefined : rows[code]
  if (known !== undefined) return known
  if (error instanceof errors.HTTPParserError) return broken
  if (phase === 'Connecting') return code !== undefined && isTrustCode(code) ? untrusted : unreachable
  // Everything from the wire has a code; an error without one was thrown by our own side of the transfer.
  return code === undefined ? internal : broken
}

/** Codes of Node's certificate verification (X509_V_ERR_*), as documented under "X509 certificate error codes". */
function isTrustCode(code: string): boolean {
  return /CERT|_CRL|SIGNATURE|_CA$|^INVALID_PURPOSE$|^HOSTNAME_MISMATCH$|^PATH_LENGTH_EXCEEDED$/.test(code)
}
