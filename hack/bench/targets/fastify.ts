// The two bare fastify forwarders: the documented one, and the lean one that the budgets compare with.
import path from 'node:path'

import { processOptions } from '../cache.ts'
import { startProcess } from '../processes.ts'
import { startTimeoutMs, toStarted } from '../target.ts'
import type { Target } from '../target.ts'

export const httpProxy: Target = makeFastifyTarget('http-proxy')
export const dispatch: Target = makeFastifyTarget('dispatch')

function makeFastifyTarget(name: string): Target {
  const script = path.join(import.meta.dirname, '..', 'servers', `${name}.ts`)
  return {
    name,
    async start(bench, upstream) {
      const command = { name, file: process.execPath, args: [script, upstream.origin], cores: bench.cores.proxy }
      const running = startProcess({ ...command, ...processOptions(bench) })
      const [, port] = await running.line(/^listening (\d+)$/m, startTimeoutMs)
      return toStarted(name, running, Number(port))
    },
  }
}
