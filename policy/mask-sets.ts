// What the policies of a connection that speak about one call ask to be masked, together. The same policies always give the same
// object, so that whoever makes something of it for a call (engines above all) can keep that for the next.
import type { CompiledPolicy } from './compiled.ts'
import { noMasks } from './judgement.ts'
import type { MaskDemands } from './masking/demand.ts'

type Consenting = readonly { readonly policy: CompiledPolicy }[]

/** Callers differ in which policies speak about them, but not in this many ways at a time. */
const maxKept = 256

export class MaskSets {
  readonly #isEmpty: boolean
  readonly #kept = new Map<string, MaskDemands>()

  constructor(policies: readonly CompiledPolicy[]) {
    this.#isEmpty = !policies.some(masks)
  }

  /** Of those that act, and of those in mode Audit. */
  of(heard: Consenting, audited: Consenting): MaskDemands {
    if (this.#isEmpty) return noMasks
    const masking = [...heard, ...audited].map(({ policy }) => policy).filter(masks)
    const [first, ...others] = masking
    if (first === undefined) return noMasks
    return others.length === 0 ? first.masks : this.#combine(masking)
  }

  #combine(policies: readonly CompiledPolicy[]): MaskDemands {
    const key = policies.map(({ id }) => id).join(' ')
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    const combined = {
      request: policies.flatMap(({ masks: { request } }) => request),
      response: policies.flatMap(({ masks: { response } }) => response),
    }
    if (this.#kept.size >= maxKept) this.#kept.clear()
    this.#kept.set(key, combined)
    return combined
  }
}

function masks({ masks: { request, response } }: CompiledPolicy): boolean {
  return request.length > 0 || response.length > 0
}
