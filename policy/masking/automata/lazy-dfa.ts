// A deterministic automaton built while text runs through it. Each state is the set of places the detectors may be at; what a
// boundary asks for is answered when the next character is known, so an end counts only from then on. When too many states were made
// all are forgotten and made anew as they are needed: memory stays bounded, and states in use stay valid.
import type { Alphabet } from './alphabet.ts'
import type { Nfa, NfaState } from './nfa.ts'

export interface DfaState {
  /** By class. Dense, and its holes never read before they are filled: the hot loop lives on it. */
  readonly next: (DfaState | undefined)[]
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
  /** The least `maxLength` of those. */
  readonly cap: number
  readonly places: readonly number[]
  /** Those of its places, and behind its boundaries, that take a character: one that is not of a word, and one that is. */
  readonly takingOther: readonly number[]
  readonly takingWord: readonly number[]
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

function descending(a: number, b: number): number {
  return b - a
}

export class LazyDfa {
  readonly #options: DfaOptions
  readonly #known = new Map<string, DfaState>()
  readonly #reach: (readonly number[] | undefined)[] = []
  readonly #beginnings: (readonly number[] | undefined)[] = []
  #afterWordStart: DfaState | undefined
  #afterOtherStart: DfaState | undefined
  /** All states ever made: what building costs, for tests and limits. */
  made = 0

  constructor(options: DfaOptions) {
    this.#options = options
  }

  /** Where a text begins, after a word character or not. */
  start(afterWord: boolean): DfaState {
    if (afterWord) return (this.#afterWordStart ??= this.#begin(true))
    return (this.#afterOtherStart ??= this.#begin(false))
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
    if (unanchored) targets.push(...this.#begun(state.startsAfterWord, symbol))
    const made = this.#intern({
      places: this.#spread(targets),
      afterWord: after,
      startsAfterWord: unanchored && alphabet.outside[symbol] === 1,
    })
    state.next[symbol] = made
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
    const all = new Set<number>()
    for (const place of places) {
      const reached = (this.#reach[place] ??= this.#reachOf(place))
      for (const to of reached) all.add(to)
    }
    return [...all].toSorted((a, b) => a - b)
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
    if (this.#known.size >= this.#options.maxStates) this.#known.clear()
    const made = this.#make(state)
    this.#known.set(key, made)
    this.made += 1
    return made
  }

  #make(state: Pick<DfaState, 'places' | 'afterWord' | 'startsAfterWord'>): DfaState {
    const { nfa, alphabet, caps } = this.#options
    const other = this.#expand({ places: state.places, before: state.afterWord, after: false })
    const word = this.#expand({ places: state.places, before: state.afterWord, after: true })
    const endsBeforeOther = [...new Set(other.ends)].toSorted(descending)
    const endsBeforeWord = [...new Set(word.ends)].toSorted(descending)
    const live = [...new Set(state.places.map((place) => nfa.owners[place] ?? 0))].toSorted((a, b) => a - b)
    return {
      ...state,
      next: Array.from<DfaState | undefined>({ length: alphabet.size }).fill(undefined),
      idle: state.places.length === 0,
      ends: endsBeforeOther.length + endsBeforeWord.length > 0,
      endsBeforeOther,
      endsBeforeWord,
      takingOther: other.consuming,
      takingWord: word.consuming,
      settled: state.places.length > 0 && state.places.every((place) => nfa.states[place]?.kind === 'accept'),
      live,
      cap: Math.min(...live.map((detector) => caps[detector] ?? 0)),
    }
  }
}
