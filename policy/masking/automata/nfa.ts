// The nondeterministic automaton of all detectors of an engine: patterns unrolled into states that consume a character, branch, ask
// for a word boundary, or accept. The relaxed form, for the gate, accepts more and is smaller: its long repeats are unbounded.
import type { PatternNode } from '../pattern.ts'
import { toSetKey, type CharSet } from './char-set.ts'

export type NfaState =
  | { readonly kind: 'consume'; readonly set: number; readonly next: number }
  | { readonly kind: 'branch'; readonly to: number[] }
  | { readonly kind: 'boundary'; readonly negated: boolean; readonly next: number }
  | { readonly kind: 'accept'; readonly detector: number }

export interface Nfa {
  readonly states: readonly NfaState[]
  /** Per state the detector it belongs to. */
  readonly owners: readonly number[]
  /** Per state that is no branch: the most characters the pattern, as written and not relaxed, has matched when it comes there. */
  readonly reaches: readonly number[]
  readonly starts: readonly number[]
}

/** Repeats up to this stay as they are in the gate; longer ones would make the states of a search without an anchor explode. */
const relaxedRepeat = 4

/** The distinct sets of several patterns, numbered. */
export class SetNumbers {
  readonly #numbers = new Map<string, number>()
  /** The same, by who they are: a pattern has the same literals over and over. */
  readonly #seen = new WeakMap<CharSet, number>()
  readonly sets: CharSet[] = []

  of(set: CharSet): number {
    const seen = this.#seen.get(set)
    if (seen !== undefined) return seen
    const number = this.#numberOf(toSetKey(set), set)
    this.#seen.set(set, number)
    return number
  }

  #numberOf(key: string, set: CharSet): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.sets.push(set)
    this.#numbers.set(key, this.sets.length - 1)
    return this.sets.length - 1
  }
}

export interface NfaOptions {
  readonly sets: SetNumbers
  readonly relaxed: boolean
}

export function buildNfa(patterns: readonly PatternNode[], options: NfaOptions): Nfa {
  const builder = new Builder(options)
  const starts = patterns.map((pattern, detector) => builder.pattern(pattern, detector))
  return { states: builder.states, owners: builder.owners, reaches: builder.reaches, starts }
}

/** Built from the end: each part is given the state that follows it. */
class Builder {
  readonly states: NfaState[] = []
  readonly owners: number[] = []
  readonly reaches: number[] = []
  readonly #options: NfaOptions
  readonly #lengths = new Map<PatternNode, number>()
  #detector = 0
  /** Of the state that is made next. */
  #reach = 0

  constructor(options: NfaOptions) {
    this.#options = options
  }

  pattern(node: PatternNode, detector: number): number {
    this.#detector = detector
    this.#reach = this.#lengthOf(node)
    return this.#node(node, this.#add({ kind: 'accept', detector }), 0)
  }

  #add(state: NfaState): number {
    this.owners.push(this.#detector)
    this.reaches.push(this.#reach)
    return this.states.push(state) - 1
  }

  #lengthOf(node: PatternNode): number {
    return longestMatch(node, this.#lengths)
  }

  /** `before` is the most that is matched before it. */
  #node(node: PatternNode, next: number, before: number): number {
    this.#reach = before
    switch (node.kind) {
      case 'set':
        return this.#add({ kind: 'consume', set: this.#options.sets.of(node.set), next })
      case 'boundary':
        return this.#add({ kind: 'boundary', negated: node.negated, next })
      case 'sequence':
        return this.#sequence(node.nodes, next, before)
      case 'choice':
        return this.#add({ kind: 'branch', to: node.nodes.map((part) => this.#node(part, next, before)) })
      case 'repeat':
        return this.#repeat(node, next, before + this.#lengthOf(node))
    }
  }

  #sequence(nodes: readonly PatternNode[], next: number, before: number): number {
    const reaches: number[] = []
    let reach = before
    for (const node of nodes) {
      reaches.push(reach)
      reach += this.#lengthOf(node)
    }
    return nodes.reduceRight((after, node, index) => this.#node(node, after, reaches[index] ?? 0), next)
  }

  /** Wherever it is in a repeat is taken to be as far as the end of that. */
  #repeat({ node, min, max }: PatternNode & { readonly kind: 'repeat' }, next: number, reach: number): number {
    const limit = this.#options.relaxed ? relaxedRepeat : Infinity
    const least = Math.min(min, limit)
    const most = max > limit ? Infinity : max
    let from = next
    if (most === Infinity) from = this.#loop(node, next, reach)
    else for (let i = least; i < most; i += 1) from = this.#optional(this.#node(node, from, reach), next)
    for (let i = 0; i < least; i += 1) from = this.#node(node, from, reach)
    return from
  }

  #loop(node: PatternNode, next: number, reach: number): number {
    const to = [next]
    const loop = this.#add({ kind: 'branch', to })
    to.push(this.#node(node, loop, reach))
    return loop
  }

  #optional(part: number, next: number): number {
    return this.#add({ kind: 'branch', to: [next, part] })
  }
}

/** How many states a pattern takes when it is unrolled; counted without unrolling it. */
export function countStates(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
    case 'boundary':
      return 1
    case 'sequence':
    case 'choice':
      return node.nodes.reduce((sum, part) => sum + countStates(part), 1)
    case 'repeat':
      return (countStates(node.node) + 1) * Math.max(1, node.max === Infinity ? node.min + 1 : node.max)
  }
}

/** The most characters a pattern matches. What is `known` is not counted again. */
export function longestMatch(node: PatternNode, known = new Map<PatternNode, number>()): number {
  const length = known.get(node) ?? countLongest(node, known)
  known.set(node, length)
  return length
}

function countLongest(node: PatternNode, known: Map<PatternNode, number>): number {
  switch (node.kind) {
    case 'set':
      return 1
    case 'boundary':
      return 0
    case 'sequence':
      return node.nodes.reduce((sum, part) => sum + longestMatch(part, known), 0)
    case 'choice':
      return node.nodes.reduce((most, part) => Math.max(most, longestMatch(part, known)), 0)
    case 'repeat':
      return longestMatch(node.node, known) === 0 ? 0 : longestMatch(node.node, known) * node.max
  }
}

/** Whether a pattern matches the empty text. */
export function isNullable(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'boundary':
      return true
    case 'sequence':
      return node.nodes.every(isNullable)
    case 'choice':
      return node.nodes.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.node)
  }
}
