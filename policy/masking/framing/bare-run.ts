// What stands between the signs and strings of a JSON text: a number or a word, and blanks after it. Says at once when it can be neither,
// so that a text that only looks like JSON at its start is held no longer than JSON would be.
import { isNumber } from './number-text.ts'

/** NaN and the infinities are not JSON, but what Python writes and reads. */
const words = ['true', 'false', 'null', 'NaN', 'Infinity', '-Infinity']

/** Nobody writes a longer number, nor as many blanks before the next sign, and more than that is not held. */
export const maxHeld = 4_096

/** `Strange`: no JSON. `Overlong`: as far as it came it could be a number. `Over`: more blanks may follow, but nothing that counts. */
export type BareState = 'Number' | 'Word' | 'After' | 'Strange' | 'Overlong' | 'Over'

export class BareRun {
  #state: BareState | 'Before' = 'Before'
  #token = ''
  #after = ''

  get token(): string {
    return this.#token
  }

  get after(): string {
    return this.#after
  }

  /** Begins with a unit that is no blank. Takes text up to a sign, or to where no more text can change the state; gives where it stopped. */
  read(text: string, from: number): number {
    let at = from
    while (at < text.length && !isSign(text.charCodeAt(at)) && !this.isDecided) {
      at = isBlank(text.charCodeAt(at)) ? this.#readBlanks(text, at) : this.#readToken(text, at)
    }
    return at
  }

  get isDecided(): boolean {
    return this.#state === 'Strange' || this.#state === 'Overlong' || this.#state === 'Over'
  }

  get state(): BareState | 'Before' {
    return this.#state
  }

  isComplete(): boolean {
    return this.#state !== 'Strange' && (words.includes(this.#token) || isNumber(this.#token))
  }

  isNumber(): boolean {
    return isNumber(this.#token)
  }

  #readBlanks(text: string, from: number): number {
    const end = endOfBlanks(text, from, from + maxHeld + 1 - this.#after.length)
    this.#after += text.slice(from, end)
    if (!this.isComplete()) this.#state = 'Strange'
    else this.#state = this.#after.length > maxHeld ? 'Over' : 'After'
    return end
  }

  #readToken(text: string, from: number): number {
    const end = endOfToken(text, from, from + maxHeld + 1 - this.#token.length)
    const part = text.slice(from, end)
    if (this.#state === 'After') {
      this.#after += part
      this.#state = 'Strange'
    } else {
      this.#token += part
      this.#state = this.#judge(part)
    }
    return end
  }

  /** Looks at the new part alone where it can: a number may come in as many pieces as it has units. */
  #judge(part: string): BareState {
    if (this.#mayBeNumber(part)) return this.#token.length > maxHeld ? 'Overlong' : 'Number'
    const token = this.#token
    // A word is short, and what is longer is none.
    return token.length <= 9 && words.some((word) => word.startsWith(token)) ? 'Word' : 'Strange'
  }

  #mayBeNumber(part: string): boolean {
    if (this.#state === 'Before') return /^[-0-9]/u.test(part) && numberUnits.test(part)
    return this.#state === 'Number' && numberUnits.test(part)
  }
}

const numberUnits = /^[-+.0-9eE]+$/u

const moreOfNumber = /[-+.0-9eE]*/uy

/** Of what is left of a number that is too long. */
export function endOfNumber(text: string, from: number): number {
  moreOfNumber.lastIndex = from
  moreOfNumber.test(text)
  return moreOfNumber.lastIndex
}

export function endOfBlanks(text: string, from: number, limit: number = text.length): number {
  const last = Math.min(limit, text.length)
  let end = from
  while (end < last && isBlank(text.charCodeAt(end))) end += 1
  return end
}

function endOfToken(text: string, from: number, limit: number): number {
  const last = Math.min(limit, text.length)
  let end = from
  for (; end < last; end += 1) {
    const unit = text.charCodeAt(end)
    if (isBlank(unit) || isSign(unit)) return end
  }
  return end
}

/** A byte order mark too: readers skip it, and text that no more than begins with one is JSON to them. */
export function isBlank(unit: number): boolean {
  return unit === 32 || unit === 10 || unit === 13 || unit === 9 || unit === 0xfeff
}

/** Quotes, commas, colons and brackets. */
export function isSign(unit: number): boolean {
  return unit === 34 || unit === 44 || unit === 58 || unit === 91 || unit === 93 || unit === 123 || unit === 125
}
