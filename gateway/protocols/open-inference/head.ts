// What the head of a v2 request says about its body: JSON alone, or a JSON head of a told length with raw tensors after it.
import { GatewayError } from '../../errors.ts'
import type { RequestHead, UpstreamRequest } from '../protocol.ts'

const lengthHeader = 'inference-header-content-length'
const types = /^application\/(?:(json)|octet-stream)[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/iu
const length = /^(?:0|[1-9][0-9]{0,9})$/

/**
 * Length of the JSON head; undefined where the whole body is JSON. Without a content type, as Triton's own Python client sends it,
 * the length alone decides, as it does for Triton.
 */
export function readHeadLength({ headers }: RequestHead): number | undefined {
  const told = headers[lengthHeader]
  assertNoTwin(headers)
  const [isKnown, json] = types.exec(headers['content-type'] ?? 'application/json') ?? []
  if (isKnown === undefined) {
    throw new GatewayError(
      'content_type_unsupported',
      'The content type must be application/json, or application/octet-stream with Inference-Header-Content-Length.',
    )
  }
  if (told === undefined && json === undefined) {
    throw new GatewayError('bad_request', 'Binary tensors need the header Inference-Header-Content-Length.')
  }
  return told === undefined ? undefined : toHeadLength(told)
}

/** Set anew, because a caller may have had it removed on the way (RFC 9110 §7.6.1), and the server would read another body. */
export function toLengthHeader(headLength: number | undefined): Pick<UpstreamRequest, 'headers'> {
  return headLength === undefined ? {} : { headers: { [lengthHeader]: String(headLength) } }
}

function toHeadLength(told: string): number {
  if (!length.test(told)) {
    throw new GatewayError('bad_request', 'Inference-Header-Content-Length must be one whole number.')
  }
  if (told === '0') {
    throw new GatewayError('bad_request', 'A raw body without a JSON head names no tensor and is not supported.')
  }
  return Number(told)
}

/** CGI-like servers would read it as the header itself. */
function assertNoTwin(headers: RequestHead['headers']): void {
  for (const name of Object.keys(headers)) {
    if (name === lengthHeader || name.replaceAll('_', '-') !== lengthHeader) continue
    throw new GatewayError('bad_request', 'Inference-Header-Content-Length is written in another way.')
  }
}
