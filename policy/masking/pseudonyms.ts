// Pseudonyms: tokens that stand for values, the same for the same value in every turn and on every replica of a tenant, and turned back
// only where the original stood in that same request. A token carries letters that only the tenant's key gives, so that nobody can
// dress up a value as a token to get it past the masks.
import { toCanonical } from './canonical.ts'
import type { MaskDemand } from './demand.ts'
import type { Detector } from './detector.ts'
import { foldText } from './fold.ts'
import type { Keyed } from './keyed.ts'
import { letterClass, spellLetters } from './letters.ts'

const bodyLetters = 16
const checkLetters = 4

/** What models and people do to hyphens. The first of them is never left out: every word would be held for the next. */
const gap = '[-_ ]?'
const group = `${letterClass}{4}`

export const pseudonymDetector: Detector = {
  name: 'pseudonym',
  class: 'Pseudonym',
  pattern: String.raw`\b[A-Za-z][A-Za-z0-9]*[-_](?:${group}${gap}){4}${group}\b`,
  verify: (folded) => toLetters(folded) !== undefined,
  maxLength: 64,
}

/** Of one call. */
export class Pseudonyms {
  readonly #keyed: Keyed
  /** By the letters of the token. */
  readonly #originals = new Map<string, string>()
  readonly #tokens = new Map<string, string>()

  constructor(keyed: Keyed) {
    this.#keyed = keyed
  }

  get canRestore(): boolean {
    return this.#originals.size > 0
  }

  /** The token for a value; `restores` makes it one that an answer may turn back. */
  take({ class: dataClass, name, label, restores }: MaskDemand, value: string): string {
    const what = dataClass ?? name
    const known = `${what}\0${value}`
    const token = this.#tokens.get(known) ?? this.#make(what, label, value)
    this.#tokens.set(known, token)
    const letters = toLetters(token)
    if (restores && letters !== undefined && !this.#originals.has(letters)) this.#originals.set(letters, value)
    return token
  }

  /** What a token of this call stands for. */
  restore(token: string): string | undefined {
    return this.#originals.get(toLetters(foldText(token)) ?? '')
  }

  /** Whether a text is a token of this tenant, of this call or another. */
  isOne(text: string): boolean {
    const letters = toLetters(foldText(text))
    return letters !== undefined && this.#check(letters.slice(0, bodyLetters)) === letters.slice(bodyLetters)
  }

  #make(dataClass: string, label: string, value: string): string {
    const body = spellLetters(this.#keyed('token', dataClass, toCanonical(value)), bodyLetters)
    const letters = body + this.#check(body)
    return [toPrefix(label), ...(letters.match(/.{4}/gu) ?? [])].join('-')
  }

  #check(body: string): string {
    return spellLetters(this.#keyed('check', '', body), checkLetters)
  }
}

/** The label as far as a token can carry it. */
function toPrefix(label: string): string {
  const plain = label.replaceAll(/[^A-Za-z0-9]/gu, '').slice(0, 24)
  return /^[A-Za-z]/u.test(plain) ? plain.toUpperCase() : 'DATA'
}

/** What makes the token this one: its last twenty letters. */
function toLetters(token: string): string | undefined {
  const letters = token
    .replaceAll(/[-_ ]/gu, '')
    .slice(-bodyLetters - checkLetters)
    .toUpperCase()
  return letters.length === bodyLetters + checkLetters ? letters : undefined
}
