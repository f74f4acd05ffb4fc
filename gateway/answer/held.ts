// Answers of which nothing leaves before all of them was judged: every answer that is no stream, and streams where a rule asks for
// it. What passes, passes byte for byte; what does not is replaced, because nothing was sent yet.
import type { ResponseFacts } from '../../policy/model.ts'
import type { GatewayError } from '../errors.ts'
import type { AnswerStream } from '../protocols/protocol.ts'
import type { Gate } from './gate.ts'
import type { Head, Mode } from './mode.ts'
import { toAnswerHead, toEmptyFacts, tooMuch, toUnreadable } from './mode.ts'
import { Pieces } from './pieces.ts'
import type { Reading } from './reading.ts'
import { maxReadBytes } from './reading.ts'
import type { Way } from './way.ts'

export interface HeldOptions {
  readonly way: Way
  readonly gate: Gate
  readonly format: Reading['format']
  readonly head: Head
  /** Present where the answer is a stream of events. */
  readonly stream?: AnswerStream | undefined
}

export class HeldAnswer implements Mode {
  readonly #options: HeldOptions
  readonly #held = new Pieces()
  #isUnread = false

  constructor(options: HeldOptions) {
    this.#options = options
  }

  write(bytes: Uint8Array): boolean {
    const { way, stream } = this.#options
    if (this.#isUnread) return way.reply.write(bytes)
    this.#held.push(bytes)
    if (this.#held.length > maxReadBytes) return this.#giveUp(tooMuch())
    try {
      stream?.push(bytes)
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

  /** Undefined: it cannot be read, and what follows from that has been done. */
  #read(): ResponseFacts | undefined {
    const { format, head, stream } = this.#options
    if (this.#held.length === 0) return toEmptyFacts(head.status)
    try {
      if (stream === undefined) {
        const body = this.#held.take()
        this.#held.push(body)
        return format.readWhole(toAnswerHead(head), body)
      }
      stream.end()
      return stream.facts()
    } catch (error) {
      this.#giveUp(toUnreadable(error))
      return undefined
    }
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
    const { way, head } = this.#options
    way.begin(head.status, head.headers)
    if (this.#held.length === 0) way.reply.end()
    else way.reply.end(this.#held.take())
    way.end({ kind: 'Passed', usage })
  }
}
