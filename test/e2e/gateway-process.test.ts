// The gateway as a process, from its first look at the environment to its exit code.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import type { Bundle } from '../../policy/bundle.ts'
import type { SessionRecord } from '../../policy/evidence.ts'
import type { GatewayProcess, Mount } from '../helpers/gateway-process.ts'
import { makeMount, spawnGateway } from '../helpers/gateway-process.ts'
import type { IdentityProvider } from '../helpers/identity-provider.ts'
import { startIdentityProvider } from '../helpers/identity-provider.ts'
import { allowAll, denyWhen, makeBundle, makeConnection, makePolicy } from '../helpers/make.ts'
import { openRaw, statusesOf } from '../helpers/raw-client.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { EventStream, startUpstream } from '../helpers/upstream-server.ts'

let idp: IdentityProvider
let token: string

beforeAll(async () => {
  idp = await startIdentityProvider({ clock: systemClock })
  token = await idp.sign({ sub: 'alice' })
})

afterAll(async () => idp[Symbol.asyncDispose]())

const toBundle = ({ origin }: Upstream, deny = 'false'): Bundle =>
  makeBundle({
    connections: [
      makeConnection({}, { endpoints: [{ name: 'm', origin, basePath: '', weight: 1, place: 'External' }] }),
    ],
    policies: [makePolicy({ rules: [allowAll, denyWhen(deny)] })],
    settings: {
      issuers: [{ name: 'test', issuer: idp.issuer, audiences: ['models'], preset: 'Generic' }],
      grants: [],
    },
  })

const body = '{"model":"m","stream":true,"messages":[{"role":"user","content":"a canary"}]}'

function toCall(): string {
  return [
    'POST /team-a/chat/v1/chat/completions HTTP/1.1',
    'host: gw',
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

interface Served extends AsyncDisposable {
  readonly gateway: GatewayProcess
  readonly events: EventStream
  readonly mount: Mount
  readonly upstream: Upstream
  readonly port: number
  readonly readyz: () => Promise<number>
}

/** A gateway that is ready, on a mounted bundle, before a model that streams. */
async function serve(env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const events = new EventStream()
  const upstream = await startUpstream(events.listener)
  const mount = await makeMount()
  await mount.publish(toBundle(upstream))
  const gateway = spawnGateway({ ...mount.env, ...env })
  const { port, adminPort } = await gateway.listening
  const readyz = async (): Promise<number> => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status
  await vi.waitFor(async () => expect(await readyz()).toBe(200), { timeout: 10_000 })
  return {
    gateway,
    events,
    mount,
    upstream,
    port,
    readyz,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
      await mount[Symbol.asyncDispose]()
    },
  }
}

async function recordsIn({ recordsFile }: Mount): Promise<readonly SessionRecord[]> {
  const text = await readFile(recordsFile, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): SessionRecord => JSON.parse(line))
}

function expectJsonLines({ gateway }: Served): void {
  const lines = gateway.logs().trim().split('\n')
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), time: expect.any(String) })
  expect(gateway.errors()).toBe('')
  expect(gateway.logs()).not.toMatch(/canary|alice/u)
  expect(gateway.logs()).not.toContain(token)
}

describe('a start', () => {
  it('with bad settings lists every mistake and exits with 2', async () => {
    await using gateway = spawnGateway({ PORTCULLIS_PORT: 'canary', PORTCULLIS_LOG_LEVEL: 'canary' })
    expect(await gateway.ended).toBe(2)
    expect(gateway.errors().split('\n')).toEqual([
      'the gateway cannot start:',
      '  PORTCULLIS_PORT: must be a whole number from 0 to 65535',
      expect.stringContaining('  PORTCULLIS_RECORDS: missing'),
      expect.stringContaining('  PORTCULLIS_POD_NAME: missing'),
      expect.stringContaining('  PORTCULLIS_POD_UID: missing'),
      expect.stringContaining('  PORTCULLIS_LOG_LEVEL: must be one of'),
      '',
    ])
    expect(gateway.logs()).toBe('')
  })

  it.each(['PORTCULLIS_PORT', 'PORTCULLIS_ADMIN_PORT'])(
    'on a port that is taken (%s) says which, and exits with 1',
    async (setting) => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const { port } = taken.address() as AddressInfo
      await using mount = await makeMount()
      await using gateway = spawnGateway({ ...mount.env, [setting]: String(port) })
      expect(await gateway.ended).toBe(1)
      expect(JSON.parse(gateway.logs().trim().split('\n').at(-1) ?? '')).toMatchObject({
        level: 60,
        problem: `port ${port} (${setting}) cannot be listened on: Error EADDRINUSE`,
      })
      taken.close()
    },
  )

  it('without an API server it can be told of exits with 1 and says so in one line', async () => {
    await using mount = await makeMount()
    await using gateway = spawnGateway({
      ...mount.env,
      PORTCULLIS_KUBERNETES: 'on',
      PORTCULLIS_KUBECONFIG: `${mount.folder}/absent`,
      PORTCULLIS_POD_NAME: 'gateway-0',
      PORTCULLIS_POD_UID: 'uid',
    })
    expect(await gateway.ended).toBe(1)
    expect(JSON.parse(gateway.logs())).toMatchObject({ level: 60, msg: 'the gateway cannot start' })
  })

  it('without a bundle refuses calls and is not ready; a bundle that is mounted later is enforced', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('{}'))
    await using mount = await makeMount()
    await using gateway = spawnGateway(mount.env)
    const { port, adminPort } = await gateway.listening
    const readyz = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
    expect([readyz.status, await readyz.text()]).toEqual([503, 'no bundle yet: the operator has published none\n'])
    using client = await openRaw(port)
    client.write(toCall())
    await client.until(/bundle_missing/u)
    await mount.publish(toBundle(upstream))
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status).toBe(200), {
      timeout: 10_000,
      interval: 100,
    })
    using next = await openRaw(port)
    next.write(toCall())
    expect(statusesOf(await next.until(/\{\}/u))).toEqual([200])
  })
})

describe('SIGTERM', () => {
  it('is not ready at once, lets nobody in, lets a stream finish, records it and exits with 0', async () => {
    await using served = await serve()
    const { gateway, events, port, mount, readyz } = served
    using client = await openRaw(port)
    client.write(toCall())
    await events.send('1')
    await client.until(/data: 1/u)
    gateway.child.kill('SIGTERM')
    await vi.waitFor(async () => expect(await readyz()).toBe(503))
    await vi.waitFor(async () => expect(openRaw(port)).rejects.toThrow('ECONNREFUSED'))
    await events.send('2')
    await events.end()
    await client.closed
    expect(client.received()).toMatch(/data: 1[\s\S]*data: 2[\s\S]*\[DONE\][\s\S]*\r\n0\r\n\r\n$/u)
    const since = performance.now()
    expect(await gateway.ended).toBe(0)
    expect(performance.now() - since).toBeLessThan(3_000)
    expect(await recordsIn(mount)).toMatchObject([{ response: { status: 200, outcome: 'Completed' } }])
    expectJsonLines(served)
  })

  it('cuts a stream that outlives the drain time, records that, and exits in time with 0', async () => {
    await using served = await serve({ PORTCULLIS_DRAIN_SECONDS: '1' })
    const { gateway, events, port, mount } = served
    using client = await openRaw(port)
    client.write(toCall())
    await events.send('1')
    await client.until(/data: 1/u)
    const since = performance.now()
    gateway.child.kill('SIGTERM')
    expect(await gateway.ended).toBe(0)
    expect(performance.now() - since).toBeGreaterThan(900)
    expect(performance.now() - since).toBeLessThan(4_000)
    await client.closed
    expect(client.received()).not.toContain('\r\n0\r\n\r\n')
    expect(events.closed).toBe(true)
    expect(await recordsIn(mount)).toMatchObject([
      { response: { status: 200, outcome: 'Cut', error: 'client_closed' } },
    ])
    expectJsonLines(served)
  })

  it('a second time does not wait for the streams, and still ends in order', async () => {
    await using served = await serve({ PORTCULLIS_DRAIN_SECONDS: '600' })
    const { gateway, events, port, mount, readyz } = served
    using client = await openRaw(port)
    client.write(toCall())
    await events.send('1')
    await client.until(/data: 1/u)
    gateway.child.kill('SIGTERM')
    await vi.waitFor(async () => expect(await readyz()).toBe(503))
    gateway.child.kill('SIGTERM')
    expect(await gateway.ended).toBe(0)
    expect(await recordsIn(mount)).toMatchObject([{ response: { outcome: 'Cut' } }])
    expectJsonLines(served)
  })

  it('with nothing to do ends at once, connections that are kept alive or not', async () => {
    await using served = await serve()
    using idle = await openRaw(served.port)
    served.gateway.child.kill('SIGTERM')
    expect(await served.gateway.ended).toBe(0)
    await idle.closed
  })
})

describe('a failure that nobody handled', () => {
  it.each([
    ['a rejection', 'Promise.reject(new Error("canary"))'],
    ['an exception', 'setImmediate(() => { throw new Error("canary") })'],
  ])('%s ends the process with 1 and one line that quotes nothing', async (_title, failure) => {
    await using mount = await makeMount()
    const preload = `process.on('SIGUSR2', () => { ${failure} })`
    await using gateway = spawnGateway(mount.env, ['--import', `data:text/javascript,${encodeURIComponent(preload)}`])
    await gateway.listening
    gateway.child.kill('SIGUSR2')
    expect(await gateway.ended).toBe(1)
    const lines = gateway.logs().trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      level: 60,
      cause: 'Error',
      msg: 'a failure that nobody handled: exiting',
    })
    expect(gateway.logs() + gateway.errors()).not.toContain('canary')
  })
})
