// A whole string without escapes with other text in it: what AlignedText does, where there is nothing to align.
import { commonLength } from './aligned-text.ts'
import type { Sink } from './sink.ts'
import { JsonSpeller } from './spelling.ts'

/** It stays as far as the two agree, and the rest is spelled anew. */
export function replacePlain(raw: string, masked: string, sink: Sink): void {
  const same = commonLength(raw, masked, 0)
  const speller = new JsonSpeller()
  sink.keep(raw.slice(0, same))
  sink.write(speller.spell(masked.slice(same)) + speller.end())
  sink.skip(raw.length - same)
}
