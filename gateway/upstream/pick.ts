// Which endpoint answers next: smooth weighted round robin, so that weights of 2:1 give a, b, a rather than bursts. One rotation
// per connection and snapshot; each replica starts at a place of its own.
import type { BundleEndpoint } from '../../policy/bundle.ts'

interface Candidate {
  readonly endpoint: BundleEndpoint
  credit: number
}

export class Rotation {
  readonly #candidates: readonly Candidate[]

  constructor(endpoints: readonly BundleEndpoint[], random: () => number) {
    this.#candidates = endpoints.filter(({ weight }) => weight > 0).map((endpoint) => ({ endpoint, credit: 0 }))
    for (let skip = Math.floor(random() * this.#candidates.length); skip > 0; skip -= 1) this.next()
  }

  /** Undefined: every endpoint that has a weight was tried. */
  next(tried?: ReadonlySet<BundleEndpoint>): BundleEndpoint | undefined {
    let best: Candidate | undefined
    let sum = 0
    for (const candidate of this.#candidates) {
      if (tried?.has(candidate.endpoint)) continue
      candidate.credit += candidate.endpoint.weight
      sum += candidate.endpoint.weight
      if (best === undefined || candidate.credit > best.credit) best = candidate
    }
    if (best !== undefined) best.credit -= sum
    return best?.endpoint
  }
}
