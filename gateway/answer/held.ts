// Answers of which nothing leaves before all of them was judged: every answer that is no stream, and streams where a rule asks for
// it. What passes, passes byte for byte or as the masks of the call leave it; what does not is replaced, because nothing was sent yet.
import type { ResponseFacts } from '../../policy/model.ts'
import type { GatewayError } from '../errors.ts'
import type { MaskedAnswer } from '../protocols/protocol.ts'
import { toAnswerDenial } from '../reply.ts'
import type { Gate } from './gate.ts'
import type { Head, Mode } from './mode.ts'
import { toAnswerHead, toEmptyFacts, tooMuch, toUnreadable, withoutLength } from './mode.ts'
import { maskWhole } from './outlet.ts'
import { Pieces } from './pieces.ts'
import type { Reading } from './reading.ts'
import { maxReadBytes } from './reading.ts'
import type { OpenStream } from './sink.ts'
import type { Way } from './way.ts'

export interface HeldOptions {
  readonly way: Way
  readonly gate: Gate
  readonly reading: Reading
  readonly head: Head
  /** Present where the answer is a stream of events. */
  readonly read?: OpenStream | undefined
}

export class HeldAnswer implements Mode {
  readonly #options: HeldOptions
  readonly #held = new Pieces()
  #isUnread = false

  constructor(options: HeldOptions) {
    this.#options = options
  }

  write(bytes: Uint8Array): boolean {
    const { way } = this.#options
    if (this.#isUnread) return way.reply.write(bytes)
    this.#held.push(bytes)
    if (this.#held.length > maxReadBytes) return this.#giveUp(tooMuch())
    try {
      this.#readEvents(bytes)
    } catch (error) {
      return this.#giveUp(toUnreadable(error))
    }
    return true
  }

  onDrain(resume: () => void): void {
    this.#options.way.reply.onDrain(resume)
  }

  end(): void {
    const { way, gate } = this.#options
    const facts = this.#isUnread ? undefined : this.#read()
    if (facts !== undefined) {
      way.afterwards(gate.check(facts, false), (ending) => {
        if (ending === undefined) this.#release(facts)
        else way.end({ kind: 'Denied', ending, usage: facts.usage })
      })
    } else if (!way.isOver) {
      way.reply.end()
      way.end({ kind: 'Passed' })
    }
  }

  /** Those that are whole now; without bytes, what is left. */
  #readEvents(bytes?: Uint8Array): void {
    const { read } = this.#options
    if (read === undefined) return
    for (const event of bytes === undefined ? read.stream.end() : read.stream.push(bytes)) read.outlet.add(event)
  }

  /** Undefined: it cannot be read, and what follows from that has been done. */
  #read(): ResponseFacts | undefined {
    const { reading, head, read } = this.#options
    if (this.#held.length === 0) return toEmptyFacts(head.status)
    try {
      if (read === undefined) return reading.format.readWhole(toAnswerHead(head), this.#takeHeld())
      this.#readEvents()
      return read.stream.facts()
    } catch (error) {
      this.#giveUp(toUnreadable(error))
      return undefined
    }
  }

  /** Of one piece from now on. */
  #takeHeld(): Uint8Array {
    const body = this.#held.take()
    this.#held.push(body)
    return body
  }

  /** What was only to be counted passes, and counts as unknown. */
  #giveUp(error: GatewayError): boolean {
    const { way, gate, head } = this.#options
    if (gate.acts) {
      way.cut(error)
      return true
    }
    this.#isUnread = true
    way.begin(head.status, head.headers)
    return way.reply.write(this.#held.take())
  }

  #release({ usage }: ResponseFacts): void {
    const { way, reading } = this.#options
    const masked = this.#mask()
    if (masked === undefined) return
    const denied = reading.masks?.acting?.denied
    if (denied !== undefined) {
      way.end({ kind: 'Denied', ending: { refusal: toAnswerDenial(denied), denied }, usage })
      return
    }
    this.#begin(masked)
    if (masked.body.length === 0) way.reply.end()
    else way.reply.end(masked.body)
    way.end({ kind: 'Passed', usage })
  }

  #begin({ body, headers }: MaskedAnswer): void {
    const { way, head, reading, read } = this.#options
    if (reading.masks?.acting === undefined || this.#held.length === 0) way.begin(head.status, head.headers)
    else if (read !== undefined) way.begin(head.status, withoutLength(head.headers))
    else way.begin(head.status, { ...withoutLength(head.headers), ...headers, 'content-length': String(body.length) })
  }

  /** Undefined: it cannot be masked, and was cut. */
  #mask(): MaskedAnswer | undefined {
    const { way, reading, head, read } = this.#options
    const { masks, format } = reading
    const held = this.#takeHeld()
    if (masks === undefined || held.length === 0) return { body: held, headers: {} }
    try {
      if (read === undefined) return maskWhole(masks, format, { head: toAnswerHead(head), body: held })
      return { body: Buffer.concat([read.outlet.release(), read.outlet.end()]), headers: {} }
    } catch (error) {
      way.cut(toUnreadable(error))
      return undefined
    }
  }
}
