// Health and metrics of the operator on a port of its own.
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { Registry } from 'prom-client'
import type { Health } from './runtime/health.ts'

export interface AdminDeps {
  readonly registry: Registry
  readonly checkAlive: () => Health
  readonly checkReady: () => Health
}

export function buildAdminServer({ registry, checkAlive, checkReady }: AdminDeps): Server {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }
    const tell = ({ ok, text }: Health): void => answer(ok ? 200 : 503, text)
    if (request.method !== 'GET') return answer(405, 'only GET\n')
    if (request.url === '/healthz') return tell(checkAlive())
    if (request.url === '/readyz') return tell(checkReady())
    if (request.url !== '/metrics') return answer(404, 'here are /healthz, /readyz and /metrics\n')
    void registry.metrics().then(
      (text) => answer(200, text, registry.contentType),
      () => answer(500, 'the metrics could not be collected\n'),
    )
    return undefined
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 5_000
  return server
}
