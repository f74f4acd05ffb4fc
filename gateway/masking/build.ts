// Everything that masks, around one set of engines.
import { MaskEngines } from '../../policy/masking/mask-engines.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import type { MaskCall } from './call-masks.ts'
import { makeMaskCall } from './call-masks.ts'
import type { MakeScan } from './scan.ts'
import { makeMakeScan } from './scan.ts'
import type { TenantKeys } from './tenant-keys.ts'
import { warmMasks } from './warm.ts'

export interface Masking {
  readonly makeScan: MakeScan
  readonly mask: MaskCall
  /** Resolves when the engines of a snapshot are there; calls do not wait for it. */
  readonly prepare: (snapshot: Snapshot, signal: AbortSignal) => Promise<void>
}

export function buildMasking(tenantKeys: TenantKeys, breathe: () => Promise<void>): Masking {
  const engines = new MaskEngines()
  return {
    makeScan: makeMakeScan(engines),
    mask: makeMaskCall({ engines, tenantKey: tenantKeys.get }),
    prepare: async ({ connections }, signal) => warmMasks({ engines, breathe }, connections.values(), signal),
  }
}
