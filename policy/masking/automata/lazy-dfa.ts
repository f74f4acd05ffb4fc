// A deterministic automaton built while text runs through it. Each state is the set of places the detectors may be at; what a
// boundary asks for is answered when the next character is known, so an end counts only from then on. When too many states were made
// all are forgotten and made anew as they are needed: memory stays bounded, and states in use stay valid.
import type { Alphabet } from './alphabet.ts'
import type { Nfa, NfaState } from './nfa.ts'

export interface DfaState {
  /** By class. Dense, and its holes never read before they are filled: the hot loop lives on it. */
  readonly next: (DfaState | undefined)[]
  /** By class: whether all threads that it leads to begin with that character. Known when `next` is. */
  readonly fresh: Uint8Array
  /** No thread is alive, apart from those that may begin at the next character. */
  readonly idle: boolean
  /** Whether any detector may end here, whatever follows. */
  readonly ends: boolean
  /** Detectors that end here when no word character follows, the one of least priority first; and when one does. */
  readonly endsBeforeOther: readonly number[]
  readonly endsBeforeWord: readonly number[]
  /** No more text can change what ends here. */
  readonly settled: boolean
  /** Detectors with a thread, in order of priority. */
  readonly live: readonly number[]
  /** The least `maxLength` of those; and of those that may be as long as that, if a character is a unit. */
  readonly cap: number
  readonly capInUnits: number
  /** The most characters that any of its threads has taken, by the pattern as it is written. */
  readonly reach: number
  readonly places: readonly number[]
  /** Those of its places, and behind its boundaries, that take a character: one that is not of a word, and one that is. */
  readonly takingOther: readonly number[]
  readonly takingWord: readonly number[]
  /** Nothing is to be noted of it but whether a thread is alive: no end, and no match that may be too long. */
  readonly quiet: boolean
  /** Its place in `moves`, while it is of the present generation. */
  readonly row: number
  readonly generation: number
  /** Whether a word character was consumed last, and whether what begins next stands after one. */
  readonly afterWord: boolean
  readonly startsAfterWord: boolean
}

export interface DfaOptions {
  readonly nfa: Nfa
  readonly alphabet: Alphabet
  /** Threads begin at every character, not only at the first. */
  readonly unanchored: boolean
  readonly caps: readonly number[]
  readonly maxStates: number
}

/** Room for so many states at first. */
const firstRows = 64

interface Resolved {
  readonly consuming: readonly number[]
  readonly ends: readonly number[]
}

interface Expansion {
  readonly places: readonly number[]
  /** Whether a word character stands before, and whether one follows. */
  readonly before: boolean
  readonly after: boolean
}

/** Where a state leads that consumes nothing. */
function passed(state: NfaState & { readonly kind: 'branch' | 'boundary' }, atBoundary: boolean): readonly number[] {
  if (state.kind === 'branch') return state.to
  return atBoundary === state.negated ? [] : [state.next]
}

function ascending(a: number, b: number): number {
  return a - b
}

function descending(a: number, b: number): number {
  return b - a
}

export class LazyDfa {
  readonly #options: DfaOptions
  /** Columns of a row. */
  readonly #width: number
  readonly #known = new Map<string, DfaState>()
  readonly #reach: (readonly number[] | undefined)[] = []
  readonly #beginnings: (readonly number[] | undefined)[] = []
  /** Marks what a run over places has met. */
  readonly #met: Uint32Array
  #mark = 0
  #afterWordStart: DfaState | undefined
  #afterOtherStart: DfaState | undefined
  /**
   * The ways between quiet states once more, in numbers: from a row and a column to a row, or 0 where there is none or it is not known
   * yet. Without an anchor it is below zero where all threads begin anew; with one it is -1 where all are dead. Rows up to `lastIdle`
   * are those of the states where text begins. Both are replaced as states are made: read them anew after each step.
   */
  moves: Int32Array
  lastIdle = 0
  /** By row, divided by its width. */
  #rows: DfaState[] = []
  generation = 0
  /** All states ever made: what building costs, for tests and limits. */
  made = 0

  constructor(options: DfaOptions) {
    this.#options = options
    this.#width = options.alphabet.size + 1
    this.#met = new Uint32Array(options.nfa.states.length)
    this.moves = new Int32Array(firstRows * this.#width)
    this.#begins()
  }

  /** The states where text begins come first, of every generation. */
  #begins(): void {
    this.moves = new Int32Array(firstRows * this.#width)
    this.#rows = []
    this.#afterOtherStart = this.#begin(false)
    this.#afterWordStart = this.#begin(true)
    this.lastIdle = this.#rows.length * this.#width
  }

  /** The quiet state of a row. */
  at(row: number): DfaState {
    const state = this.#rows[row / this.#width - 1]
    if (state === undefined) throw new Error('an automaton has no such row')
    return state
  }

  /** Where a text begins, after a word character or not. */
  start(afterWord: boolean): DfaState {
    const start = afterWord ? this.#afterWordStart : this.#afterOtherStart
    return start ?? this.#begin(afterWord)
  }

  #begin(afterWord: boolean): DfaState {
    const { nfa, unanchored } = this.#options
    const places = unanchored ? [] : this.#spread(nfa.starts)
    return this.#intern({ places, afterWord, startsAfterWord: unanchored && afterWord })
  }

  /** The state after a character of this class; made when it is not there yet. */
  step(state: DfaState, symbol: number): DfaState {
    const known = state.next[symbol]
    if (known !== undefined) return known
    const { alphabet, unanchored } = this.#options
    // A character that a thread takes is one of its candidate; what a thread ends before, or begins after, is not.
    const after = alphabet.inside[symbol] === 1
    const targets = this.#targets(after ? state.takingWord : state.takingOther, symbol)
    const fresh = unanchored && targets.length === 0
    if (unanchored) targets.push(...this.#begun(state.startsAfterWord, symbol))
    const made = this.#intern({
      places: this.#spread(targets),
      afterWord: after,
      startsAfterWord: unanchored && alphabet.outside[symbol] === 1,
    })
    state.next[symbol] = made
    if (fresh && !made.idle) state.fresh[symbol] = 1
    if (state.quiet && state.generation === made.generation)
      this.moves[state.row + symbol] = toMove(state, symbol, made)
    return made
  }

  #targets(taking: readonly number[], symbol: number): number[] {
    const { nfa, alphabet } = this.#options
    const targets: number[] = []
    for (const place of taking) {
      const from = nfa.states[place]
      if (from?.kind === 'consume' && alphabet.members[from.set]?.[symbol] === 1) targets.push(from.next)
    }
    return targets
  }

  /** Where threads are that begin with a character: the same in all states. */
  #begun(afterWord: boolean, symbol: number): readonly number[] {
    const { nfa, alphabet } = this.#options
    const key = afterWord ? symbol + alphabet.size : symbol
    const known = this.#beginnings[key]
    if (known !== undefined) return known
    const taking = this.#expand({
      places: nfa.starts,
      before: afterWord,
      after: alphabet.inside[symbol] === 1,
    }).consuming
    const begun = this.#targets(taking, symbol)
    this.#beginnings[key] = begun
    return begun
  }

  /** Follows branches and the boundaries that hold here. */
  #expand({ places, before, after }: Expansion): Resolved {
    const { states } = this.#options.nfa
    const consuming: number[] = []
    const ends: number[] = []
    const seen = new Set(places)
    for (const place of seen) {
      const state = states[place]
      if (state === undefined) continue
      if (state.kind === 'consume') consuming.push(place)
      else if (state.kind === 'accept') ends.push(state.detector)
      else for (const to of passed(state, before !== after)) seen.add(to)
    }
    return { consuming, ends }
  }

  /** Replaces branches by what they lead to; boundaries stay until the next character is known. */
  #spread(places: readonly number[]): readonly number[] {
    const all: number[] = []
    const met = this.#met
    this.#mark += 1
    for (const place of places) {
      const reached = (this.#reach[place] ??= this.#reachOf(place))
      for (const to of reached) {
        if (met[to] === this.#mark) continue
        met[to] = this.#mark
        all.push(to)
      }
    }
    return all.toSorted(ascending)
  }

  #reachOf(place: number): readonly number[] {
    const { states } = this.#options.nfa
    const seen = new Set([place])
    for (const at of seen) {
      const state = states[at]
      if (state?.kind === 'branch') for (const to of state.to) seen.add(to)
    }
    return [...seen].filter((at) => states[at]?.kind !== 'branch')
  }

  #intern(state: Pick<DfaState, 'places' | 'afterWord' | 'startsAfterWord'>): DfaState {
    const asks = state.places.some((place) => this.#options.nfa.states[place]?.kind === 'boundary')
    const key = `${state.places.join()}${asks && state.afterWord ? '/w' : ''}${state.startsAfterWord ? '/s' : ''}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= this.#options.maxStates) this.#forget()
    const made = this.#make(state)
    this.#known.set(key, made)
    this.made += 1
    return made
  }

  #forget(): void {
    this.#known.clear()
    this.generation += 1
    this.#begins()
  }

  /** Rows begin at 1, so that 0 is none. */
  #takeRow(): number {
    const row = (this.#rows.length + 1) * this.#width
    if (row + this.#width <= this.moves.length) return row
    const more = new Int32Array(this.moves.length * 2)
    more.set(this.moves)
    this.moves = more
    return row
  }

  #make(state: Pick<DfaState, 'places' | 'afterWord' | 'startsAfterWord'>): DfaState {
    const { nfa, alphabet, unanchored } = this.#options
    const { places, afterWord } = state
    const other = this.#expand({ places, before: afterWord, after: false })
    const asks = places.some((place) => nfa.states[place]?.kind === 'boundary')
    const word = asks ? this.#expand({ places, before: afterWord, after: true }) : other
    const endsBeforeOther = toEnds(other.ends)
    const endsBeforeWord = asks ? toEnds(word.ends) : endsBeforeOther
    const ends = endsBeforeOther.length + endsBeforeWord.length > 0
    const idle = places.length === 0
    const measured = this.#measure(places)
    const quiet = !ends && measured.capInUnits === Infinity && (unanchored || !idle)
    const made: DfaState = {
      ...state,
      next: Array.from<DfaState | undefined>({ length: alphabet.size }).fill(undefined),
      fresh: new Uint8Array(alphabet.size),
      idle,
      ends,
      endsBeforeOther,
      endsBeforeWord,
      takingOther: other.consuming,
      takingWord: word.consuming,
      settled: !idle && places.every((place) => nfa.states[place]?.kind === 'accept'),
      ...measured,
      quiet,
      row: this.#takeRow(),
      generation: this.generation,
    }
    this.#rows.push(made)
    return made
  }

  #measure(places: readonly number[]): Pick<DfaState, 'live' | 'cap' | 'capInUnits' | 'reach'> {
    const { nfa, caps } = this.#options
    const reaches = new Map<number, number>()
    for (const place of places) {
      const owner = nfa.owners[place] ?? 0
      reaches.set(owner, Math.max(reaches.get(owner) ?? 0, nfa.reaches[place] ?? 0))
    }
    let cap = Infinity
    let capInUnits = Infinity
    let most = 0
    for (const [owner, reach] of reaches) {
      const own = caps[owner] ?? 0
      cap = Math.min(cap, own)
      if (reach > own) capInUnits = Math.min(capInUnits, own)
      most = Math.max(most, reach)
    }
    return { live: [...reaches.keys()].toSorted(ascending), cap, capInUnits, reach: most }
  }
}

function toMove({ fresh }: DfaState, symbol: number, made: DfaState): number {
  if (made.quiet) return fresh[symbol] === 1 ? -made.row : made.row
  return made.idle ? -1 : 0
}

const none: readonly number[] = []

function toEnds(detectors: readonly number[]): readonly number[] {
  return detectors.length === 0 ? none : [...new Set(detectors)].toSorted(descending)
}
