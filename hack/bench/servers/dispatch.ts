// A target of its own process, and the baseline of the budgets: fastify with the leanest forwarder that is still correct,
// undici's dispatch writing straight to the reply with back-pressure. It judges nothing.
import type { FastifyReply, FastifyRequest } from 'fastify'
import fastify from 'fastify'
import type { Dispatcher } from 'undici'
import { Pool } from 'undici'

const [upstream] = process.argv.slice(2)
if (upstream === undefined) throw new Error('usage: dispatch.ts <origin of the upstream>')

const pool = new Pool(upstream, { connections: 128 })
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'])

/** Copies what may pass a proxy. */
function toEndToEnd(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && name !== 'host' && !hopByHop.has(name)) kept[name] = value
  }
  return kept
}

class Relay implements Dispatcher.DispatchHandler {
  readonly #reply: FastifyReply['raw']

  constructor(reply: FastifyReply['raw']) {
    this.#reply = reply
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const reply = this.#reply
    if (reply.destroyed) controller.abort(new Error('the client went away'))
    reply.on('close', () => {
      if (!reply.writableFinished) controller.abort(new Error('the client went away'))
    })
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[]>,
  ): void {
    this.#reply.writeHead(statusCode, toEndToEnd(headers))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#reply.write(chunk)) return
    controller.pause()
    this.#reply.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#reply.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#reply.headersSent) this.#reply.destroy(error)
    else this.#reply.writeHead(502).end()
  }
}

function forward(request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  const body = Buffer.isBuffer(request.body) ? request.body : null
  const headers = toEndToEnd(request.headers)
  pool.dispatch({ path: request.url, method: 'POST', headers, body }, new Relay(reply.raw))
}

const server = fastify()
server.removeAllContentTypeParsers()
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
server.post('/*', forward)

const address = await server.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`listening ${new URL(address).port}\n`)
