// Calls to a whole gateway: the bytes of a good one, and what its metrics say about those under way.
import { vi } from 'vitest'
import { expect } from 'vitest'
import type { BundleConnection, BundleEndpoint } from '../../policy/bundle.ts'
import type { TestGateway } from './gateway.ts'
import { makeConnection } from './make.ts'
import type { RawClient } from './raw-client.ts'
import { openRaw } from './raw-client.ts'
import type { Upstream } from './upstream-server.ts'

export const chatBody = '{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}'

export function toEndpoint({ origin }: Upstream): BundleEndpoint {
  return { name: 'm', origin, basePath: '', weight: 1, place: 'External' }
}

type Spec = Parameters<typeof makeConnection>[0]
type Options = Parameters<typeof makeConnection>[1]

export function connectionTo(upstream: Upstream, spec: Spec = {}, options: Options = {}): BundleConnection {
  return makeConnection(spec, { endpoints: [toEndpoint(upstream)], ...options })
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly version?: string
}

export function toRequest(gw: TestGateway, asked: Asked = {}): string {
  const { method = 'POST', path = '/team-a/chat/v1/chat/completions', headers = [], body = chatBody } = asked
  return [
    `${method} ${path} HTTP/${asked.version ?? '1.1'}`,
    'host: gw',
    `authorization: Bearer ${gw.token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n')
}

export async function open(gw: TestGateway): Promise<RawClient> {
  return openRaw(Number(new URL(gw.origin).port))
}

/** A call of its own connection, its whole reply as text. */
export async function ask(gw: TestGateway, asked: Asked = {}): Promise<string> {
  using client = await open(gw)
  client.write(toRequest(gw, { ...asked, headers: [...(asked.headers ?? []), 'connection: close'] }))
  await client.closed
  return client.received()
}

export async function readMetrics({ adminOrigin }: TestGateway): Promise<string> {
  return (await fetch(`${adminOrigin}/metrics`)).text()
}

/** Nothing under way, and no socket open toward the model that a call held. */
export async function expectSettled(gw: TestGateway): Promise<void> {
  await vi.waitFor(async () => expect(await readMetrics(gw)).toMatch(/^portcullis_calls_in_flight 0$/mu))
}
