// A detector out of a list of terms, such as the names of projects or customers. Case does not matter, every run of characters that
// are neither letters nor digits counts as one space, and a term is found as whole words only. The pattern is the trie of the terms,
// so that 5,000 of them cost little more than one.
import type { Detector } from './detector.ts'
import { ignorable, folds, isLookalike } from './fold.ts'

export interface Dictionary {
  readonly name: string
  readonly class: string
  readonly terms: readonly string[]
}

/**
 * `states` bounds all terms together: letters, with those counted once that several terms begin with, and four for each space. It
 * leaves room for the ends of as many terms as there may be within what the engine takes of one pattern.
 */
export const dictionaryLimits = { terms: 5000, length: 256, states: 250_000 } as const

/** Problems say which term by its number, from 1; the term itself is never repeated. */
export function toDictionaryDetector({
  name,
  class: dataClass,
  terms,
}: Dictionary): Detector | { readonly problem: string } {
  if (terms.length === 0) return { problem: 'the list has no terms; write one on each line' }
  if (terms.length > dictionaryLimits.terms)
    return { problem: `more than ${dictionaryLimits.terms} terms; make several dictionaries of them` }
  const root = makeNode()
  let longest = 0
  let states = 0
  for (const [index, term] of terms.entries()) {
    const letters = toLetters(term)
    if (letters.length === 0)
      return { problem: `term ${index + 1} has neither a letter nor a digit, and could never be found` }
    if (letters.length > dictionaryLimits.length)
      return { problem: `term ${index + 1} is longer than ${dictionaryLimits.length} characters; shorten it` }
    longest = Math.max(longest, letters.length)
    states += insert(root, letters)
    if (states > dictionaryLimits.states)
      return {
        problem: `the terms are too long together, from term ${index + 1} on; make several dictionaries of them`,
      }
  }
  return { name, class: dataClass, pattern: toPattern(root), terms: true, maxLength: 2 * longest + maxBlank }
}

/** What may stand between the words of a term in the text; with more, all of it is masked. */
const maxBlank = 256

interface TrieNode {
  readonly next: Map<string, TrieNode>
  isEnd: boolean
}

function makeNode(): TrieNode {
  return { next: new Map(), isEnd: false }
}

/** How many states it took. */
function insert(root: TrieNode, letters: readonly string[]): number {
  let made = 0
  let at = root
  for (const letter of letters) {
    let next = at.next.get(letter)
    if (next === undefined) {
      next = makeNode()
      at.next.set(letter, next)
      made += letter === ' ' ? 4 : 1
    }
    at = next
  }
  at.isEnd = true
  return made
}

const letterOrDigit = /[\p{L}\p{N}\p{M}]/u

/** The letters and digits of a term in lower case, with a space for whatever stands between them. */
function toLetters(term: string): readonly string[] {
  const letters: string[] = []
  for (const character of term.normalize('NFC').toLowerCase()) {
    const letter = foldLetter(character)
    if (letter === undefined) continue
    if (letterOrDigit.test(letter)) letters.push(letter)
    else if (letters.length > 0 && letters.at(-1) !== ' ') letters.push(' ')
  }
  if (letters.at(-1) === ' ') letters.pop()
  return letters
}

/** Look-alikes stay: a term of Cyrillic letters means those. Undefined: a character that nobody sees. */
function foldLetter(character: string): string | undefined {
  const point = character.codePointAt(0) ?? 0
  const stands = isLookalike(point) ? point : (folds.get(point) ?? point)
  return stands === ignorable ? undefined : String.fromCodePoint(stands).toLowerCase()
}

/** Punctuation, symbols and pictures, and what folds to one of them; short, for it stands between any two words of any term. */
const blank = '[\x00-/:-@\\[-\x60{-\xbf\u2000-\u2bff\u3000-\u3003\u{1f000}-\u{1faff}]+'

function toPattern(root: TrieNode): string {
  const branches = [...root.next].map(([letter, node]) => `${edgeOf(letter)}${toBranch(letter, node, 0)}`)
  return `(?i:${branches.join('|')})`
}

/** Deeper than this the trie is not factored further: the pattern parser has a limit to its groups. */
const maxDepth = 40

function toBranch(letter: string, node: TrieNode, depth: number): string {
  let text = toLiteral(letter)
  let last = letter
  let at = node
  for (let only = onlyChild(at); only !== undefined; only = onlyChild(at)) {
    ;[last, at] = only
    text += toLiteral(last)
  }
  if (depth >= maxDepth) return `${text}(?:${tails(at, last).join('|')})`
  const branches = [...at.next].map(([following, child]) => toBranch(following, child, depth + 1))
  if (at.isEnd) branches.unshift(edgeOf(last))
  return branches.length === 1 ? `${text}${branches[0] ?? ''}` : `${text}(?:${branches.join('|')})`
}

function onlyChild({ next, isEnd }: TrieNode): [string, TrieNode] | undefined {
  if (isEnd || next.size !== 1) return undefined
  const [only] = next
  return only
}

/** What follows a node to the ends of its terms, each written out. */
function tails(node: TrieNode, last: string): readonly string[] {
  const all: string[] = []
  const open: { readonly text: string; readonly last: string; readonly node: TrieNode }[] = [{ text: '', last, node }]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { text } = at
    if (at.node.isEnd) all.push(text + edgeOf(at.last))
    for (const [letter, child] of at.node.next) open.push({ text: text + toLiteral(letter), last: letter, node: child })
  }
  return all
}

function toLiteral(letter: string): string {
  return letter === ' ' ? blank : letter
}

/**
 * The edge of a word that begins or ends with this letter. Letters beyond ASCII are none to \\b, but for look-alikes: beside others
 * of its script a term counts as a whole word.
 */
function edgeOf(letter: string): string {
  const cases = [letter, letter.toUpperCase()].map((one) => one.codePointAt(0) ?? 0)
  const words = cases.filter((point) => /\w/.test(String.fromCodePoint(folds.get(point) ?? point)))
  if (words.length === cases.length) return '\\b'
  return words.length === 0 ? '\\B' : ''
}
