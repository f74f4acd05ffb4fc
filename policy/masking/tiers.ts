// Detectors in tiers, from the strictest to the mildest: each tier is an engine of its own over the original text, so that none sees
// what another put in place, and findings that overlap become one span that belongs to the strictest tier among them.
import type { Compiled } from './compiled.ts'
import type { Detector } from './detector.ts'
import { compileDetectors, compileEngine, toEngine, type EngineProblems } from './engine.ts'
import type { Engine, Finding, Masker, Replace, StartOptions } from './masker.ts'
import { MergedScan } from './merged-scan.ts'
import type { Problem } from '../problem.ts'

/** One tier is an engine like any other. Replace and label are asked about the strictest finding of a span, with the span's place. */
export function compileTiers(tiers: readonly (readonly Detector[])[]): Engine | EngineProblems {
  const problems: Problem[] = []
  const compiled: Compiled[] = []
  for (const [index, tier] of tiers.entries()) {
    const made = compileDetectors(tier)
    if (!('problems' in made)) compiled.push(made)
    else for (const problem of made.problems) problems.push({ ...problem, path: `tiers[${index}].${problem.path}` })
  }
  if (problems.length > 0) return { problems }
  const used = compiled.filter(({ detectors }) => detectors.length > 0)
  const [only = compiled[0]] = used
  if (only === undefined) return compileEngine([])
  return used.length > 1 ? toMergedEngine(used) : toEngine(only)
}

function toMergedEngine(tiers: readonly Compiled[]): Engine {
  return {
    findAll: (text, before) => findAll(tiers, text, before),
    maskAll: (text, replace, options) => new MergedScan(tiers, { ...options, replace }).advance(text, true),
    start: (replace, options) => startMasker(tiers, replace, options),
  }
}

/** Every finding of every tier: they may overlap. */
function findAll(tiers: readonly Compiled[], text: string, before?: string): readonly Finding[] {
  return tiers
    .flatMap((tier) => toEngine(tier).findAll(text, before))
    .toSorted((one, other) => one.start - other.start || one.end - other.end)
}

function startMasker(tiers: readonly Compiled[], replace: Replace, options?: StartOptions): Masker {
  const scan = new MergedScan(tiers, { ...options, replace })
  return {
    push: (text) => scan.advance(text, false),
    end: () => scan.advance('', true),
    counts: () => scan.counts(),
  }
}
