// The gateway as people run it: `node gateway/main.ts` with its settings in the environment, a bundle mounted as kubelet would,
// and everything it wrote.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeProjection } from '../../hack/cluster/projection.ts'
import { bundleConfigMapName, toConfigMaps } from '../../policy/bundle-config-map.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import type { Bundle } from '../../policy/bundle.ts'
import { sha256 } from './make.ts'

const root = path.join(import.meta.dirname, '..', '..')

export interface GatewayProcess extends AsyncDisposable {
  readonly child: ChildProcess
  /** Standard output so far. */
  readonly logs: () => string
  readonly errors: () => string
  /** Ports, once it has said that it listens. */
  readonly listening: Promise<{ readonly port: number; readonly adminPort: number }>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

export type ProcessEnv = Readonly<Record<string, string>>

export function spawnGateway(env: ProcessEnv, nodeOptions: readonly string[] = []): GatewayProcess {
  const child = spawn(process.execPath, [...nodeOptions, path.join(root, 'gateway', 'main.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let logs = ''
  let errors = ''
  const listening = Promise.withResolvers<{ port: number; adminPort: number }>()
  child.stdout.on('data', (bytes: Buffer) => {
    logs += bytes.toString('utf8')
    const line = logs.split('\n').find((candidate) => candidate.includes('"msg":"listening"'))
    if (line !== undefined) listening.resolve(JSON.parse(line))
  })
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString('utf8')))
  const ended = once(child, 'close').then(([code, signal]: unknown[]): number | string => {
    listening.reject(new Error(`the gateway ended with ${String(code ?? signal)}: ${errors}${logs}`))
    return typeof code === 'number' ? code : String(signal)
  })
  // Tests that expect it not to listen never look at this.
  listening.promise.catch(() => undefined)
  return {
    child,
    logs: () => logs,
    errors: () => errors,
    listening: listening.promise,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export interface Mount extends AsyncDisposable {
  readonly folder: string
  readonly recordsFile: string
  /** Mounts the bundle as the next in sequence. */
  readonly publish: (bundle: Bundle) => Promise<void>
  readonly env: ProcessEnv
}

export async function makeMount(): Promise<Mount> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-process-'))
  const bundleFolder = path.join(folder, 'bundle')
  const recordsFile = path.join(folder, 'records.jsonl')
  let n = 0
  return {
    folder,
    recordsFile,
    publish: async (bundle) => {
      n += 1
      const parts = encodeBundle(bundle, sha256)
      const { index } = toConfigMaps(
        parts,
        { epoch: 1, n, digest: parts.digest },
        { gzip: (text) => gzipSync(text), digestInSlot: () => undefined },
      )
      const texts = Object.entries(index.data).map(([name, text]) => [name, Buffer.from(text)] as const)
      const files = new Map<string, Uint8Array>([...texts, ...Object.entries(index.binaryData)])
      await writeProjection(path.join(bundleFolder, bundleConfigMapName), files, new Date())
    },
    env: {
      PORTCULLIS_KUBERNETES: 'off',
      PORTCULLIS_HOST: '127.0.0.1',
      PORTCULLIS_PORT: '0',
      PORTCULLIS_ADMIN_HOST: '127.0.0.1',
      PORTCULLIS_ADMIN_PORT: '0',
      PORTCULLIS_ALLOW_LOOPBACK: 'yes',
      PORTCULLIS_BUNDLE_FOLDER: bundleFolder,
      PORTCULLIS_RECORDS: recordsFile,
    },
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  }
}
