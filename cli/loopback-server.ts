// Where the development servers live: on 127.0.0.1 alone. A web page in the user's browser can reach that address under a name
// of its own and would then read the answers, so calls for any other host are refused.
import type { FastifyInstance } from 'fastify'
import { fastify } from 'fastify'

export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  readonly close: () => Promise<void>
}

export const loopback = '127.0.0.1'

const ownNames = new Set([loopback, 'localhost'])

/** Bodies are small here: these servers talk to one person. */
const maxBodyBytes = 16 * 1024 * 1024

export async function startLoopbackServer(
  addRoutes: (app: FastifyInstance, origin: () => string) => void,
  port = 0,
): Promise<LoopbackServer> {
  const app = fastify({ logger: false, bodyLimit: maxBodyBytes, forceCloseConnections: true })
  let origin = ''
  app.addHook('onRequest', async (request, reply) => {
    if (!ownNames.has(request.hostname)) return reply.code(421).send({ error: 'misdirected_request' })
    return undefined
  })
  addRoutes(app, () => origin)
  origin = await app.listen({ host: loopback, port })
  const close = async (): Promise<void> => app.close()
  return { origin, close, [Symbol.asyncDispose]: close }
}
