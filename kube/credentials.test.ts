import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ManualClock } from '../test/helpers/manual-clock.ts'
import { connectKube } from './client.ts'
import { Credentials } from './credentials.ts'

async function open(user: object = {}, cluster: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'))
  await writeFile(join(folder, 'ca.crt'), 'first')
  await writeFile(join(folder, 'token'), 'one')
  const config = {
    clusters: [
      { name: 'c', cluster: { server: 'https://127.0.0.1:1/prefix/', 'certificate-authority': 'ca.crt', ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'home' } }],
    'current-context': 'x',
  }
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(config))
  const clock = new ManualClock()
  const credentials = new Credentials({ kubeconfig: join(folder, 'kubeconfig') }, clock)
  onTestFinished(async () => {
    await credentials.close()
    await rm(folder, { recursive: true })
  })
  return { folder, clock, credentials }
}

it('keeps one pool of connections until the CA file changes', async () => {
  const { folder, clock, credentials } = await open()
  const first = await credentials.read()
  const [again, parallel] = await Promise.all([credentials.read(), credentials.read()])
  await clock.advance(60_000)
  const later = await credentials.read()
  expect([again.dispatcher, parallel.dispatcher, later.dispatcher].every((one) => one === first.dispatcher)).toBe(true)
  await writeFile(join(folder, 'ca.crt'), 'second')
  expect((await credentials.read()).dispatcher).toBe(first.dispatcher)
  await clock.advance(10_000)
  expect((await credentials.read()).dispatcher).not.toBe(first.dispatcher)
})

it('makes one pool for calls that come together', async () => {
  const { credentials } = await open()
  const all = await Promise.all([credentials.read(), credentials.read(), credentials.read()])
  expect(new Set(all.map(({ dispatcher }) => dispatcher)).size).toBe(1)
})

it('reads tokenFile beside the kubeconfig, and again at once after a 401', async () => {
  const { folder, credentials } = await open({ tokenFile: 'token' })
  expect((await credentials.read()).headers).toEqual({ Authorization: 'Bearer one' })
  await writeFile(join(folder, 'token'), 'two\n')
  expect((await credentials.read()).headers).toEqual({ Authorization: 'Bearer one' })
  credentials.reload()
  expect((await credentials.read()).headers).toEqual({ Authorization: 'Bearer two' })
})

it.each([
  ['a token', { token: 't' }, { Authorization: 'Bearer t' }],
  ['a password', { username: 'u', password: 'p' }, { Authorization: 'Basic dTpw' }],
  ['an impersonated user', { token: 't', as: 'alice' }, { Authorization: 'Bearer t', 'Impersonate-User': 'alice' }],
])('signs with %s', async (_case, user, headers) => {
  expect((await (await open(user)).credentials.read()).headers).toEqual(headers)
})

it('knows server and namespace', async () => {
  const { credentials } = await open()
  expect([credentials.server, credentials.namespace]).toEqual(['https://127.0.0.1:1/prefix', 'home'])
})

it('refuses plain http that is not asked for, and proxies it cannot use', async () => {
  await expect((await open({}, { server: 'http://127.0.0.1:1' })).credentials.read()).rejects.toThrow(
    /HTTP protocol is not allowed/,
  )
  await expect((await open({}, { 'proxy-url': 'socks5://127.0.0.1:1' })).credentials.read()).rejects.toThrow(/SOCKS/)
})

it('uses the ServiceAccount that is mounted into the pod', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pod-'))
  const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  await mkdir(folder, { recursive: true })
  for (const [name, text] of [
    ['token', 'mounted'],
    ['ca.crt', 'ca'],
    ['namespace', 'product'],
  ] as const)
    await writeFile(join(folder, name), text)
  const credentials = new Credentials({ serviceAccountRoot: root }, new ManualClock())
  onTestFinished(async () => {
    await credentials.close()
    await rm(root, { recursive: true })
  })
  expect([(await credentials.read()).headers, credentials.namespace]).toEqual([
    { Authorization: 'Bearer mounted' },
    'product',
  ])
})

it('says what is missing outside a pod', () => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(() => connectKube()).toThrow(/runs in no pod .* and was given no kubeconfig/)
})
