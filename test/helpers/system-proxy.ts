// A road to the API server that breaks: a TCP proxy between one process and the server, which cuts every connection at intervals,
// or refuses all of them. TLS goes through it untouched, so the process verifies the real server.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface BreakingRoad extends AsyncDisposable {
  /** What a kubeconfig names instead of the server. */
  readonly server: string
  /** Connections that were cut so far. */
  readonly cuts: () => number
  /** From now on everything is cut every so often; 0: never. */
  cutEvery(ms: number): void
}

export async function startBreakingRoad(apiServer: string): Promise<BreakingRoad> {
  const target = new URL(apiServer)
  const pairs = new Set<readonly [Socket, Socket]>()
  let cuts = 0
  let timer: NodeJS.Timeout | undefined
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.pipe(other)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        other.destroy()
        pairs.delete(pair)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cutAll = (): void => {
    for (const [near, far] of pairs) {
      cuts += 1
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
  }
  return {
    server: `https://127.0.0.1:${port}`,
    cuts: () => cuts,
    cutEvery: (ms) => {
      clearInterval(timer)
      if (ms > 0) timer = setInterval(cutAll, ms)
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}
