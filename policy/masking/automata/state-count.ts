// Whether a pattern is safe to run: its automata, built to the end, must stay within a bound that grows with the pattern alone. A
// repeat of {1,60} is, `a[ab]{20}` searched from everywhere is not.
import { buildAlphabet } from './alphabet.ts'
import { LazyDfa, type DfaState } from './lazy-dfa.ts'
import { buildNfa, countStates, SetNumbers } from './nfa.ts'
import type { PatternNode } from '../pattern.ts'

/** Larger ones are lists of terms; their automata are tries and grow with the list. */
const largestChecked = 3000

const maxStates = 4000

export function isTooLarge(node: PatternNode): boolean {
  if (countStates(node) > largestChecked) return !isPlain(node)
  const sets = new SetNumbers()
  const exact = buildNfa([node], { sets, relaxed: false })
  const relaxed = buildNfa([node], { sets, relaxed: true })
  const alphabet = buildAlphabet(sets.sets)
  const shared = { alphabet, caps: [1], maxStates: Infinity }
  const unanchored = new LazyDfa({ ...shared, nfa: relaxed, unanchored: true })
  return (
    exceeds(unanchored, alphabet.size) ||
    exceeds(new LazyDfa({ ...shared, nfa: exact, unanchored: false }), alphabet.size)
  )
}

function exceeds(dfa: LazyDfa, symbols: number): boolean {
  const seen = new Set<DfaState>([dfa.start(false), dfa.start(true)])
  for (const state of seen) {
    for (let symbol = 0; symbol < symbols; symbol += 1) seen.add(dfa.step(state, symbol))
    if (seen.size > maxStates) return true
  }
  return false
}

/** Terms and alternatives of terms: no repeats, no choice of characters but of case. */
function isPlain(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return (
        !node.set.negated &&
        node.set.items.every(
          ({ ranges, negated }) => !negated && ranges.length <= 3 && ranges.every(([first, last]) => first === last),
        )
      )
    case 'boundary':
      return true
    case 'repeat':
      return false
    case 'sequence':
    case 'choice':
      return node.nodes.every(isPlain)
  }
}
