// Model servers that behave well or badly, on real sockets and port 0, and the pieces to call them with. Nothing here sleeps:
// pace is set by the test, piece by piece.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createSocketServer } from 'node:net'

const tls = (name: string): string => readFileSync(new URL(`tls/test-only-${name}`, import.meta.url), 'utf8')

export const testCa = tls('ca.pem')
/** An authority that signed nothing. */
export const otherCa = tls('other-ca.pem')
const serverIdentity = { cert: tls('server.pem'), key: tls('server.key') }

export interface Upstream {
  readonly origin: string
  readonly port: number
  /** Sockets that callers have opened so far. */
  readonly opened: () => number
  /** Sockets still open. */
  readonly open: () => number
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export async function startUpstream(listener: RequestListener): Promise<Upstream> {
  return listen(createServer(listener), 'http')
}

export async function startTlsUpstream(listener: RequestListener): Promise<Upstream> {
  return listen(createTlsServer(serverIdentity, listener), 'https')
}

/** For what no HTTP server would do: the test writes the bytes. Called once a request's first bytes have arrived. */
export async function startRawUpstream(onRequest: (socket: Socket, bytes: Buffer) => void): Promise<Upstream> {
  const server = createSocketServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => onRequest(socket, bytes))
  })
  return listen(server, 'http')
}

async function listen(server: Server, scheme: 'http' | 'https'): Promise<Upstream> {
  const sockets = new Set<Socket>()
  let opened = 0
  server.on('connection', (socket: Socket) => {
    opened += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    port,
    opened: () => opened,
    open: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

export interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** Answers with what it was asked, as JSON. */
export const echo: RequestListener = (request, response) => {
  void readText(request).then((body) => {
    const { method, url, headers, rawHeaders } = request
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url, headers, rawHeaders, body }))
  })
}

export async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

/** Takes the request and never answers; `waiting` is what hangs. */
export function makeHang(): { readonly listener: RequestListener; readonly waiting: ServerResponse[] } {
  const waiting: ServerResponse[] = []
  return { listener: (_request, response) => void waiting.push(response), waiting }
}

/** Server-sent events on demand: the test calls `send` for each event. */
export class EventStream {
  readonly #response = Promise.withResolvers<ServerResponse>()
  closed = false

  readonly listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    response.flushHeaders()
    response.once('close', () => {
      this.closed = true
    })
    this.#response.resolve(response)
  }

  async send(data: string): Promise<void> {
    const response = await this.#response.promise
    response.write(`data: ${data}\n\n`)
  }

  async end(): Promise<void> {
    const response = await this.#response.promise
    response.end('data: [DONE]\n\n')
  }

  /** The process behind it dies: a reset in the middle of the transfer. */
  async cut(): Promise<void> {
    const response = await this.#response.promise
    response.socket?.resetAndDestroy()
  }
}

/** A body of `total` bytes as fast as the reader takes it; `sent` counts what the kernel or Node has accepted. */
export function makeFlood(total: number): { readonly listener: RequestListener; readonly sent: () => number } {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    const pump = (): void => {
      while (sent < total) {
        sent += piece.length
        if (!response.write(piece)) return void response.once('drain', pump)
      }
      response.end()
    }
    pump()
  }
  return { listener, sent: () => sent }
}
