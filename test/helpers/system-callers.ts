// Callers that do not stop: one call after the other at each gateway, so that whatever a fault does to calls is seen.
import type { System } from './system.ts'

export interface Callers extends AsyncDisposable {
  readonly count: () => number
  /** What went wrong, in words; empty when every call was answered as it should be. */
  readonly stop: () => Promise<readonly string[]>
}

export function startCallers(system: System, gateways: readonly number[]): Callers {
  const trouble: string[] = []
  const stopping = new AbortController()
  let count = 0
  const callOn = async (gateway: number): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const { status, code } = await system.call(gateway)
        if (status !== 200) trouble.push(`call ${count}: ${status} ${code ?? ''}`)
      } catch (error) {
        trouble.push(`call ${count}: ${error instanceof Error ? error.message : 'unknown error'}`)
      }
      count += 1
    }
  }
  const calling = Promise.all(gateways.map(callOn))
  const stop = async (): Promise<readonly string[]> => {
    stopping.abort()
    await calling
    return trouble
  }
  return { count: () => count, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}
