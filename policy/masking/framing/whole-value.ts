// A text that is a finding as a whole, whatever it looks like: held to its end, then replaced. What is longer than anybody needs to see
// is replaced all the same, by what stands for its first part.
import type { Masker } from '../masker.ts'

const maxUnits = 65_536

export function startWhole(replaceAll: (value: string) => string): Masker {
  let held = ''
  return {
    push: (text) => {
      if (held.length < maxUnits) held += text.slice(0, maxUnits - held.length)
      return ''
    },
    end: () => replaceAll(held),
    counts: () => ({}),
  }
}
