// Makes one engine of a list of detectors, or says what is wrong with them. What is too large to run safely is refused here, when a
// policy is accepted, and not met when a call comes.
import { buildAlphabet } from './automata/alphabet.ts'
import type { PointRange } from './automata/char-set.ts'
import { LazyDfa } from './automata/lazy-dfa.ts'
import { buildNfa, countStates, isNullable, longestMatch, SetNumbers } from './automata/nfa.ts'
import { isTooLarge } from './automata/state-count.ts'
import type { Compiled, CompiledDetector } from './compiled.ts'
import { toContextRule } from './context-words.ts'
import type { Detector } from './detector.ts'
import { isLookalike } from './fold.ts'
import type { Engine, Finding, Masker } from './masker.ts'
import { allDetectors } from './packs.ts'
import { parsePattern, type PatternNode } from './pattern.ts'
import type { Problem } from '../problem.ts'
import { Scan, type Sink } from './scan.ts'
import { Starts } from './starts.ts'

export interface EngineProblems {
  readonly problems: readonly Problem[]
}

/** States of all patterns together when unrolled, those of one pattern or list of terms, and those of an automaton before it starts anew. */
const limits = { all: 400_000, one: 120_000, terms: 300_000, dfa: 20_000, maxLength: 65_536 } as const

export function compileEngine(detectors: readonly Detector[]): Engine | EngineProblems {
  const compiled = compileDetectors(detectors)
  return 'problems' in compiled ? compiled : toEngine(compiled)
}

export function compileDetectors(detectors: readonly Detector[]): Compiled | EngineProblems {
  const problems: Problem[] = []
  const nodes: PatternNode[] = []
  const names = new Set<string>()
  for (const [index, detector] of detectors.entries()) {
    const path = `detectors[${index}]`
    const parsed = parsePattern(detector.pattern)
    const refusal = 'error' in parsed ? undefined : refusePattern(detector, parsed.node)
    if ('error' in parsed) problems.push(invalid(`${path}.pattern`, parsed.error.message, parsed.error.position))
    else if (refusal === undefined) nodes.push(parsed.node)
    else problems.push(invalid(`${path}.pattern`, refusal))
    if (!(detector.maxLength >= 1 && detector.maxLength <= limits.maxLength))
      problems.push(invalid(`${path}.maxLength`, `must be from 1 to ${limits.maxLength}`))
    if (names.has(detector.name)) problems.push(invalid(`${path}.name`, 'another detector has the same name'))
    names.add(detector.name)
  }
  if (nodes.reduce((sum, node) => sum + countStates(node), 0) > limits.all)
    problems.push(invalid('detectors', `more than ${limits.all} states together; use fewer or shorter patterns`))
  return problems.length > 0 ? { problems } : compileNodes(detectors, nodes)
}

function invalid(path: string, message: string, position?: number): Problem {
  const at = position === undefined ? {} : { line: 1, column: position + 1 }
  return { path, reason: 'Invalid', message, ...at }
}

/** Measuring a pattern takes longer than compiling it by far and is not done twice; those of the packs are measured by a test. */
const measured = new WeakSet(allDetectors)

function refusePattern(detector: Detector, node: PatternNode): string | undefined {
  const most = detector.terms === true ? limits.terms : limits.one
  if (countStates(node) > most)
    return `unrolls to more than ${most} states; shorten its repeats or leave their upper bounds away`
  if (isNullable(node)) return 'matches the empty text; make some part of it obligatory'
  if (detector.terms !== true && !measured.has(detector) && isTooLarge(node))
    return 'needs too many states to be run in one pass; a repeat over characters that also stand before it is the usual cause'
  measured.add(detector)
  return undefined
}

function compileNodes(detectors: readonly Detector[], nodes: readonly PatternNode[]): Compiled {
  const sets = new SetNumbers()
  const exact = buildNfa(nodes, { sets, relaxed: false })
  const relaxed = buildNfa(nodes, { sets, relaxed: true })
  const alphabet = buildAlphabet(sets.sets)
  const compiled = detectors.map((detector, index) => compileDetector(detector, nodes[index]))
  const shared = { alphabet, caps: compiled.map(({ cap }) => cap), maxStates: limits.dfa }
  return {
    detectors: compiled,
    alphabet,
    gate: new LazyDfa({ ...shared, nfa: relaxed, unanchored: true }),
    starts: new Starts(alphabet, new LazyDfa({ ...shared, nfa: relaxed, unanchored: false })),
    exact: new LazyDfa({ ...shared, nfa: exact, unanchored: false }),
    needsContext: compiled.some(({ context }) => context !== undefined),
  }
}

function compileDetector(detector: Detector, node: PatternNode | undefined): CompiledDetector {
  const context = toContextRule(detector)
  const unconditional = detector.verify === undefined && context === undefined
  const longest = node === undefined ? Infinity : longestMatch(node)
  const cap = longest <= detector.maxLength ? Infinity : detector.maxLength
  return { detector, unconditional, cap, context, foreign: node !== undefined && isForeignPattern(node) }
}

function isForeignPattern(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return node.set.items.some(({ ranges, negated }) => !negated && ranges.some(hasLookalike))
    case 'boundary':
      return false
    case 'repeat':
      return isForeignPattern(node.node)
    case 'sequence':
    case 'choice':
      return node.nodes.some(isForeignPattern)
  }
}

/** By its ends: who writes a range of foreign letters begins or ends it with one that has no look-alike, or means the script. */
function hasLookalike([first, last]: PointRange): boolean {
  return isLookalike(first) || isLookalike(last) || (first >= 0x370 && last <= 0x52f)
}

export function toEngine(compiled: Compiled): Engine {
  return {
    findAll: (text, before) => {
      const findings: Finding[] = []
      const found = (finding: Finding): void => void findings.push(finding)
      new Scan(compiled, { replace: () => '', before, found }).advance(text, true)
      return findings
    },
    maskAll: (text, replace, options) => new Scan(compiled, { ...options, replace }).advance(text, true),
    start: (replace, options) => startMasker(compiled, { ...options, replace }),
  }
}

const nothing: Readonly<Record<string, number>> = {}

function startMasker(compiled: Compiled, sink: Sink): Masker {
  const scan = new Scan(compiled, sink)
  return {
    push: (text) => scan.advance(text, false),
    end: () => scan.advance('', true),
    counts: () => (scan.counts.size === 0 ? nothing : Object.fromEntries(scan.counts)),
  }
}
