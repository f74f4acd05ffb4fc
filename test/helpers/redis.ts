// A real Redis (or Valkey) for tests, on a free port, without a disk; it can be killed, frozen, and started anew on the same port.
import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import path from 'node:path'
import type { ConnectRedis } from '../../gateway/limits/redis-connection.ts'

/** The server that this machine has; undefined: tests of the shared store do not run here. */
export const redisServer = ['redis-server', 'valkey-server'].find(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
)

export interface Redis extends AsyncDisposable {
  readonly port: number
  /** As with kill -9. */
  readonly kill: () => Promise<void>
  /** Empty, as a store without a disk is. */
  readonly restart: () => Promise<void>
  readonly freeze: () => void
  readonly thaw: () => void
}

export interface RedisOptions {
  readonly password?: string
  /** A folder with certificates, as `test/helpers/tls`; TLS only then. */
  readonly tlsFolder?: string
}

export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const port = await findPort()
  let child = await spawnRedis(port, options)
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.kill('SIGKILL')
    await ended
  }
  return {
    port,
    kill,
    restart: async () => {
      await kill()
      child = await spawnRedis(port, options)
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    [Symbol.asyncDispose]: kill,
  }
}

/** Lets a test look at the store itself. */
export async function askRedis(connect: ConnectRedis, lua: string): Promise<unknown> {
  const connection = await connect()
  try {
    return await connection.run({ name: 'test', text: lua }, [], [])
  } finally {
    connection.close()
  }
}

async function spawnRedis(port: number, { password, tlsFolder }: RedisOptions): Promise<ChildProcess> {
  const args = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no']
  if (password !== undefined) args.push('--requirepass', password)
  args.push(...(tlsFolder === undefined ? ['--port', String(port)] : toTlsArgs(port, tlsFolder)))
  const child = spawn(redisServer ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (bytes: Buffer): void => {
      output += bytes.toString('utf8')
      if (output.includes('Ready to accept connections')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`the store ended with ${code}: ${output}`)))
  })
  return child
}

function toTlsArgs(port: number, folder: string): readonly string[] {
  const tls = {
    port: '0',
    'tls-port': String(port),
    'tls-auth-clients': 'no',
    'tls-cert-file': path.join(folder, 'test-only-server.pem'),
    'tls-key-file': path.join(folder, 'test-only-server.key'),
    'tls-ca-cert-file': path.join(folder, 'test-only-ca.pem'),
  }
  return Object.entries(tls).flatMap(([name, value]) => [`--${name}`, value])
}

/** Redis takes port 0 for none at all, so a free one is found for it. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
