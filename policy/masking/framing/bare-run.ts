// What stands between the signs and strings of a JSON text: blanks around a number or a word. Says at once when it can be neither,
// so that a text that only looks like JSON at its start is held no longer than JSON would be.
import { isNumber } from './number-text.ts'

/** NaN and the infinities are not JSON, but what Python writes and reads. */
const words = ['true', 'false', 'null', 'NaN', 'Infinity', '-Infinity']

type State = 'Before' | 'Number' | 'Word' | 'After' | 'Strange'

export class BareRun {
  #state: State = 'Before'
  /** Before the token, the token, after it. */
  readonly #parts = { before: '', token: '', after: '' }

  get text(): string {
    return this.#parts.before + this.#parts.token + this.#parts.after
  }

  get parts(): Readonly<{ before: string; token: string; after: string }> {
    return this.#parts
  }

  /** False: this is no JSON. */
  add(text: string): boolean {
    for (let at = 0; at < text.length;) {
      const end = endOfKind(text, at)
      const part = text.slice(at, end)
      if (isBlank(text.charCodeAt(at))) this.#addBlanks(part)
      else this.#addToken(part)
      at = end
    }
    return this.#state !== 'Strange'
  }

  isComplete(): boolean {
    const { token } = this.#parts
    if (this.#state === 'Before') return true
    return this.#state !== 'Strange' && (words.includes(token) || isNumber(token))
  }

  isNumber(): boolean {
    return isNumber(this.#parts.token)
  }

  #addBlanks(blanks: string): void {
    if (this.#state === 'Before') {
      this.#parts.before += blanks
      return
    }
    this.#parts.after += blanks
    if (this.#state !== 'Strange') this.#state = 'After'
  }

  #addToken(part: string): void {
    if (this.#state === 'After' || this.#state === 'Strange') {
      this.#parts.after += part
      this.#state = 'Strange'
      return
    }
    this.#parts.token += part
    this.#state = this.#judge(part)
  }

  /** Looks at the new part alone where it can: a number may be as long as the text and come in as many pieces. */
  #judge(part: string): State {
    if (this.#state === 'Number' && numberUnits.test(part)) return 'Number'
    if (this.#state === 'Before' && /^[-0-9]/u.test(part) && numberUnits.test(part)) return 'Number'
    const { token } = this.#parts
    // A word is short, and what is longer is none.
    return token.length <= 9 && words.some((word) => word.startsWith(token)) ? 'Word' : 'Strange'
  }
}

const numberUnits = /^[-+.0-9eE]+$/u

function endOfKind(text: string, from: number): number {
  const wanted = isBlank(text.charCodeAt(from))
  let end = from + 1
  while (end < text.length && isBlank(text.charCodeAt(end)) === wanted) end += 1
  return end
}

/** A byte order mark too: readers skip it, and text that no more than begins with one is JSON to them. */
export function isBlank(unit: number): boolean {
  return unit === 32 || unit === 10 || unit === 13 || unit === 9 || unit === 0xfeff
}
