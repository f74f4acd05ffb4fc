// Rewrites JSON text piece by piece, cut anywhere: texts at the places that are to be masked go through their maskers, and every
// other byte goes on as it is. It checks no more of the grammar than it needs: strings are strings wherever they stand, and from
// the first thing on that JSON cannot have there, all that is left is masked as plain text.
import type { Masker } from '../masker.ts'
import { AlignedText } from './aligned-text.ts'
import { BareRun, endOfBlanks, endOfNumber, isBlank, isSign } from './bare-run.ts'
import { Counts } from './counts.ts'
import { maskNumber } from './number-text.ts'
import { isKnownName, keysOf, settle, type MaskPlace, type Place, type Start, type StringPlace } from './place.ts'
import { mute, type Sink } from './sink.ts'
import { replacePlain } from './plain-string.ts'
import { asItIs, JsonSpeller } from './spelling.ts'
import { endOfPlainUnits, endOfString, toText, unescape } from './string-text.ts'
import { maskKey, passString, readKey, takeKnownName, type StringWork } from './string-work.ts'
import { Structure } from './structure.ts'

export class JsonRewriter {
  readonly #start: Start
  readonly #out: Sink
  readonly #structure: Structure
  readonly #counts = new Counts()
  /** What the text goes to now; mute inside of a value that something else stands for. */
  #sink: Sink
  #bare: BareRun | undefined
  /** Where what is left of a number goes that is too long to be held. */
  #long: Sink | undefined
  #string: StringWork | undefined
  #isMutedString = false
  /** The part of an escape that has come. */
  #escape = ''
  #plain: AlignedText | undefined
  /** Too deep to be followed: nothing more goes on. */
  #isLost = false

  /** `start` masks what turns out not to be JSON. */
  constructor(place: Place, start: Start, out: Sink) {
    this.#start = start
    this.#out = out
    this.#sink = out
    this.#structure = new Structure(place)
  }

  push(text: string): void {
    for (let at = 0; at < text.length;) at = this.#step(text, at)
    this.#string?.flush()
    this.#plain?.flush()
  }

  /** Also when the text is not whole. */
  end(): void {
    if (this.#string !== undefined) {
      if (this.#escape !== '') this.#string.read('', this.#escape)
      this.#string.end()
    } else if (this.#plain === undefined) {
      this.#endBare()
    }
    this.#plain?.end()
  }

  /** It was no JSON, and what comes is masked as plain text. */
  get isPlain(): boolean {
    return this.#plain !== undefined
  }

  counts(): Readonly<Record<string, number>> {
    return this.#counts.sum()
  }

  /** Takes something from `at` on, and gives where it ended. */
  #step(text: string, at: number): number {
    if (this.#isLost) {
      this.#out.skip(text.length - at)
      return text.length
    }
    if (this.#plain !== undefined) {
      this.#plain.read(text.slice(at), text.slice(at))
      return text.length
    }
    if (this.#string === undefined) return this.#readBetween(text, at)
    return this.#escape === '' ? this.#readString(this.#string, text, at) : this.#readEscape(this.#string, text, at)
  }

  #readBetween(text: string, at: number): number {
    if (this.#long !== undefined) return this.#readLong(this.#long, text, at)
    const sign = text.charCodeAt(at)
    if (!isSign(sign))
      return isBlank(sign) && this.#bare === undefined ? this.#readBlanks(text, at) : this.#readBare(text, at)
    if (!this.#endBare()) return at
    if (sign === quote) return this.#openString(text, at + 1)
    this.#takeSign(sign, text.slice(at, at + 1))
    return at + 1
  }

  #readBlanks(text: string, from: number): number {
    const end = endOfBlanks(text, from)
    this.#sink.keep(text.slice(from, end))
    return end
  }

  #readBare(text: string, from: number): number {
    this.#bare ??= new BareRun()
    const end = this.#bare.read(text, from)
    if (this.#bare.state === 'Strange') this.#turnPlain(this.#bare)
    else if (this.#bare.state === 'Over') this.#endBare()
    else if (this.#bare.state === 'Overlong') this.#openLong(this.#bare.token)
    return end
  }

  /** Whether a number of such a length would be masked cannot be known before its end; so nothing of it goes on where it could be. */
  #openLong(token: string): void {
    this.#bare = undefined
    const place = settle(this.#structure.place, false)
    const instead = place.kind === 'Instead' ? place.text : 'null'
    const isKept = this.#isMuted || (place.kind !== 'Instead' && startOfToken(place, true) === undefined)
    if (!isKept) this.#out.write(instead)
    this.#long = isKept ? this.#sink : mute(this.#out)
    this.#long.keep(token)
  }

  #readLong(sink: Sink, text: string, from: number): number {
    const end = endOfNumber(text, from)
    sink.keep(text.slice(from, end))
    if (end < text.length) this.#long = undefined
    return end
  }

  /** False: it was no JSON. */
  #endBare(): boolean {
    const bare = this.#bare
    if (bare === undefined) return true
    if (!bare.isComplete()) {
      this.#turnPlain(bare)
      return false
    }
    this.#bare = undefined
    this.#takeToken(bare.token, bare.isNumber())
    this.#sink.keep(bare.after)
    return true
  }

  #takeToken(token: string, isNumber: boolean): void {
    const written = this.#isMuted ? undefined : this.#rewriteToken(token, isNumber)
    if (written === undefined) {
      this.#sink.keep(token)
      return
    }
    this.#sink.write(written)
    this.#sink.skip(token.length)
  }

  #rewriteToken(token: string, isNumber: boolean): string | undefined {
    const place = settle(this.#structure.place, false)
    if (place.kind === 'Instead') return place.text === token ? undefined : place.text
    if (token === 'null') return undefined
    const start = startOfToken(place, isNumber)
    if (start === undefined) return undefined
    const masked = maskNumber(token, () => this.#counts.track(start(this.#structure.at)))
    return masked === undefined ? undefined : JSON.stringify(masked)
  }

  #takeSign(sign: number, text: string): void {
    if (sign === openBrace || sign === openBracket) {
      this.#open(sign === openBrace, text)
      return
    }
    this.#sink.keep(text)
    if (sign === comma) this.#structure.comma()
    else if (sign === colon) this.#structure.colon()
    else if (this.#structure.close()?.isMuted === true) this.#sink = this.#out
  }

  #open(isObject: boolean, text: string): void {
    if (this.#structure.depth === maxDepth) {
      this.#isLost = true
      this.#out.skip(text.length)
      return
    }
    const { place } = this.#structure
    const isMuted = place.kind === 'Instead' && !this.#isMuted
    if (isMuted) this.#muteFor(place.text)
    this.#sink.keep(text)
    this.#structure.open(isObject, isMuted)
  }

  /** Gives where it stopped: behind the closing quote if all of the string is there. */
  #openString(text: string, from: number): number {
    const place = this.#isMuted || this.#structure.isKey ? undefined : settle(this.#structure.place, true)
    this.#isMutedString = place?.kind === 'Instead'
    if (place?.kind === 'Instead') this.#muteFor(place.text)
    this.#sink.keep('"')
    const end = endOfString(text, from)
    if (end >= 0 && end - from <= maxAtOnce && this.#takeString(place, text.slice(from - 1, end + 1))) {
      this.#endString()
      return end + 1
    }
    this.#string ??= this.#workOn(place)
    return from
  }

  /** All of a string at once, which most are, with its quotes. False: it must be spelled anew, unit by unit. */
  #takeString(place: Place | undefined, quoted: string): boolean {
    const raw = quoted.slice(1, -1)
    const value = raw.includes('\\') ? toText(quoted) : raw
    if (value === undefined) return false
    if (!isText(place)) {
      if (this.#structure.isKey && this.#takeKnownName(value)) {
        this.#sink.keep(raw)
        return true
      }
      const work = this.#workOn(place)
      work.read(value, raw)
      work.end()
      return true
    }
    if (place.start.isClean?.(value) === true) {
      this.#sink.keep(raw)
      return true
    }
    const masker = place.start(this.#structure.at)
    const masked = masker.push(value) + masker.end()
    this.#counts.add(masker.counts())
    if (masked === value) {
      this.#sink.keep(raw)
      return true
    }
    if (raw === value) {
      replacePlain(raw, masked, this.#sink)
      return true
    }
    this.#string = new AlignedText(toMaskerOf(masked), this.#sink, new JsonSpeller())
    return false
  }

  #takeKnownName(name: string): boolean {
    const { top } = this.#structure
    if (top === undefined || this.#isMuted) return false
    if (!isKnownName(top.place, name) && keysOf(top.place)?.start.isClean?.(name) !== true) return false
    return takeKnownName(this.#structure, top, name)
  }

  #workOnKey(): StringWork {
    const { top } = this.#structure
    if (top === undefined || this.#isMuted) return passString(this.#sink)
    const place = keysOf(top.place)
    if (place !== undefined) {
      const start = (): Masker => this.#counts.track(place.start(this.#structure.atName))
      return maskKey(this.#structure, start, this.#sink)
    }
    return top.place.kind === 'Keep' ? passString(this.#sink) : readKey(top, this.#sink)
  }

  #workOn(place: Place | undefined): StringWork {
    if (this.#structure.isKey) return this.#workOnKey()
    if (!isText(place)) return passString(this.#sink)
    return new AlignedText(this.#counts.track(place.start(this.#structure.at)), this.#sink, new JsonSpeller())
  }

  #readString(string: StringWork, text: string, at: number): number {
    const end = endOfPlainUnits(text, at)
    if (end > at) {
      const part = text.slice(at, end)
      string.read(part, part)
    }
    if (end === text.length) return end
    if (text.charCodeAt(end) === backslash) this.#escape = '\\'
    else this.#closeString(string)
    return end + 1
  }

  #closeString(string: StringWork): void {
    string.end()
    this.#string = undefined
    this.#endString()
  }

  #endString(): void {
    this.#sink.keep('"')
    if (!this.#isMutedString) return
    this.#isMutedString = false
    this.#sink = this.#out
  }

  #readEscape(string: StringWork, text: string, at: number): number {
    const unit = text.slice(at, at + 1)
    const raw = this.#escape + unit
    if (raw === '\\u' || (raw.length > 2 && raw.length < 6 && hex.test(unit))) {
      this.#escape = raw
      return at + 1
    }
    this.#escape = ''
    if (raw.length === 2) {
      string.read(unescape(unit), raw)
      return at + 1
    }
    if (hex.test(unit)) {
      string.read(String.fromCharCode(Number.parseInt(raw.slice(2), 16)), raw)
      return at + 1
    }
    // Not JSON: read as lenient readers do.
    string.read('u', '\\u')
    if (raw.length > 3) string.read(raw.slice(2, -1), raw.slice(2, -1))
    return at
  }

  #turnPlain(bare: BareRun): void {
    const place = settle(this.#structure.place, false)
    const start = place.kind === 'Mask' && place.words === true ? place.start : this.#start
    this.#plain = new AlignedText(this.#counts.track(start(this.#structure.at)), this.#sink, asItIs)
    const text = bare.token + bare.after
    this.#plain.read(text, text)
  }

  get #isMuted(): boolean {
    return this.#sink !== this.#out
  }

  #muteFor(text: string): void {
    this.#out.write(text)
    this.#sink = mute(this.#out)
  }
}

/** Deeper than readers of JSON go, as far as they have a limit; each level is memory. */
const maxDepth = 10_000

const hex = /^[0-9a-fA-F]$/u

const quote = 34
const comma = 44
const colon = 58
const openBracket = 91
const backslash = 92
const openBrace = 123

function startOfToken(place: Place, isNumber: boolean): Start | undefined {
  if (place.kind !== 'Mask') return undefined
  return (isNumber ? place.numbers : place.words === true) ? place.start : undefined
}

function isText(place: Place | undefined): place is MaskPlace | StringPlace {
  return place?.kind === 'Mask' || place?.kind === 'String'
}

/** Longer strings are read piece by piece, as if they had come so. */
const maxAtOnce = 65_536

/** What a masker gave already, for a text that is read again. */
function toMaskerOf(masked: string): Masker {
  return { push: () => '', end: () => masked, counts: () => ({}) }
}
