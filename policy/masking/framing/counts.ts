// Findings of many maskers together: those that are done, and those that still read.
import type { Masker } from '../masker.ts'

export class Counts {
  readonly #total = new Map<string, number>()
  readonly #open = new Set<Masker>()

  /** The same masker, counted. */
  track(masker: Masker): Masker {
    this.#open.add(masker)
    return {
      push: masker.push,
      end: () => {
        const rest = masker.end()
        this.#open.delete(masker)
        add(this.#total, masker.counts())
        return rest
      },
      counts: masker.counts,
    }
  }

  /** Of a masker that is done. */
  add(counts: Readonly<Record<string, number>>): void {
    add(this.#total, counts)
  }

  sum(): Readonly<Record<string, number>> {
    const sum = new Map(this.#total)
    for (const masker of this.#open) add(sum, masker.counts())
    return Object.fromEntries(sum)
  }
}

function add(sum: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sum.set(name, (sum.get(name) ?? 0) + count)
}
