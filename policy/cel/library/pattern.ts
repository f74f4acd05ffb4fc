// Patterns that JavaScript's own engine may run, twenty times faster: a subset where it means what RE2 means and cannot backtrack
// without bound. ASCII literals and positive classes, groups, alternatives and counted repetition, with the number of steps that a
// search can take from one position computed and bounded. Everything else stays on the linear engine. The proof is a differential
// fuzz (test/fuzz/cel-pattern.test.ts): a construct is added here only with its fuzz.

const maxSteps = 100
const maxLength = 300

/** How a part of a pattern behaves when it backtracks: how many ways through it, and how many characters along all of them. */
interface Cost {
  readonly paths: number
  readonly steps: number
}

const nothing: Cost = { paths: 1, steps: 0 }
const character: Cost = { paths: 1, steps: 1 }

export interface Translated {
  readonly regExp: RegExp
  /** Under `(?i)`, U+017F and U+212A are letters to JavaScript's `\b` and `\w`, and none to RE2's. */
  readonly askLinearWhen: RegExp | undefined
}

/** Undefined where the pattern is outside of the subset. It must be valid for RE2 already. */
export function translatePattern(source: string): Translated | undefined {
  if (source.length > maxLength) return undefined
  const insensitive = source.startsWith('(?i)')
  const reader = new PatternReader(insensitive ? source.slice(4) : source)
  const cost = reader.readAlternatives()
  if (cost === undefined || !reader.isDone || cost.steps > maxSteps) return undefined
  const regExp = new RegExp(reader.output, insensitive ? 'iu' : '')
  return { regExp, askLinearWhen: insensitive && reader.hasWords ? /[\u017F\u212A]/ : undefined }
}

const escapes: Readonly<Record<string, string>> = {
  d: '[0-9]',
  w: '[0-9A-Za-z_]',
  s: String.raw`[\t\n\f\r ]`,
  b: String.raw`\b`,
  n: String.raw`\n`,
  t: String.raw`\t`,
}

class PatternReader {
  readonly #source: string
  #at = 0
  #depth = 0
  output = ''
  hasWords = false

  constructor(source: string) {
    this.#source = source
  }

  get isDone(): boolean {
    return this.#at === this.#source.length
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#source)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  readAlternatives(): Cost | undefined {
    let sum: Cost = { paths: 0, steps: 0 }
    do {
      if (sum.paths > 0) this.output += '|'
      const one = this.#sequence()
      if (one === undefined) return undefined
      sum = { paths: sum.paths + one.paths, steps: sum.steps + Math.max(1, one.steps) }
    } while (this.#take(/\|/y) !== undefined)
    return sum
  }

  #sequence(): Cost | undefined {
    let whole = nothing
    while (!this.isDone && !/[|)]/u.test(this.#source.charAt(this.#at))) {
      const part = this.#repeated()
      if (part === undefined) return undefined
      whole = { paths: whole.paths * part.paths, steps: whole.steps + whole.paths * part.steps }
      if (whole.steps > maxSteps) return undefined
    }
    return whole
  }

  #repeated(): Cost | undefined {
    const atom = this.#atom()
    if (atom === undefined) return undefined
    const quantifier = this.#take(/\?|\{\d{1,2}(?:,\d{1,2})?\}/y)
    // Unbounded or lazy repetition, and repetition of what matches nothing, are left to the linear engine.
    if (/[*+?{]/u.test(this.#source.charAt(this.#at))) return undefined
    if (quantifier === undefined) return atom
    this.output += quantifier
    return atom.steps === 0 ? undefined : repeat(atom, quantifier)
  }

  #atom(): Cost | undefined {
    const literal = this.#take(/[A-Za-z0-9 _\-,;:@#%&=!<>/"'~`]|\\[.+*?()|[\]{}^$\\/-]/y)
    if (literal !== undefined) return this.#write(literal === String.raw`\-` ? '-' : literal, character)
    const anchor = this.#take(/[\^$]/y)
    if (anchor !== undefined) return this.#write(anchor, nothing)
    const escape = this.#take(/\\[dwsbnt]/y)
    if (escape !== undefined) return this.#escape(escape.charAt(1))
    const set = this.#take(/\[(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9 _,;:@#%=!])+\]/y)
    if (set !== undefined) return this.#write(set, character)
    return this.#take(/\((?:\?:)?(?!\?)/y) === undefined ? undefined : this.#group()
  }

  #write(text: string, cost: Cost): Cost {
    this.output += text
    return cost
  }

  #escape(letter: string): Cost {
    if (letter === 'b' || letter === 'w') this.hasWords = true
    return this.#write(escapes[letter] ?? '', letter === 'b' ? nothing : character)
  }

  #group(): Cost | undefined {
    this.#depth += 1
    if (this.#depth > 10) return undefined
    this.output += '(?:'
    const inside = this.readAlternatives()
    if (inside === undefined || this.#take(/\)/y) === undefined) return undefined
    this.output += ')'
    this.#depth -= 1
    return inside
  }
}

function repeat(atom: Cost, quantifier: string): Cost | undefined {
  const [least = 0, most = least] = quantifier === '?' ? [0, 1] : (quantifier.match(/\d+/gu) ?? []).map(Number)
  let total: Cost = { paths: 0, steps: 0 }
  let power = nothing
  for (let times = 0; times <= most; times += 1) {
    if (times >= least) total = { paths: total.paths + power.paths, steps: total.steps + Math.max(1, power.steps) }
    power = { paths: power.paths * atom.paths, steps: power.steps + power.paths * atom.steps }
    if (power.steps > maxSteps * 10) return undefined
  }
  return total
}
