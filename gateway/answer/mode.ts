// What the ways of passing an answer on have in common, and how an answer that cannot be read is told of.
import type { Json, ResponseFacts } from '../../policy/model.ts'
import { GatewayError } from '../errors.ts'
import type { ReplyHeaders } from '../exchange.ts'
import type { AnswerHead } from '../protocols/protocol.ts'
import { AnswerUnreadable } from '../protocols/protocol.ts'
import { maxReadBytes } from './reading.ts'

/** Takes the body of an answer whose head was looked at. */
export interface Mode {
  /** False: pause until `onDrain` says otherwise. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly onDrain: (resume: () => void) => void
  readonly end: () => void
  /** The model server broke off: what is held and may leave does. */
  readonly flush?: () => void
}

export interface Head {
  readonly status: number
  readonly headers: ReplyHeaders
}

export function toAnswerHead({ status, headers }: Head): AnswerHead {
  const single: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    single[name] = typeof value === 'string' ? value : value.join(', ')
  return { status, headers: single }
}

/** Of a stream that may be ended early or masked, or of a body that was changed: neither has the length or the digest of the original. */
export function withoutLength(headers: ReplyHeaders): ReplyHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !boundToBytes.has(name)))
}

const boundToBytes: ReadonlySet<string> = new Set([
  'content-length',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'accept-ranges',
])

const nothing: Json = null

/** An answer without a body is the same in every protocol. */
export function toEmptyFacts(status: number): ResponseFacts {
  return { status, text: '', toolCalls: [], finishReason: '', outputs: [], fields: {}, body: nothing }
}

/** Anything else that was thrown is a mistake, and rises. */
export function toUnreadable(error: unknown): GatewayError {
  if (!(error instanceof AnswerUnreadable)) throw error
  return new GatewayError('response_unreadable', `The answer cannot be judged: ${error.message}`, { cause: error })
}

export function tooMuch(): GatewayError {
  return new GatewayError(
    'response_too_large',
    `The answer is larger than the ${maxReadBytes} bytes that rules can judge.`,
  )
}
