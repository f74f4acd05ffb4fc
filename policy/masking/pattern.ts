// The patterns of detectors, read into a tree: a regular subset that one pass over the text can decide. What is outside of it is
// refused with its position and the way out. Longest match everywhere, so there are no lazy repeats; groups capture nothing.
import { shorthand, withBothCases, type CharItem, type CharSet } from './automata/char-set.ts'

export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'boundary'; readonly negated: boolean }

/** `position` counts UTF-16 units of the pattern from 0. The message never repeats the pattern. */
export interface PatternError {
  readonly position: number
  readonly message: string
}

export type ParsedPattern = { readonly node: PatternNode } | { readonly error: PatternError }

const limits = { length: 2_000_000, depth: 50, repeat: 1000 } as const

const notEscaped = 'has a meaning in patterns; write it with a backslash to mean the character'

/** Leaves the parser; never the module. */
class Refusal extends Error {
  readonly position: number
  constructor(position: number, message: string) {
    super(message)
    this.position = position
  }
}

export function parsePattern(source: string): ParsedPattern {
  if (source.length > limits.length)
    return { error: { position: limits.length, message: `longer than ${limits.length} characters; split it` } }
  try {
    const parser = new Parser(source)
    return { node: parser.parse() }
  } catch (error) {
    if (error instanceof Refusal) return { error: { position: error.position, message: error.message } }
    throw error
  }
}

const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11 }

class Parser {
  readonly #source: string
  #at = 0
  #depth = 0
  #anyCase = false
  /** By character, those of any case below zero: a list of terms is the same few over and over. */
  readonly #literals = new Map<number, PatternNode>()

  constructor(source: string) {
    this.#source = source
  }

  parse(): PatternNode {
    const node = this.#choice()
    if (this.#at < this.#source.length) throw this.#refuse('a closing parenthesis without its opening one')
    return node
  }

  #choice(): PatternNode {
    const nodes = [this.#sequence()]
    while (this.#take('|')) nodes.push(this.#sequence())
    const [first] = nodes
    return nodes.length === 1 && first !== undefined ? first : { kind: 'choice', nodes }
  }

  #sequence(): PatternNode {
    const nodes: PatternNode[] = []
    while (this.#at < this.#source.length && !')|'.includes(this.#peek())) nodes.push(this.#repeated())
    return { kind: 'sequence', nodes }
  }

  #repeated(): PatternNode {
    const node = this.#atom()
    const from = this.#at
    const repeat = this.#quantifier()
    if (repeat === undefined) return node
    if (node.kind === 'boundary') throw this.#refuse('a boundary cannot be repeated', from)
    if ('?+*{'.includes(this.#peek()) && this.#at < this.#source.length)
      throw this.#refuse('lazy, possessive and stacked repeats are not available: the longest match is taken')
    return { kind: 'repeat', node, ...repeat }
  }

  #quantifier(): { readonly min: number; readonly max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    if (this.#peek() !== '{') return undefined
    return this.#bounds()
  }

  #bounds(): { readonly min: number; readonly max: number } {
    const match = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(this.#source.slice(this.#at, this.#at + 14))
    if (match === null) throw this.#refuse('a repeat is written {n}, {n,} or {n,m}; for a brace write \\{')
    const min = Number(match[1])
    const upper = match[2] === undefined ? match[1] : match[3]
    const max = upper === '' ? Infinity : Number(upper)
    if (max < min) throw this.#refuse('a repeat whose greatest number is below its least')
    if (Math.max(min, upper === '' ? 0 : max) > limits.repeat)
      throw this.#refuse(`a repeat of more than ${limits.repeat}; leave the upper bound away: {n,}`)
    this.#at += match[0].length
    return { min, max }
  }

  #atom(): PatternNode {
    const from = this.#at
    const character = this.#next()
    if (character === '(') return this.#group(from)
    if (character === '[') return this.#bracket(from)
    if (character === '\\') return this.#escape(from)
    if (character === '.') return toNode({ items: [{ ranges: lineEnds, negated: false }], negated: true })
    if ('^$'.includes(character))
      throw this.#refuse('^ and $ are not available: text comes in pieces; use \\b, or escape it', from)
    if ('*+?{}]'.includes(character)) throw this.#refuse(`${character} ${notEscaped}`, from)
    return this.#literal(character.codePointAt(0) ?? 0)
  }

  #group(from: number): PatternNode {
    const outer = this.#anyCase
    if (this.#take('?')) {
      if (this.#take('i:')) this.#anyCase = true
      else if (!this.#take(':'))
        throw this.#refuse('only (...), (?:...) and (?i:...) are available: no look-around, names or other flags', from)
    }
    this.#depth += 1
    if (this.#depth > limits.depth) throw this.#refuse(`groups nested deeper than ${limits.depth}`, from)
    const node = this.#choice()
    if (!this.#take(')')) throw this.#refuse('this parenthesis is not closed', from)
    this.#depth -= 1
    this.#anyCase = outer
    return node
  }

  #escape(from: number): PatternNode {
    if (this.#take('b')) return { kind: 'boundary', negated: false }
    if (this.#take('B')) return { kind: 'boundary', negated: true }
    const item = shorthand(this.#peek())
    if (item === undefined) return this.#literal(this.#escapedPoint(from))
    this.#at += 1
    return toNode({ items: [item], negated: false })
  }

  #escapedPoint(from: number): number {
    const character = this.#next()
    const control = controls[character]
    if (control !== undefined) return control
    if (character === 'x' || character === 'u') return this.#hex(character, from)
    if (character >= '1' && character <= '9') throw this.#refuse('back-references are not available', from)
    if (/[A-Za-z0-9]/.test(character)) throw this.#refuse('an unknown escape', from)
    return character.codePointAt(0) ?? 0
  }

  #hex(kind: string, from: number): number {
    const form = kind === 'x' ? /^[0-9A-Fa-f]{2}/ : /^(?:[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]{1,6}\})/
    const match = form.exec(this.#source.slice(this.#at, this.#at + 8))
    const point = match === null ? NaN : Number.parseInt(match[0].replace('{', ''), 16)
    if (match === null || point > 0x10ffff) throw this.#refuse('written \\xHH, \\uHHHH or \\u{H...}', from)
    this.#at += match[0].length
    return point
  }

  #bracket(from: number): PatternNode {
    const negated = this.#take('^')
    const items: CharItem[] = []
    const ranges: [number, number][] = []
    while (!this.#take(']')) {
      if (this.#at >= this.#source.length) throw this.#refuse('this bracket is not closed', from)
      const item = this.#peek() === '\\' ? shorthand(this.#source[this.#at + 1] ?? '') : undefined
      if (item === undefined) ranges.push(this.#range())
      else {
        this.#at += 2
        items.push(item)
      }
    }
    if (items.length + ranges.length === 0) throw this.#refuse('an empty bracket', from)
    items.push({ ranges: this.#anyCase ? withBothCases(ranges) : ranges, negated: false })
    return toNode({ items, negated })
  }

  #range(): [number, number] {
    const from = this.#at
    const first = this.#bracketPoint()
    if (this.#peek() !== '-' || this.#source[this.#at + 1] === ']') return [first, first]
    this.#at += 1
    if (this.#peek() === '\\' && shorthand(this.#source[this.#at + 1] ?? '') !== undefined)
      throw this.#refuse('a range ends in one character; write the - last or as \\-', from)
    const last = this.#bracketPoint()
    if (last < first) throw this.#refuse('a range whose end is before its beginning', from)
    return [first, last]
  }

  #bracketPoint(): number {
    const from = this.#at
    const character = this.#next()
    if (character === '[') throw this.#refuse(`[ ${notEscaped}`, from)
    if (character !== '\\') return character.codePointAt(0) ?? 0
    if ('bB'.includes(this.#peek())) throw this.#refuse('a boundary has no place in a bracket', from)
    return this.#escapedPoint(from)
  }

  #literal(point: number): PatternNode {
    const key = this.#anyCase ? -1 - point : point
    const known = this.#literals.get(key)
    if (known !== undefined) return known
    const ranges: [number, number][] = [[point, point]]
    const node = toNode({
      items: [{ ranges: this.#anyCase ? withBothCases(ranges) : ranges, negated: false }],
      negated: false,
    })
    this.#literals.set(key, node)
    return node
  }

  #peek(): string {
    return this.#source.charAt(this.#at)
  }

  #next(): string {
    const point = this.#source.codePointAt(this.#at)
    if (point === undefined) throw this.#refuse('ends too early')
    const character = String.fromCodePoint(point)
    this.#at += character.length
    return character
  }

  #take(token: string): boolean {
    if (!this.#source.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #refuse(message: string, position = this.#at): Refusal {
    return new Refusal(position, message)
  }
}

const lineEnds: readonly (readonly [number, number])[] = [
  [10, 10],
  [13, 13],
]

function toNode(set: CharSet): PatternNode {
  return { kind: 'set', set }
}
