// Detectors in tiers, from the strictest to the mildest: each tier is an engine of its own over the original text, so that none sees
// what another put in place, and findings that overlap become one span that belongs to the strictest tier among them.
import type { Compiled } from './compiled.ts'
import { EncodedScan } from './decode/encoded-scan.ts'
import type { Detector } from './detector.ts'
import { compileDetectors, toEngine, type EngineProblems } from './engine.ts'
import type { Engine, Finding, Masker, Replace, StartOptions } from './masker.ts'
import { toKnownWords } from './known-words.ts'
import { toMayFind, type MayFind } from './may-find.ts'
import { MergedScan, type StartScan } from './merged-scan.ts'
import type { Problem } from '../problem.ts'
import { Scan } from './scan.ts'

export interface TierOptions {
  /** Which tiers look into base64, hex, percent-encoding, entities and escapes as well. Absent: none. */
  readonly decodes?: (tier: readonly Detector[]) => boolean
}

export interface TieredEngine extends Engine {
  readonly mayFind: MayFind
  /** Whether a text is a word that holds nothing, whatever stands before it. */
  readonly knows: (text: string) => boolean
}

/** One tier is an engine like any other. Replace and label are asked about the strictest finding of a span, with the span's place. */
export function compileTiers(
  tiers: readonly (readonly Detector[])[],
  { decodes = never }: TierOptions = {},
): TieredEngine | EngineProblems {
  const compiled = compileEach(tiers)
  if ('problems' in compiled) return compiled
  const used = compiled.filter(({ detectors }) => detectors.length > 0)
  const [first] = used
  if (first === undefined) return { ...nothing, mayFind: () => false, knows: () => false }
  const scans = used.flatMap((tier) => [toScan(tier), ...toEncodedScan(tier, decodes)])
  const mayFind = toMayFind(used.map((tier) => ({ compiled: tier, decodes: isDecoded(tier, decodes) })))
  return { ...(scans.length > 1 ? toMergedEngine(scans) : toEngine(first)), mayFind, knows: toKnownWords(mayFind) }
}

/** Finds nothing, without reading. */
const nothing: Engine = {
  findAll: () => [],
  maskAll: (text) => text,
  start: () => ({ push: (text) => text, end: () => '', counts: () => ({}) }),
}

function isDecoded({ detectors }: Compiled, decodes: NonNullable<TierOptions['decodes']>): boolean {
  return decodes(detectors.map(({ detector }) => detector))
}

function compileEach(tiers: readonly (readonly Detector[])[]): readonly Compiled[] | EngineProblems {
  const problems: Problem[] = []
  const compiled: Compiled[] = []
  for (const [index, tier] of tiers.entries()) {
    const made = compileDetectors(tier)
    if (!('problems' in made)) compiled.push(made)
    else for (const problem of made.problems) problems.push({ ...problem, path: `tiers[${index}].${problem.path}` })
  }
  return problems.length > 0 ? { problems } : compiled
}

function never(): boolean {
  return false
}

function toMergedEngine(scans: readonly StartScan[]): Engine {
  return {
    findAll: (text, before) => findAll(scans, text, before),
    maskAll: (text, replace, options) => new MergedScan(scans, { ...options, replace }).advance(text, true),
    start: (replace, options) => startMasker(scans, replace, options),
  }
}

function toScan(tier: Compiled): StartScan {
  return (sink) => new Scan(tier, sink)
}

/** A run that is too long to be looked into counts as what the tier has first. */
function toEncodedScan(tier: Compiled, decodes: NonNullable<TierOptions['decodes']>): readonly StartScan[] {
  const [first] = tier.detectors
  if (first === undefined || !isDecoded(tier, decodes)) return []
  const { name, class: dataClass } = first.detector
  const options = { find: toEngine(tier).findAll, tooLong: { detector: name, class: dataClass } }
  return [(sink) => new EncodedScan(options, sink)]
}

/** Every finding of every tier: they may overlap. */
function findAll(scans: readonly StartScan[], text: string, before?: string): readonly Finding[] {
  const findings: Finding[] = []
  const found = (finding: Finding): void => void findings.push(finding)
  for (const start of scans) start({ replace: () => '', before, found }).advance(text, true)
  return findings.toSorted((one, other) => one.start - other.start || one.end - other.end)
}

function startMasker(scans: readonly StartScan[], replace: Replace, options?: StartOptions): Masker {
  const scan = new MergedScan(scans, { ...options, replace })
  return {
    push: (text) => scan.advance(text, false),
    end: () => scan.advance('', true),
    counts: () => scan.counts(),
  }
}
