// The neutral shape of a call, between the sockets (listen/) and everything that judges and forwards. A request is read once;
// a reply is a sink with back-pressure, so that a stream costs no promise per chunk. Must not depend on fastify or undici.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** The part of an AbortSignal that is used here: a real one costs every call microseconds that few calls ever need. */
export interface CallerSignal {
  readonly aborted: boolean
  readonly addEventListener: (type: 'abort', listener: () => void) => void
  readonly removeEventListener: (type: 'abort', listener: () => void) => void
}

export interface ExchangeRequest {
  readonly method: string
  /** Decoded of nothing: the path exactly as sent, without the query. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  readonly host: string
  /** Name, value, name, value ... as they came, so that duplicates stay visible. */
  readonly rawHeaders: readonly string[]
  /** Lower-case names; values of a repeated name are joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Set when the head is one that two readers would read differently; such a call is refused before anything else. */
  readonly malformed?: string
  readonly sourceIP: string
  /** Reads the whole body; rejects with `body_too_large` as soon as the limit is passed. May be called once. */
  readonly readBody: (maxBytes: number) => Promise<Uint8Array>
  /** Fires when the caller goes away. */
  readonly signal: CallerSignal
}

export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>

/** Where a reply goes. `head` once, then `write` any number of times, then `end` or `destroy` once. */
export interface ReplySink {
  readonly head: (status: number, headers: ReplyHeaders) => void
  /** False when the caller is slower than the model: pause until `onDrain` fires. */
  readonly write: (chunk: Uint8Array) => boolean
  readonly onDrain: (resume: () => void) => void
  readonly end: (chunk?: Uint8Array) => void
  /** Cuts the connection: the caller must see a broken transfer, never a complete-looking one. */
  readonly destroy: () => void
}

/** The sockets' own objects, for the one road that carries bodies which nobody here reads. */
export interface Native {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface Exchange {
  readonly request: ExchangeRequest
  readonly reply: ReplySink
  readonly native: Native
}
