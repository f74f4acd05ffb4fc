// What an inference protocol must tell the gateway: which operation a request asks for, what a model would read in it, what goes on
// to the model server, how the answer is read, and how its clients read errors. Each protocol is pure: bytes in, facts and bytes
// out. What it throws is a GatewayError; a request that it does not know is refused, never passed.
import type { InferenceFacts, ResponseFacts } from '../../policy/model.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import type { Refusal } from '../refusal.ts'

export interface RequestHead {
  readonly method: string
  /** What follows the route's prefix, starting with a slash. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** Made once for each connection and snapshot; what it works out from the declaration it may keep. */
export interface Protocol {
  /**
   * Looks at the head alone. Throws `operation_not_supported`, `content_type_unsupported`, `bad_request` (a query that nobody
   * judges), `model_not_found` where the path names the model.
   */
  readonly plan: (head: RequestHead) => RequestPlan
  readonly renderError: RenderError
}

export interface RequestPlan {
  /** False: a body that is sent all the same is refused before `read`, which then gets no bytes. */
  readonly takesBody: boolean
  /** The body is whole, within its limit, and decoded of its content encoding. Throws `body_malformed`, `model_not_found`. */
  readonly read: (body: Uint8Array) => ReadRequest
}

export interface ReadRequest {
  readonly facts: InferenceFacts
  readonly upstream: UpstreamRequest
  readonly answer: AnswerFormat
  /**
   * `upstream` with every text that a model would read masked: text, names of fields, numbers as they are written. Whatever no mask
   * touches stays byte for byte; the very same `upstream` when nothing was found. May be called several times. Absent: there is no text.
   * Throws `masking_unavailable`: a mask is about what cannot be masked, or a form would have other parts than were judged.
   */
  readonly mask?: (masks: TextMasks) => UpstreamRequest
  /** Given by the gateway itself once the call is permitted; nothing goes to the model server then. */
  readonly ownAnswer?: OwnAnswer
  /** For protocols whose errors name the request, such as JSON-RPC. Absent: the protocol's own. */
  readonly renderError?: RenderError
}

export interface UpstreamRequest {
  /** What follows the endpoint's base path. */
  readonly path: string
  readonly query: string
  /** The very bytes that came, unless the model was renamed. Absent: the call has no body. */
  readonly body?: Uint8Array
  /** Lower-case; replace what the caller sent. Only for headers that describe the body. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface OwnAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

export interface AnswerHead {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** How the answer to one request is read. It may be asked to read any status: errors of model servers hold text too. */
export interface AnswerFormat {
  /** Throws AnswerUnreadable. */
  readonly readWhole: (head: AnswerHead, body: Uint8Array) => ResponseFacts
  /** Undefined: an answer with this head is no stream of events. */
  readonly openStream: (head: AnswerHead) => AnswerStream | undefined
  /**
   * The body that `readWhole` has read, with its texts masked, and what tells them in another way (tokens, their ids) blanked. Throws
   * AnswerUnreadable: a mask is about what cannot be masked.
   */
  readonly maskWhole?: (head: AnswerHead, body: Uint8Array, masks: TextMasks) => Uint8Array | MaskedAnswer
  /** Beside an AnswerStream of the same head. Undefined where `openStream` gives none. */
  readonly openMask?: (head: AnswerHead, masks: TextMasks) => StreamMask | undefined
}

/** Where a header describes the body, and must follow it. */
export interface MaskedAnswer {
  readonly body: Uint8Array
  /** Lower-case; replace what the model server sent. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Masks a stream event by event. Texts go on as far as they are certain: what a choice holds back leaves before the event that ends it,
 * and what is left at the end as events of the protocol. The outcome does not depend on how text was cut into events.
 */
export interface StreamMask {
  /** One whole event as AnswerStream gave it, or what AnswerStream closed with; what goes on, which may be nothing. */
  readonly push: (event: Uint8Array) => Uint8Array
  /**
   * For an event that differs from the one before in its text alone: what `push` would give. AnswerStream may do without such events, as
   * long as nobody asks for facts. Undefined: it is not known to be one, and nothing was done.
   */
  readonly again?: (event: Uint8Array) => Uint8Array | undefined
  /** What is still held. Also of a stream that breaks off. */
  readonly end: () => Uint8Array
}

/** A stream of events on its way. It sees every byte, in whatever pieces; the outcome does not depend on the pieces. */
export interface AnswerStream {
  /** The events that are whole now, each exactly as it came, in order. Throws AnswerUnreadable. */
  readonly push: (bytes: Uint8Array) => readonly Uint8Array[]
  /** What was left when the model server ended. Throws AnswerUnreadable. */
  readonly end: () => readonly Uint8Array[]
  /** Of all events that `push` and `end` returned so far. */
  readonly facts: () => ResponseFacts
  /**
   * What is sent in place of the rest, so that clients read a proper end; called between two events. Called right after `facts`,
   * nothing that came since the `facts` before them has been sent.
   */
  readonly close: (ending: Ending) => Uint8Array
  /**
   * What came so far has been sent without anybody asking for its facts. Absent: what a refusal closes with does not depend on that.
   */
  readonly sent?: () => void
}

/** `BudgetSpent`: as if the model had met its own limit of tokens. */
export type Ending = { readonly kind: 'Refused'; readonly refusal: Refusal } | { readonly kind: 'BudgetSpent' }

export interface RenderedError {
  /** Absent: the refusal's own. */
  readonly status?: number
  readonly contentType: string
  readonly body: string
}

export type RenderError = (refusal: Refusal) => RenderedError

/** An answer that cannot be judged. The message names what is wrong and quotes nothing. */
export class AnswerUnreadable extends Error {
  override readonly name = 'AnswerUnreadable'
}
