// Where the model server's answer goes when rules or limits need it: by its head it is held or goes on as it is judged.
import type { GatewayError } from '../errors.ts'
import type { ReplyHeaders } from '../exchange.ts'
import { toCoding } from '../encoding/codings.ts'
import type { AnswerStream } from '../protocols/protocol.ts'
import { AnswerUnreadable } from '../protocols/protocol.ts'
import { GatedStream } from './gated.ts'
import { maskReplyHeaders } from '../masking/headers.ts'
import { toAnswerDenial } from '../reply.ts'
import type { Gate } from './gate.ts'
import { HeldAnswer } from './held.ts'
import type { Head, Mode } from './mode.ts'
import { toAnswerHead, toUnreadable, withoutLength } from './mode.ts'
import type { Outlet } from './outlet.ts'
import { MaskedOutlet, PlainOutlet } from './outlet.ts'
import type { AnswerReader, Reading } from './reading.ts'
import type { Way } from './way.ts'

export interface OpenStream {
  readonly stream: AnswerStream
  readonly outlet: Outlet
}

export class AnswerSink implements AnswerReader {
  readonly #reading: Reading
  readonly #gate: Gate
  readonly #way: Way
  #mode: Mode | undefined

  constructor(reading: Reading, gate: Gate, way: Way) {
    this.#reading = reading
    this.#gate = gate
    this.#way = way
  }

  head(status: number, headers: ReplyHeaders): void {
    this.#way.guard(undefined, () => {
      this.#mode = this.#openMasked({ status, headers })
    })
  }

  write(bytes: Uint8Array): boolean {
    return this.#way.guard(true, () => this.#mode?.write(bytes) ?? true)
  }

  onDrain(resume: () => void): void {
    this.#mode?.onDrain(resume)
  }

  end(): void {
    this.#way.isComplete = true
    this.#way.guard(undefined, () => this.#mode?.end())
  }

  destroy(): void {
    this.#way.guard(undefined, () => this.#mode?.flush?.())
    this.#way.cut()
  }

  fail(error: GatewayError): void {
    this.#way.cut(error)
  }

  /** Headers of the model server are texts like others, once the masks of the call act. */
  #openMasked(head: Head): Mode | undefined {
    const run = this.#reading.masks?.acting
    if (run === undefined) return this.#open(head)
    const masked = maskReplyHeaders(head.headers, run.start)
    const { denied } = run
    if (denied === undefined) return this.#open({ ...head, headers: masked })
    this.#way.end({ kind: 'Denied', ending: { refusal: toAnswerDenial(denied), denied } })
    return undefined
  }

  #open(head: Head): Mode | undefined {
    const way = this.#way
    const gate = this.#gate
    if (isUnknownCoding(head)) return this.#passUnread(head)
    const read = this.#openStream(head)
    if (read === undefined || this.#isHeld) return new HeldAnswer({ way, gate, reading: this.#reading, head, read })
    way.begin(head.status, withoutLength(head.headers))
    return new GatedStream({ way, gate, ...read })
  }

  get #isHeld(): boolean {
    const { judge } = this.#reading
    return judge?.acts === true && judge.manner === 'Hold'
  }

  /** Undefined: it is no stream of events. */
  #openStream(head: Head): OpenStream | undefined {
    const { format, masks } = this.#reading
    const answerHead = toAnswerHead(head)
    const stream = format.openStream(answerHead)
    if (stream === undefined) return undefined
    if (masks === undefined) return { stream, outlet: new PlainOutlet() }
    try {
      return { stream, outlet: new MaskedOutlet(masks, format, answerHead) }
    } catch (error) {
      throw toUnreadable(error)
    }
  }

  #passUnread({ status, headers }: Head): Mode | undefined {
    const way = this.#way
    if (this.#gate.acts) {
      way.cut(toUnreadable(new AnswerUnreadable('its content encoding is not known here.')))
      return undefined
    }
    way.begin(status, headers)
    const { reply } = way
    return {
      write: (bytes) => reply.write(bytes),
      onDrain: (resume) => reply.onDrain(resume),
      end: () => {
        reply.end()
        way.end({ kind: 'Passed' })
      },
    }
  }
}

/** What is known was decoded before it came here. */
export function isUnknownCoding({ headers }: Head): boolean {
  const named = headers['content-encoding']
  return named !== undefined && toCoding(typeof named === 'string' ? named : named.join(', ')) !== 'identity'
}
