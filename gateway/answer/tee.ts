// One answer to two readers. The first is the caller and gets every byte first; both are waited for.
import type { ReplyHeaders, ReplySink } from '../exchange.ts'

export class Tee implements ReplySink {
  readonly #first: ReplySink
  readonly #second: ReplySink
  #behind: readonly ReplySink[] = []

  constructor(first: ReplySink, second: ReplySink) {
    this.#first = first
    this.#second = second
  }

  head(status: number, headers: ReplyHeaders): void {
    this.#first.head(status, headers)
    this.#second.head(status, headers)
  }

  write(bytes: Uint8Array): boolean {
    this.#behind = [this.#first, this.#second].filter((reader) => !reader.write(bytes))
    return this.#behind.length === 0
  }

  onDrain(resume: () => void): void {
    let waiting = this.#behind.length
    const one = (): void => {
      waiting -= 1
      if (waiting === 0) resume()
    }
    for (const reader of this.#behind) reader.onDrain(one)
  }

  end(): void {
    this.#first.end()
    this.#second.end()
  }

  destroy(): void {
    this.#first.destroy()
    this.#second.destroy()
  }
}
