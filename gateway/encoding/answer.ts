// Answers that a model server compressed although nobody asked: decoded on their way to whoever reads them, piece by piece and
// within a bound. Answers in no coding that is known here pass as they are; the reader sees the header.
import type { Transform } from 'node:stream'
import type { AnswerReader } from '../answer/reading.ts'
import { GatewayError } from '../errors.ts'
import type { ReplyHeaders, ReplySink } from '../exchange.ts'
import { openDecoder, toCoding } from './codings.ts'

export class DecodedAnswer implements ReplySink {
  readonly #reader: AnswerReader
  readonly #maxBytes: number
  #decoder: Transform | undefined
  #hasBody = false
  #bytes = 0
  #isOver = false
  #resume: (() => void) | undefined

  constructor(reader: AnswerReader, maxBytes: number) {
    this.#reader = reader
    this.#maxBytes = maxBytes
  }

  head(status: number, headers: ReplyHeaders): void {
    const named = headers['content-encoding']
    const coding = toCoding(typeof named === 'object' ? named.join(', ') : named)
    if (coding === undefined || coding === 'identity') {
      this.#reader.head(status, headers)
      return
    }
    const { 'content-encoding': _encoding, 'content-length': _length, ...rest } = headers
    this.#reader.head(status, rest)
    this.#decoder = openDecoder(coding)
      .on('data', this.#take)
      .on('drain', this.#goOn)
      .once('end', () => this.#reader.end())
      .on('error', (cause) => {
        const message = 'The model server sent a body that is not what its content encoding says.'
        this.#fail(new GatewayError('upstream_failed', message, { cause }))
      })
  }

  write(bytes: Uint8Array): boolean {
    if (this.#decoder === undefined) return this.#reader.write(bytes)
    this.#hasBody = true
    return this.#isOver || this.#decoder.write(bytes)
  }

  onDrain(resume: () => void): void {
    if (this.#decoder === undefined) this.#reader.onDrain(resume)
    else if (this.#isOver) resume()
    else this.#resume = resume
  }

  end(): void {
    if (this.#isOver) return
    // Without a body there is nothing that was compressed.
    if (this.#decoder === undefined || !this.#hasBody) this.#reader.end()
    else this.#decoder.end()
  }

  destroy(): void {
    this.#isOver = true
    this.#decoder?.destroy()
    this.#reader.destroy()
  }

  readonly #take = (piece: Buffer): void => {
    if (this.#isOver) return
    this.#bytes += piece.length
    if (this.#bytes > this.#maxBytes) {
      const message = 'The response is larger than this connection allows once it is decompressed.'
      this.#fail(new GatewayError('response_too_large', message))
    } else if (!this.#reader.write(piece)) {
      this.#decoder?.pause()
      this.#reader.onDrain(() => this.#decoder?.resume())
    }
  }

  readonly #goOn = (): void => {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#decoder?.destroy()
    this.#reader.fail(error)
    this.#goOn()
  }
}
