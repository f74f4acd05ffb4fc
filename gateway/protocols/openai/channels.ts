// The texts of an answer by the place they stand in: each choice, channel and vendor's field is a text of its own, that the events
// of a stream go on with.
import { AnswerUnreadable } from '../protocol.ts'

interface Channel {
  readonly text: string
  readonly last: string
}

export class Channels {
  readonly #channels = new Map<string, Channel>()
  #joined: string | undefined

  /** The next piece of a text. */
  readonly append = (path: string, text: string): void => {
    this.#set(path, { text: (this.#channels.get(path)?.text ?? '') + text, last: text })
  }

  /** Said as a whole; what is said again, as in each event of a stream, counts once. */
  readonly tell = (path: string, text: string): void => {
    const known = this.#channels.get(path)
    if (known === undefined) this.#set(path, { text, last: text })
    else if (known.last !== text) this.#set(path, { text: `${known.text}\n${text}`, last: text })
  }

  /** The whole of a text whose pieces may have come before. */
  readonly settle = (path: string, text: string): void => {
    const known = this.#channels.get(path)
    if (known === undefined) this.#set(path, { text, last: text })
    else if (known.text !== text) {
      throw new AnswerUnreadable('The stream ends a text with another one than its pieces had.')
    }
  }

  get(path: string): string | undefined {
    return this.#channels.get(path)?.text
  }

  entries(): readonly (readonly [path: string, text: string])[] {
    return [...this.#channels].map(([path, { text }]) => [path, text])
  }

  /** In the order in which they began. The same text in two places (the tokens beside their text) counts once. */
  text(): string {
    this.#joined ??= [...new Set([...this.#channels.values()].map(({ text }) => text))].join('\n')
    return this.#joined
  }

  #set(path: string, channel: Channel): void {
    this.#channels.set(path, channel)
    this.#joined = undefined
  }
}
