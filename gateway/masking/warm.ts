// Makes the engines that calls will ask for before they do, a step at a time: building automata takes some hundredths of a second, and a
// call should not wait for it. Only the combination in which every policy speaks about the caller; others are made when they come.
import type { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MasksTooLarge } from '../../policy/masking/mask-engines.ts'
import type { MaskDemand } from '../../policy/masking/demand.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'

export interface WarmDeps {
  readonly engines: MaskEngines
  /** Lets calls through in between. */
  readonly breathe: () => Promise<void>
}

export async function warmMasks(
  { engines, breathe }: WarmDeps,
  connections: Iterable<CompiledConnection>,
  signal: AbortSignal,
): Promise<void> {
  for (const connection of connections) {
    const { request, response } = connection.masks.of(toAll(connection), [])
    for (const demands of [request, response]) {
      if (demands.length === 0) continue
      if (signal.aborted) return
      warm(engines, demands, connection)
      // oxlint-disable-next-line no-await-in-loop -- one step after the other is the point
      await breathe()
    }
  }
}

function toAll({ policies }: CompiledConnection): Parameters<CompiledConnection['masks']['of']>[0] {
  return policies.map((policy) => ({ policy }))
}

function warm(engines: MaskEngines, demands: readonly MaskDemand[], { classified }: CompiledConnection): void {
  try {
    engines.of(demands, classified)
  } catch (error) {
    // The calls that need them are refused, each with its own error.
    if (!(error instanceof MasksTooLarge)) throw error
  }
}
