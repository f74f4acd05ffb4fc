// Health and metrics on a port of their own, which the caller's network never needs to reach. Each answer explains itself in text.
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { Registry } from 'prom-client'

export interface Health {
  readonly ok: boolean
  /** One line for each thing that was looked at. */
  readonly lines: readonly string[]
}

export interface AdminDeps {
  readonly registry: Registry
  readonly live: () => Health
  readonly ready: () => Health
}

export function buildAdminServer(deps: AdminDeps): Server {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }
    const health = ({ ok, lines }: Health): void => {
      answer(ok ? 200 : 503, 'text/plain; charset=utf-8', `${lines.join('\n')}\n`)
    }
    if (request.method !== 'GET') return answer(405, 'text/plain', 'only GET\n')
    if (request.url === '/healthz') return health(deps.live())
    if (request.url === '/readyz') return health(deps.ready())
    if (request.url !== '/metrics') return answer(404, 'text/plain', 'here are /healthz, /readyz and /metrics\n')
    void deps.registry.metrics().then(
      (text) => answer(200, deps.registry.contentType, text),
      () => answer(500, 'text/plain', 'metrics could not be collected\n'),
    )
    return undefined
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 5_000
  return server
}
