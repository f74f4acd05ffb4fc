import type { RequestListener } from 'node:http'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { startIdentityProvider } from '../../test/helpers/identity-provider.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import type { Upstream } from '../../test/helpers/upstream-server.ts'
import { otherCa, startTlsUpstream, startUpstream, testCa } from '../../test/helpers/upstream-server.ts'
import { GatewayError } from '../errors.ts'
import type { ApiServer } from './fetch-keys.ts'
import { makeFetchKeys } from './fetch-keys.ts'
import type { Identify } from './identify.ts'
import { buildIdentify } from './identify.ts'

const never = new AbortController().signal
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]()
})

async function serve(listener: RequestListener, tls = false): Promise<Upstream> {
  const server = await (tls ? startTlsUpstream(listener) : startUpstream(listener))
  open.push(server)
  return server
}

const answer: RequestListener = (_request, response) => void response.end('{"keys":[]}')

async function failureOf(fetched: Promise<unknown>): Promise<string> {
  return fetched.then(
    () => 'no failure',
    (error: unknown) =>
      error instanceof Error ? `${error.name} ${error.message} ${String(error.cause)}` : String(error),
  )
}

describe('a document at a URL', () => {
  const fetchKeys = makeFetchKeys({})
  const from = (url: string, ca?: string, signal: AbortSignal = never): Promise<unknown> =>
    fetchKeys({ from: 'Url', url, ca, signal })

  test('is read as JSON', async () => {
    const { origin } = await serve(answer)
    expect(await from(`${origin}/keys`)).toEqual({ keys: [] })
  })

  test('is asked for without any credential', async () => {
    const seen: (string | undefined)[] = []
    const { origin } = await serve((request, response) => {
      seen.push(request.headers.authorization, request.headers.cookie)
      response.end('{}')
    })
    await from(origin)
    expect(seen).toEqual([undefined, undefined])
  })

  test('is read over TLS when the configured CA signed the server', async () => {
    const { origin } = await serve(answer, true)
    expect(await from(origin, testCa)).toEqual({ keys: [] })
  })

  test('is not read over TLS when another CA is configured, or none', async () => {
    const { origin } = await serve(answer, true)
    expect(await failureOf(from(origin, otherCa))).toMatch(/certificate/u)
    expect(await failureOf(from(origin))).toMatch(/certificate/u)
  })

  test('is not followed to another place', async () => {
    const { origin } = await serve((_request, response) => void response.writeHead(302, { location: '/x' }).end())
    expect(await failureOf(from(origin))).toContain('status 302')
  })

  test('is not read beyond its limit', async () => {
    const { origin } = await serve((_request, response) => void response.end(' '.repeat(600_000)))
    expect(await failureOf(from(origin))).toContain('more than 524288 bytes')
  })

  test('is not quoted when it is no JSON', async () => {
    const { origin } = await serve((_request, response) => void response.end('<html>secret'))
    const failure = await failureOf(from(origin))
    expect(failure).toContain('something else than JSON')
    expect(failure).not.toContain('html')
  })

  test('is given up when the signal fires', async () => {
    const controller = new AbortController()
    const { origin } = await serve(() => controller.abort())
    expect(await failureOf(from(origin, undefined, controller.signal))).toContain('AbortError')
  })

  test('leaves no connection behind', async () => {
    const server = await serve(answer)
    await from(server.origin)
    await expect.poll(() => server.open()).toBe(0)
  })
})

describe("the cluster's own ServiceAccount tokens", () => {
  const clock = new ManualClock()

  async function startCluster(): Promise<Cluster> {
    // What an API server does: nobody reads its keys without a token.
    const provider = await startIdentityProvider({
      clock,
      algorithm: 'ES256',
      issuer: 'https://kubernetes.default.svc.cluster.local',
    })
    const state: State = { isUp: true, asked: [] }
    const server = await serve((request, response) => {
      state.asked.push(request.url ?? '')
      if (!state.isUp) return void response.destroy()
      if (request.headers.authorization !== 'Bearer gateway-token') return void response.writeHead(401).end('{}')
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' })
      response.end(JSON.stringify({ keys: [provider.key.jwk] }))
    }, true)
    open.push(provider)
    const dispatcher = new Agent({ connect: { ca: testCa } })
    open.push({ [Symbol.asyncDispose]: async () => dispatcher.destroy() })
    const apiServer: ApiServer = {
      server: server.origin,
      read: async () => ({ headers: { Authorization: 'Bearer gateway-token' }, dispatcher }),
    }
    const identify = buildIdentify({
      clock,
      fetchKeys: makeFetchKeys({ apiServer }),
      compileUsername: () => () => undefined,
    })
    const sign = async (): Promise<string> =>
      provider.sign({
        sub: 'system:serviceaccount:team-a:batch',
        'kubernetes.io': { namespace: 'team-a', serviceaccount: { name: 'batch', uid: '1' } },
      })
    return { identify, sign, state }
  }

  const settings = {
    issuers: [
      {
        name: 'cluster',
        issuer: 'https://kubernetes.default.svc.cluster.local',
        preset: 'Kubernetes',
        audiences: ['models'],
      },
    ],
    grants: [],
  } as const

  async function callerOf({ identify }: Cluster, token: string): Promise<unknown> {
    try {
      return await identify.identify({ rawHeaders: ['x-api-key', token] }, settings)
    } catch (error) {
      return error instanceof GatewayError ? error.code : error
    }
  }

  test("are verified with keys from the API server, asked with the gateway's own token", async () => {
    const cluster = await startCluster()
    expect(await callerOf(cluster, await cluster.sign())).toMatchObject({
      kind: 'ServiceAccount',
      username: 'system:serviceaccount:team-a:batch',
      kubernetesUsername: 'system:serviceaccount:team-a:batch',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team-a'],
    })
    expect(cluster.state.asked).toEqual(['/openid/v1/jwks'])
  })

  test('are verified with the last known keys while the API server is away', async () => {
    const cluster = await startCluster()
    await callerOf(cluster, await cluster.sign())
    cluster.state.isUp = false
    await clock.advance(50 * 60_000)
    expect(await callerOf(cluster, await cluster.sign())).toMatchObject({ kind: 'ServiceAccount' })
    await clock.advance(10 * 60_000)
    expect(await callerOf(cluster, await cluster.sign())).toBe('identity_unavailable')
  })

  test('cannot be verified where there is no API server', async () => {
    const fetchKeys = makeFetchKeys({})
    expect(await failureOf(fetchKeys({ from: 'ApiServer', path: '/openid/v1/jwks', signal: never }))).toContain(
      'no API server',
    )
  })
})

interface State {
  isUp: boolean
  readonly asked: string[]
}

interface Cluster {
  readonly identify: Identify
  readonly sign: () => Promise<string>
  readonly state: State
}
