// Where rewritten text goes: as text, for a stream, or as splices over the original, for a whole body. Both hear the same three
// words in the order of the original text, so that they cannot disagree.

export interface Sink {
  /** The next units of the original, as they are. */
  readonly keep: (text: string) => void
  /** Text that the original does not have. */
  readonly write: (text: string) => void
  /** The next units of the original are left out. */
  readonly skip: (units: number) => void
}

export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

export class TextSink implements Sink {
  #text = ''

  /** Of what was not taken yet. */
  get length(): number {
    return this.#text.length
  }

  keep(text: string): void {
    this.#text += text
  }

  write(text: string): void {
    this.#text += text
  }

  skip(): void {}

  /** What has come so far; half of a surrogate pair waits for the other half, since it could not be sent. */
  take(): string {
    const text = this.#text
    const whole = endsInHalf(text) ? text.length - 1 : text.length
    this.#text = text.slice(whole)
    return text.slice(0, whole)
  }

  takeAll(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}

export class SpliceSink implements Sink {
  readonly #splices: Splice[] = []
  #at = 0
  #start = 0
  #text = ''

  keep(text: string): void {
    if (text === '') return
    this.#close()
    this.#at += text.length
    this.#start = this.#at
  }

  write(text: string): void {
    this.#text += text
  }

  skip(units: number): void {
    this.#at += units
  }

  take(): readonly Splice[] {
    this.#close()
    return this.#splices
  }

  #close(): void {
    if (this.#at > this.#start || this.#text !== '') {
      this.#splices.push({ start: this.#start, end: this.#at, text: this.#text })
    }
    this.#start = this.#at
    this.#text = ''
  }
}

/** Left out of the output, whatever it is. */
export function mute(sink: Sink): Sink {
  return { keep: (text) => sink.skip(text.length), write: () => {}, skip: (units) => sink.skip(units) }
}

/** The splices must be in order and apart. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = ''
  let at = 0
  for (const splice of splices) {
    result += text.slice(at, splice.start) + splice.text
    at = splice.end
  }
  return result + text.slice(at)
}

export function endsInHalf(text: string): boolean {
  return isHigh(text.charCodeAt(text.length - 1))
}

export function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
