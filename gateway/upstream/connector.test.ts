import { describe, expect, it, vi } from 'vitest'
import {
  makeCall,
  makeConnection,
  makeEndpoint,
  makePermit,
  makeUpstreamDeps,
  openNetwork,
  RecordedReply,
} from '../../test/helpers/upstream-call.ts'
import { echo, otherCa, startTlsUpstream, startUpstream, testCa } from '../../test/helpers/upstream-server.ts'
import type { Network } from '../../policy/address.ts'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import type { UpstreamDeps } from './call.ts'
import { buildForward, buildUpstreams } from './forward.ts'

async function callOnce(deps: UpstreamDeps, endpoint: BundleEndpoint): Promise<RecordedReply> {
  const reply = new RecordedReply()
  await buildForward(buildUpstreams(deps))(makePermit(), makeCall(makeConnection({ endpoints: [endpoint] })), reply)
  return reply
}

const toLoopback = async (): Promise<readonly string[]> => ['127.0.0.1']
const never = async (): Promise<never> => new Promise(() => {})

describe('names', () => {
  it('are asked for as absolute, so that no search list completes them', async () => {
    await using upstream = await startUpstream(echo)
    const asked: string[] = []
    const resolve = async (name: string) => {
      asked.push(name)
      return ['127.0.0.1']
    }
    await callOnce(makeUpstreamDeps({ resolve }), makeEndpoint(`http://model.team-b:${upstream.port}`))
    expect(asked).toEqual(['model.team-b.'])
  })

  it('keep their own spelling in Host', async () => {
    await using upstream = await startUpstream(echo)
    const reply = await callOnce(
      makeUpstreamDeps({ resolve: toLoopback }),
      makeEndpoint(`http://model.test:${upstream.port}`),
    )
    expect(JSON.parse(reply.text)).toMatchObject({ headers: { host: `model.test:${upstream.port}` } })
  })

  it('that mean this machine are never asked of a resolver', async () => {
    await using upstream = await startUpstream(echo)
    const reply = await callOnce(makeUpstreamDeps(), makeEndpoint(`http://localhost:${upstream.port}`))
    expect(reply.status).toBe(200)
  })

  it.each([
    ['no address', async () => []],
    ['an error', async () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }))],
  ])('that resolve to %s are unreachable', async (_what, resolve) => {
    const called = callOnce(makeUpstreamDeps({ resolve }), makeEndpoint('http://model.test'))
    await expect(called).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })

  it('that do not resolve in time are upstream_timeout', async () => {
    const endpoints = [makeEndpoint('http://model.test')]
    const call = makeCall(makeConnection({ endpoints, limits: { connectTimeout: '50ms' } }))
    const forwarding = buildForward(buildUpstreams(makeUpstreamDeps({ resolve: never })))(
      makePermit(),
      call,
      new RecordedReply(),
    )
    await expect(forwarding).rejects.toMatchObject({ code: 'upstream_timeout' })
  })
})

const cluster: Network = { apiServer: ['10.96.0.1', '192.168.0.9:6443'], clusterRanges: ['10.96.0.0/12'] }

describe('an address that no connection may reach', () => {
  it.each<[string, BundleEndpoint['place'], readonly string[]]>([
    ['metadata', 'External', ['169.254.169.254']],
    ['metadata behind NAT64', 'External', ['64:ff9b::a9fe:a9fe']],
    ['metadata beside a good address', 'External', ['93.184.216.34', '169.254.169.254']],
    ['loopback', 'External', ['127.0.0.1']],
    ['mapped loopback', 'InCluster', ['::ffff:127.0.0.1']],
    ['the API server', 'InCluster', ['10.96.0.1']],
    ['a Service, called by url', 'External', ['10.97.1.1']],
    ['the world, called as a Service', 'InCluster', ['93.184.216.34']],
    ['link-local', 'InCluster', ['fe80::1']],
    ['a resolver that answers nonsense', 'External', ['localhost']],
  ])('is refused at connect: %s (%s)', async (_what, place, addresses) => {
    const deps = makeUpstreamDeps({ allowLoopback: false, network: () => cluster, resolve: async () => addresses })
    const called = callOnce(deps, makeEndpoint('http://model.test:8080', { place }))
    await expect(called).rejects.toMatchObject({
      code: 'upstream_forbidden',
      message: expect.not.stringMatching(/[0-9]|model\.test/),
      cause: expect.objectContaining({ message: expect.stringContaining('model.test at ') }),
    })
  })

  it.each([
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://169.254.169.254',
    'http://localhost:1',
    'http://2130706433',
  ])('is refused when written out: %s', async (origin) => {
    const called = callOnce(makeUpstreamDeps({ allowLoopback: false }), makeEndpoint(origin))
    await expect(called).rejects.toMatchObject({ code: 'upstream_forbidden' })
  })

  it('is refused from the moment a name turns to it, for each new connection', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.setHeader('connection', 'close')
      response.end('ok')
    })
    const answers = [['127.0.0.1'], ['127.0.0.1'], ['169.254.169.254']]
    const deps = makeUpstreamDeps({ resolve: async () => answers.shift() ?? [] })
    const forward = buildForward(buildUpstreams(deps))
    const endpoints = [makeEndpoint(`http://model.test:${upstream.port}`)]
    const call = makeCall(makeConnection({ endpoints }))
    const outcomes: string[] = []
    for (let i = 0; i < 3; i += 1) {
      const outcome = forward(makePermit(), call, new RecordedReply()).then(
        (forwarded) => forwarded.outcome,
        (error: { code: string }) => error.code,
      )
      outcomes.push(await outcome)
      await vi.waitFor(() => expect(upstream.open()).toBe(0))
    }
    expect(outcomes).toEqual(['Completed', 'Completed', 'upstream_forbidden'])
  })

  it('is judged by the network in force now, not by the one at start', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.setHeader('connection', 'close')
      response.end('ok')
    })
    let network = openNetwork
    const forward = buildForward(buildUpstreams(makeUpstreamDeps({ network: () => network })))
    const call = makeCall(makeConnection({ endpoints: [makeEndpoint(upstream.origin)] }))
    await forward(makePermit(), call, new RecordedReply())
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    network = { ...openNetwork, apiServer: [`127.0.0.1:${upstream.port}`] }
    await expect(forward(makePermit(), call, new RecordedReply())).rejects.toMatchObject({ code: 'upstream_forbidden' })
  })
})

describe('TLS', () => {
  it.each<[string, string, Partial<BundleEndpoint>]>([
    ['by name', 'model.test', { caPem: testCa }],
    ['by address', '127.0.0.1', { caPem: testCa }],
    ['by the name it is said to have', 'elsewhere.test', { caPem: testCa, serverName: 'model.test' }],
  ])('is spoken with a server whose certificate holds: %s', async (_what, host, over) => {
    await using upstream = await startTlsUpstream(echo)
    const reply = await callOnce(
      makeUpstreamDeps({ resolve: toLoopback }),
      makeEndpoint(`https://${host}:${upstream.port}`, over),
    )
    expect(reply.status).toBe(200)
  })

  it.each<[string, string, Partial<BundleEndpoint>]>([
    ['no authority that vouches for it', 'model.test', {}],
    ['an authority that did not sign it', 'model.test', { caPem: otherCa }],
    ['another name', 'elsewhere.test', { caPem: testCa }],
    ['another name than demanded', 'model.test', { caPem: testCa, serverName: 'other.test' }],
  ])('is refused for %s, and nothing is sent', async (_what, host, over) => {
    const requests: unknown[] = []
    await using upstream = await startTlsUpstream((request, response) => {
      requests.push(request.url)
      response.end()
    })
    const called = callOnce(
      makeUpstreamDeps({ resolve: toLoopback }),
      makeEndpoint(`https://${host}:${upstream.port}`, over),
    )
    await expect(called).rejects.toMatchObject({
      code: 'upstream_unreachable',
      message: expect.stringContaining('certificate'),
    })
    expect(requests).toEqual([])
  })

  it('is verified even where the environment of Node says otherwise', async () => {
    await using upstream = await startTlsUpstream(echo)
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    try {
      const called = callOnce(
        makeUpstreamDeps({ resolve: toLoopback }),
        makeEndpoint(`https://model.test:${upstream.port}`),
      )
      await expect(called).rejects.toMatchObject({ code: 'upstream_unreachable' })
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('of one identity is never reused for another', async () => {
    await using upstream = await startTlsUpstream(echo)
    const forward = buildForward(buildUpstreams(makeUpstreamDeps({ resolve: toLoopback })))
    const origin = `https://model.test:${upstream.port}`
    const trusted = makeConnection({ endpoints: [makeEndpoint(origin, { caPem: testCa })] })
    const untrusted = makeConnection({ endpoints: [makeEndpoint(origin, { caPem: otherCa })] })
    await forward(makePermit(), makeCall(trusted), new RecordedReply())
    const second = forward(makePermit(), makeCall(untrusted), new RecordedReply())
    await expect(second).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
})

describe('lines', () => {
  it('that no snapshot names any more are closed once their calls are done, and opened again on demand', async () => {
    await using upstream = await startUpstream(echo)
    const upstreams = buildUpstreams(makeUpstreamDeps())
    const forward = buildForward(upstreams)
    const connection = makeConnection({ endpoints: [makeEndpoint(upstream.origin)] })
    await forward(makePermit(), makeCall(connection), new RecordedReply())
    upstreams.lines.retain([connection])
    expect(upstream.open()).toBe(1)
    upstreams.lines.retain([])
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    await forward(makePermit(), makeCall(connection), new RecordedReply())
    expect(upstream.opened()).toBe(2)
    await upstreams.lines.close()
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })
})
