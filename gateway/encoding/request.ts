// Compressed request bodies: decoded before anything looks at them, and sent on decoded, so that what is judged is what is sent.
import { GatewayError } from '../errors.ts'
import type { Coding } from './codings.ts'
import { decodeWhole, toCoding } from './codings.ts'

/**
 * A body may grow this many times. Prompts compress to a tenth, endless repetition to a thousandth: who sends that wants the
 * gateway to work, not the model.
 */
export const maxExpansion = 100
/** Small bodies may grow up to here whatever their ratio. */
export const freeExpansionBytes = 1024 * 1024

/** Known before the body is read: what cannot be decoded need not be sent. */
export function readCoding(header: string | undefined): Coding | 'identity' {
  const coding = toCoding(header)
  if (coding !== undefined) return coding
  throw new GatewayError(
    'content_encoding_unsupported',
    'A body may be compressed once, with gzip, deflate, br or zstd.',
  )
}

/** `maxBytes` is what the connection takes: it holds for the body as it came and as it becomes. */
export async function decodeBody(coding: Coding, body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const allowed = Math.min(maxBytes, Math.max(freeExpansionBytes, body.byteLength * maxExpansion))
  return decodeWhole(coding, body, allowed).catch((cause: unknown) => {
    throw isTooLarge(cause) ? tooLarge(maxBytes, allowed, cause) : malformed(cause)
  })
}

/** The body goes on as it is judged; a header that says otherwise, in either spelling that servers read, would be a lie. */
export function withoutCoding(rawHeaders: readonly string[]): readonly string[] {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (isCodingHeader(rawHeaders[i])) return rawHeaders.filter((_, at) => !isCodingHeader(rawHeaders[at - (at % 2)]))
  }
  return rawHeaders
}

function isCodingHeader(name = ''): boolean {
  return name.length === 'content-encoding'.length && name.toLowerCase().replace('_', '-') === 'content-encoding'
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
}

function tooLarge(maxBytes: number, allowed: number, cause: unknown): GatewayError {
  const why =
    allowed < maxBytes
      ? `The compressed body grows more than ${maxExpansion} times.`
      : `The body is larger than the ${maxBytes} bytes this connection takes.`
  return new GatewayError('body_too_large', why, { cause })
}

function malformed(cause: unknown): GatewayError {
  const message = 'The body is not what its content encoding says, or not all of it.'
  return new GatewayError('body_malformed', message, { cause })
}
