// This product: the gateway with one OIDC issuer, one connection to the mock and one policy with one rule, access log on.
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { stringify } from 'yaml'

import { processOptions } from '../cache.ts'
import { findFreePort, startProcess, waitForPort } from '../processes.ts'
import type { Bench } from '../suite.ts'
import { startTimeoutMs, toStarted } from '../target.ts'
import type { Target, Upstream } from '../target.ts'

const repository = path.join(import.meta.dirname, '..', '..', '..')
const main = path.join(repository, 'gateway', 'main.ts')
const issuer = 'https://issuer.bench.invalid'
const audience = 'portcullis-bench'
const namespace = 'bench'
const connection = 'mock'
const loggedBytes = 600

interface LaunchOptions {
  /** The YAML: settings, connection and policy, one object per file. */
  readonly folder: string
  /** For the last good snapshot and what else it may want to write. */
  readonly stateFolder: string
  readonly port: number
  readonly adminPort: number
}

/** How a gateway is started on a folder of YAML: the one place here that knows its variables. */
function toLaunch({ folder, stateFolder, port, adminPort }: LaunchOptions): {
  args: readonly string[]
  environment: Readonly<Record<string, string>>
} {
  return {
    args: [main],
    environment: {
      PORTCULLIS_FOLDER: folder,
      PORTCULLIS_STATE_FOLDER: stateFolder,
      PORTCULLIS_ADDRESS: `127.0.0.1:${port}`,
      PORTCULLIS_ADMIN_ADDRESS: `127.0.0.1:${adminPort}`,
      PORTCULLIS_ALLOW_LOOPBACK: 'true',
    },
  }
}

export const portcullis: Target = {
  name: 'portcullis',
  async start(bench, upstream) {
    if (!existsSync(main)) throw new Error('gateway/main.ts does not exist')
    const folder = path.join(bench.scratchFolder, 'portcullis', 'objects')
    const stateFolder = path.join(bench.scratchFolder, 'portcullis', 'state')
    await Promise.all([mkdir(folder, { recursive: true }), mkdir(stateFolder, { recursive: true })])
    const token = await writeObjects(folder, upstream)
    const port = await findFreePort()
    const launch = toLaunch({ folder, stateFolder, port, adminPort: await findFreePort() })
    const { running, log } = await startGateway(bench, launch, port)
    return {
      ...toStarted('portcullis', running, port),
      path: `/${namespace}/${connection}/v1/chat/completions`,
      headers: { authorization: `Bearer ${token}` },
      // The access log is part of what is measured, so it goes to a real file; but not to a full disk.
      tidy: async () => await truncate(log),
    }
  },
}

async function startGateway(bench: Bench, { args, environment }: ReturnType<typeof toLaunch>, port: number) {
  const log = path.join(bench.scratchFolder, 'portcullis', 'access.log')
  await using file = await open(log, 'a')
  const options = processOptions(bench)
  const running = startProcess({
    name: 'gateway/main.ts',
    file: process.execPath,
    args,
    cores: bench.cores.proxy,
    ...options,
    environment: { ...options.environment, ...environment },
    output: file.fd,
  })
  try {
    await waitForPort(running, port, { timeoutMs: startTimeoutMs, signal: bench.signal })
    return { running, log }
  } catch (error) {
    await running.stop()
    const logged = await readFile(log, 'utf8')
    throw new Error(`it did not start; the end of its log: ${logged.trim().slice(-loggedBytes)}`, { cause: error })
  }
}

/** Writes what the gateway is to enforce and returns a token of a caller who may call. The issuer's keys are in the
 * settings: how keys are fetched is no part of a call. */
async function writeObjects(folder: string, upstream: Upstream): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }
  const objects = { settings: toSettings(key), connection: toConnection(upstream), policy }
  await Promise.all(
    Object.entries(objects).map(async ([name, object]) => {
      await writeFile(path.join(folder, `${name}.yaml`), stringify(object))
    }),
  )
  return await new SignJWT({ groups: ['staff'], email: 'caller@bench.invalid' })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('caller')
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey)
}

function toSettings(key: object) {
  const issuers = [{ name: 'bench', issuer, preset: 'Generic', audiences: [audience], jwks: { keys: [key] } }]
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'portcullis-settings', namespace: 'portcullis' },
    data: { 'settings.yaml': stringify({ issuers, grants: [] }) },
  }
}

function toConnection(upstream: Upstream) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ModelConnection',
    metadata: { name: connection, namespace },
    spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [{ name: 'mock', url: upstream.origin }] },
  }
}

const policy = {
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'InferencePolicy',
  metadata: { name: 'staff', namespace },
  spec: {
    mode: 'Enforce',
    targetRefs: [{ name: connection }],
    rules: [
      {
        name: 'staff-may-call',
        phase: 'Request',
        when: `"staff" in identity.groups && request.model.startsWith("bench-")`,
        action: 'Allow',
      },
    ],
  },
}
