import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Gauge, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { AdminDeps } from './admin.ts'
import { buildAdminServer } from './admin.ts'

async function ask(path: string, deps: Partial<AdminDeps> = {}, method = 'GET'): Promise<Response> {
  const registry = new Registry()
  new Gauge({ name: 'a_metric', help: 'h', registers: [registry] }).set(7)
  const ok = { ok: true, lines: ['fine'] }
  const server = buildAdminServer({ registry, live: () => ok, ready: () => ok, ...deps })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
  const text = await response.text()
  server.closeAllConnections()
  server.close()
  return new Response(text, { status: response.status, headers: response.headers })
}

it.each([
  ['/healthz', 200, 'fine\n'],
  ['/readyz', 200, 'fine\n'],
  ['/metrics', 200, 'a_metric 7\n'],
  ['/', 404, 'here are /healthz, /readyz and /metrics\n'],
  ['/healthz?canary', 404, 'here are'],
])('%s answers %i', async (path, status, text) => {
  const response = await ask(path)
  expect([response.status, response.headers.get('cache-control')]).toEqual([status, 'no-store'])
  expect(await response.text()).toContain(text)
})

it('explains itself when it is not well', async () => {
  const response = await ask('/readyz', { ready: () => ({ ok: false, lines: ['no bundle yet', 'rejected'] }) })
  expect([response.status, await response.text()]).toEqual([503, 'no bundle yet\nrejected\n'])
})

it('takes nothing but GET', async () => {
  expect((await ask('/metrics', {}, 'POST')).status).toBe(405)
})

it('says so when metrics cannot be collected, without why', async () => {
  const registry = new Registry()
  const broken = new Gauge({
    name: 'broken',
    help: 'h',
    registers: [],
    collect: () => {
      throw new Error('canary')
    },
  })
  registry.registerMetric(broken)
  const response = await ask('/metrics', { registry })
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('canary')
})
