// A whole gateway in the test's own process, on port 0: a real identity provider in front, whatever the test wants behind. The
// bundle is handed over directly; how it travels is tested elsewhere.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Gateway, Running } from '../../gateway/build.ts'
import { buildGateway } from '../../gateway/build.ts'
import type { Config } from '../../gateway/config.ts'
import { systemClock } from '../../kube/clock.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import type { Bundle, BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import type { SessionRecord } from '../../policy/evidence.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { startIdentityProvider } from './identity-provider.ts'
import { makeBundle, sha256 } from './make.ts'

export interface TestGateway extends AsyncDisposable {
  readonly origin: string
  readonly adminOrigin: string
  readonly gateway: Gateway
  readonly idp: IdentityProvider
  readonly token: string
  /** Publishes the next bundle; resolves when it is enforced or refused. */
  readonly publish: (bundle: Partial<Pick<Bundle, 'connections' | 'policies' | 'network'>>) => Promise<void>
  /** Every line logged so far. */
  readonly logs: () => string
  readonly records: () => Promise<readonly SessionRecord[]>
  /** Begins the shutdown; resolves when all has ended. */
  readonly stop: () => Promise<void>
}

export interface TestGatewayOptions {
  readonly connections?: readonly BundleConnection[]
  readonly policies?: readonly BundlePolicy[]
  readonly config?: Partial<Config>
}

export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-test-'))
  const recordsFile = path.join(folder, 'records.jsonl')
  const idp = await startIdentityProvider({ clock: systemClock })
  const lines: string[] = []
  const gateway = buildGateway({
    config: { ...testConfig, recordsFile, ...options.config },
    clock: systemClock,
    log: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
    registry: new Registry(),
    random: Math.random,
  })
  let current = makeBundle({
    ...options,
    settings: {
      issuers: [{ name: 'test', issuer: idp.issuer, audiences: ['models'], preset: 'Generic' }],
      grants: [],
    },
  })
  let n = 0
  const publish: TestGateway['publish'] = async (change) => {
    current = { ...current, ...change }
    n += 1
    const parts = encodeBundle(current, sha256)
    const revision = { epoch: 1, n, digest: parts.digest }
    await gateway.enforcement.offer({ revision, parts: [parts.header, ...parts.shards] })
  }
  await publish({})
  const stopping = new AbortController()
  const running: Running = await gateway.start(stopping.signal)
  const stop = async (): Promise<void> => {
    stopping.abort()
    await running.stopped
  }
  return {
    origin: `http://127.0.0.1:${running.port}`,
    adminOrigin: `http://127.0.0.1:${running.adminPort}`,
    gateway,
    idp,
    token: await idp.sign({ sub: 'alice', groups: ['research'], scope: 'chat' }),
    publish,
    logs: () => lines.join(''),
    records: async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const text = await readFile(recordsFile, 'utf8').catch(() => '')
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): SessionRecord => JSON.parse(line))
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      await idp[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const testConfig: Config = {
  host: '127.0.0.1',
  port: 0,
  adminHost: '127.0.0.1',
  adminPort: 0,
  bundleFolder: undefined,
  credentialsFolder: undefined,
  stateFolder: undefined,
  recordsFile: undefined,
  kubernetes: undefined,
  allowLoopback: true,
  maxHeaderBytes: 65_536,
  drainMs: 500,
  logLevel: 'debug',
}
