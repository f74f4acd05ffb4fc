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
  readonly starts: readonly number[]
}

/** Repeats up to this stay as they are in the gate; longer ones would make the states of a search without an anchor explode. */
const relaxedRepeat = 4

/** The distinct sets of several patterns, numbered. */
export class SetNumbers {
  readonly #numbers = new Map<string, number>()
  readonly sets: CharSet[] = []

  of(set: CharSet): number {
    const key = toSetKey(set)
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
  return { states: builder.states, owners: builder.owners, starts }
}

/** Built from the end: each part is given the state that follows it. */
class Builder {
  readonly states: NfaState[] = []
  readonly owners: number[] = []
  readonly #options: NfaOptions
  #detector = 0

  constructor(options: NfaOptions) {
    this.#options = options
  }

  pattern(node: PatternNode, detector: number): number {
    this.#detector = detector
    return this.#node(node, this.#add({ kind: 'accept', detector }))
  }

  #add(state: NfaState): number {
    this.owners.push(this.#detector)
    return this.states.push(state) - 1
  }

  #node(node: PatternNode, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.#add({ kind: 'consume', set: this.#options.sets.of(node.set), next })
      case 'boundary':
        return this.#add({ kind: 'boundary', negated: node.negated, next })
      case 'sequence':
        return node.nodes.reduceRight((after, part) => this.#node(part, after), next)
      case 'choice':
        return this.#add({ kind: 'branch', to: node.nodes.map((part) => this.#node(part, next)) })
      case 'repeat':
        return this.#repeat(node, next)
    }
  }

  #repeat({ node, min, max }: PatternNode & { readonly kind: 'repeat' }, next: number): number {
    const { relaxed } = this.#options
    const least = relaxed ? Math.min(min, relaxedRepeat) : min
    const most = relaxed && max > relaxedRepeat ? Infinity : max
    let from = most === Infinity ? this.#loop(node, next) : this.#optional(node, most - least, next)
    for (let i = 0; i < least; i += 1) from = this.#node(node, from)
    return from
  }

  #loop(node: PatternNode, next: number): number {
    const to = [next]
    const loop = this.#add({ kind: 'branch', to })
    to.push(this.#node(node, loop))
    return loop
  }

  #optional(node: PatternNode, times: number, next: number): number {
    let from = next
    for (let i = 0; i < times; i += 1) from = this.#add({ kind: 'branch', to: [next, this.#node(node, from)] })
    return from
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

/** The most characters a pattern matches. */
export function longestMatch(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
      return 1
    case 'boundary':
      return 0
    case 'sequence':
      return node.nodes.reduce((sum, part) => sum + longestMatch(part), 0)
    case 'choice':
      return Math.max(...node.nodes.map(longestMatch))
    case 'repeat':
      return longestMatch(node.node) === 0 ? 0 : longestMatch(node.node) * node.max
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
