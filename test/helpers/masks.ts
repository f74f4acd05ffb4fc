// Masks for tests: one demand with everything at its default, and a tenant's key that needs no key.
import { createHash } from 'node:crypto'
import type { MaskDemand } from '../../policy/masking/demand.ts'
import type { Keyed } from '../../policy/masking/keyed.ts'

export function makeMask(mask: Partial<MaskDemand> = {}): MaskDemand {
  return {
    name: 'mask',
    class: 'PII',
    detectors: [],
    fields: [],
    action: 'Redact',
    label: 'PII',
    keepLast: 4,
    restores: false,
    policy: 'team-a/policy',
    acts: true,
    ...mask,
  }
}

export function keyedOf(tenant: string): Keyed {
  return (...what) =>
    createHash('sha256')
      .update(JSON.stringify([tenant, ...what]))
      .digest()
}
