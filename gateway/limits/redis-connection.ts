// One connection to Redis or Valkey, through @redis/client. It never reconnects by itself and never sends anything twice: what goes
// on after a failure is decided in redis-link.ts.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Script } from './redis-scripts.ts'
import { changeScript, takeScript } from './redis-scripts.ts'

export interface RedisConnection {
  /** Rejects when the store refuses or the connection is lost; then nobody knows whether it ran. */
  readonly run: (script: Script, keys: readonly string[], args: readonly string[]) => Promise<unknown>
  readonly ping: () => Promise<unknown>
  /** Resolves once it is lost or closed. */
  readonly closed: Promise<void>
  readonly close: () => void
}

/** Rejects when there is no store that answers. */
export type ConnectRedis = () => Promise<RedisConnection>

const connectMs = 2_000
const maxQueued = 10_000

export interface RedisPlace {
  /** Holds `redis[s]://[user[:password]@]host[:port][/database]`. */
  readonly urlFile: string
  /** Authorities that may sign the store's certificate, in place of the public ones. */
  readonly caFile?: string | undefined
}

/** The files are read for each connection, so a password or an authority may be rotated without a restart. */
export function makeConnectRedis({ urlFile, caFile }: RedisPlace): ConnectRedis {
  return async () => {
    const url = (await readFile(urlFile, 'utf8')).trim()
    if (caFile === undefined) return connect(url, {})
    if (!url.startsWith('rediss://')) throw new Error('an authority is given for a store without TLS')
    return connect(url, { tls: true, ca: await readFile(caFile) })
  }
}

async function connect(url: string, tls: { readonly tls?: true; readonly ca?: Buffer }): Promise<RedisConnection> {
  // Only where a store is configured: the client and all its commands are ten megabytes.
  const { createClient } = await import('@redis/client')
  // RESP 2 and no client info: every version since Redis 6 and every Valkey understands both. TLS and its checks follow from rediss://.
  const client = createClient({
    url,
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueued,
    socket: { ...tls, reconnectStrategy: false, connectTimeout: connectMs },
  })
  const closed = Promise.withResolvers<void>()
  for (const event of ['error', 'end', 'terminated']) client.on(event, () => closed.resolve())
  try {
    await client.connect()
    // Known to the store from here on, so that commands run in the order in which they are sent. On no keys they do nothing.
    for (const { text } of [takeScript, changeScript]) await client.eval(text, { arguments: ['', '0'] })
  } catch (error) {
    client.destroy()
    throw error
  }
  return {
    run: async (script, keys, args) => {
      const options = { keys: [...keys], arguments: [...args] }
      try {
        return await client.evalSha(toSha(script), options)
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
        return client.eval(script.text, options)
      }
    },
    ping: async () => client.ping(),
    closed: closed.promise,
    close: () => {
      client.destroy()
      closed.resolve()
    },
  }
}

const shas = new WeakMap<Script, string>()

/** SHA-1 is the name that Redis gives a script. */
function toSha(script: Script): string {
  const known = shas.get(script)
  if (known !== undefined) return known
  const sha = createHash('sha1').update(script.text).digest('hex')
  shas.set(script, sha)
  return sha
}
