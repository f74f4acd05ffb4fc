// How many cases each property tries: a thousand in CI, as many as the nightly run asks for. The seed of a failure is printed by
// fast-check; a case that ever failed is kept by name beside its property.
import process from 'node:process'
import type { Parameters } from 'fast-check'

// oxlint-disable-next-line node/no-process-env -- the only knob of the fuzz project; vitest has no other way to hand it in
const wanted = Number(process.env['FUZZ_RUNS'] ?? 1_000)

export const numRuns = Number.isSafeInteger(wanted) && wanted > 0 ? wanted : 1_000

/** New cases every night, the same ones in CI. */
export const runs: Parameters<unknown> = numRuns > 1_000 ? { numRuns } : { numRuns, seed: 20_261_120 }
