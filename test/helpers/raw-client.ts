// A client that writes bytes and reads bytes, for what no HTTP library would send, and for looking at exactly what came back.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

export interface RawClient extends Disposable {
  readonly socket: Socket
  readonly write: (bytes: string | Buffer) => void
  /** All that was received so far, a byte a character. */
  readonly received: () => string
  /** Resolves once what was received matches; rejects when the connection ends before. */
  readonly until: (pattern: RegExp) => Promise<string>
  /** How the connection ended: in order, or by a reset. */
  readonly closed: Promise<'Ended' | 'Reset'>
}

export async function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  let reset = false
  const waiting = new Set<() => void>()
  const closed = new Promise<'Ended' | 'Reset'>((resolve) => {
    socket.once('close', () => resolve(reset ? 'Reset' : 'Ended'))
  })
  socket.on('error', () => {
    reset = true
  })
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1')
    for (const look of waiting) look()
  })
  await once(socket, 'connect')
  const until = async (pattern: RegExp): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const look = (): void => {
      if (pattern.test(received)) resolve(received)
    }
    waiting.add(look)
    void closed.then((how) => {
      look()
      reject(new Error(`the connection ended (${how}) before ${String(pattern)}; received: ${received.slice(0, 500)}`))
    })
    look()
    return promise.finally(() => waiting.delete(look))
  }
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    received: () => received,
    until,
    closed,
    [Symbol.dispose]: () => socket.destroy(),
  }
}

/** Sends bytes and gives everything that came until the other side closed. */
export async function exchangeRaw(port: number, bytes: string | Buffer): Promise<string> {
  using client = await openRaw(port)
  client.write(bytes)
  await client.closed
  return client.received()
}

export function statusesOf(received: string): readonly number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /gu)].map(([, status]) => Number(status))
}
