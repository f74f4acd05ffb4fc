// The Portkey gateway, the nearest peer in the same language, passing calls through to the mock.
import { copyFile, readFile } from 'node:fs/promises'
import path from 'node:path'

import { makeOnce, nameByContent, processOptions } from '../cache.ts'
import { findFreePort, runCommand, startProcess, waitForPort } from '../processes.ts'
import type { Bench } from '../suite.ts'
import { startTimeoutMs, toStarted } from '../target.ts'
import type { Target } from '../target.ts'

const sources = path.join(import.meta.dirname, '..', 'portkey')
const loopback = path.join(import.meta.dirname, '..', 'servers', 'loopback.ts')
const lockFiles = ['package.json', 'package-lock.json']

export const portkey: Target = {
  name: 'portkey',
  async start(bench, upstream) {
    const folder = await installPortkey(bench)
    const port = await findFreePort()
    const script = path.join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
    const args = ['--import', loopback, script, '--headless', `--port=${port}`]
    const options = processOptions(bench)
    const environment = { ...options.environment, NODE_ENV: 'production' }
    const command = { name: 'portkey', file: process.execPath, args, cores: bench.cores.proxy, folder }
    const running = startProcess({ ...command, ...options, environment })
    await waitForPort(running, port, { timeoutMs: startTimeoutMs, signal: bench.signal })
    return { ...toStarted('portkey', running, port), headers: toHeaders(upstream.origin) }
  },
}

/** Without a provider Portkey refuses; the host it adds its own path to; the key is one that the mock never reads. */
function toHeaders(upstreamOrigin: string): Record<string, string> {
  return {
    authorization: 'Bearer bench',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstreamOrigin}/v1`,
  }
}

/** Installs Portkey from its own lock file into the cache; never into the tree, whose dependencies are the product's. */
async function installPortkey(bench: Bench): Promise<string> {
  const texts = await Promise.all(lockFiles.map(async (file) => await readFile(path.join(sources, file), 'utf8')))
  return await makeOnce(bench, nameByContent('bench-portkey', texts), async (draft) => {
    bench.log('installing Portkey from hack/bench/portkey/package-lock.json into the cache (half a minute) ...')
    await Promise.all(lockFiles.map(async (file) => await copyFile(path.join(sources, file), path.join(draft, file))))
    const args = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await runCommand({ name: 'npm ci', file: 'npm', args, folder: draft, ...processOptions(bench) })
  })
}
