// What policies in mode Audit would have said about an answer or found in it, and what it cost. It reads along and never changes, delays or ends
// anything; what it cannot read it gives up on.
import type { ResponseFacts, Usage } from '../../policy/model.ts'
import type { ReplyHeaders } from '../exchange.ts'
import type { AnswerHead, AnswerStream, StreamMask } from '../protocols/protocol.ts'
import { AnswerUnreadable } from '../protocols/protocol.ts'
import type { Gate } from './gate.ts'
import type { Head } from './mode.ts'
import { toAnswerHead, toEmptyFacts } from './mode.ts'
import { maskWhole } from './outlet.ts'
import { Lines, Pieces, Schedule } from './pieces.ts'
import type { AnswerReader, Reading } from './reading.ts'
import { maxReadBytes } from './reading.ts'
import { isUnknownCoding } from './sink.ts'

export class Watcher implements AnswerReader {
  readonly #reading: Reading
  readonly #gate: Gate
  readonly #seen = Promise.withResolvers<unknown>()
  readonly #lines = new Lines()
  readonly #schedule = new Schedule()
  readonly #body = new Pieces()
  #head: Head = { status: 0, headers: {} }
  #stream: AnswerStream | undefined
  #mask: StreamMask | undefined
  #bytes = 0
  /** Once all was seen, if the model server told. */
  usage: Usage | undefined
  #isOver = false

  constructor(reading: Reading, gate: Gate) {
    this.#reading = reading
    this.#gate = gate
  }

  /** Resolves when there is nothing more to see, with a mistake of ours if there was one. */
  get seen(): Promise<unknown> {
    return this.#seen.promise
  }

  head(status: number, headers: ReplyHeaders): void {
    this.#look(() => {
      this.#head = { status, headers }
      if (isUnknownCoding(this.#head)) this.fail()
      else this.#open(toAnswerHead(this.#head))
    })
  }

  #open(head: AnswerHead): void {
    const { format, masks } = this.#reading
    this.#stream = format.openStream(head)
    if (this.#stream !== undefined && masks?.audit !== undefined) this.#mask = format.openMask?.(head, masks.audit)
  }

  write(bytes: Uint8Array): boolean {
    this.#look(() => {
      this.#bytes += bytes.length
      if (this.#bytes > maxReadBytes) this.fail()
      else if (this.#stream === undefined) this.#body.push(bytes)
      else this.#readLines(this.#stream, bytes)
    })
    return true
  }

  onDrain(resume: () => void): void {
    resume()
  }

  end(): void {
    this.#look(() => {
      const facts = this.#readAll()
      this.usage = facts.usage
      this.#gate.watch(facts, false)
      this.fail()
    })
  }

  destroy(): void {
    this.fail()
  }

  fail(): void {
    this.#isOver = true
    this.#seen.resolve(undefined)
  }

  #readLines(stream: AnswerStream, bytes: Uint8Array): void {
    this.#lines.push(bytes)
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const events = stream.push(line)
      this.#came(events)
      if (events.length === 0 || this.#gate.isIdle || !this.#schedule.isDue) continue
      const facts = stream.facts()
      this.#schedule.judged(facts)
      this.#gate.watch(facts, true)
    }
  }

  #came(events: readonly Uint8Array[]): void {
    for (const event of events) {
      this.#schedule.came(event.length)
      this.#mask?.push(event)
    }
  }

  #readAll(): ResponseFacts {
    if (this.#bytes === 0) return toEmptyFacts(this.#head.status)
    if (this.#stream === undefined) return this.#readWhole(this.#body.take())
    this.#came(this.#stream.end())
    this.#mask?.end()
    return this.#stream.facts()
  }

  #readWhole(body: Uint8Array): ResponseFacts {
    const { format, masks } = this.#reading
    const head = toAnswerHead(this.#head)
    const facts = format.readWhole(head, body)
    if (masks !== undefined) maskWhole(masks, format, { head, body })
    return facts
  }

  #look(run: () => void): void {
    if (this.#isOver) return
    try {
      run()
    } catch (error) {
      this.#isOver = true
      this.#seen.resolve(error instanceof AnswerUnreadable ? undefined : error)
    }
  }
}
