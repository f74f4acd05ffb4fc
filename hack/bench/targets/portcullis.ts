// This product: the gateway judging each call (cached OIDC, one rule), access log on, session records off; and the same with 24
// detectors masking requests and answers.
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, truncate } from 'node:fs/promises'
import path from 'node:path'

import { exportJWK, generateKeyPair, SignJWT } from 'jose'

import { processOptions } from '../cache.ts'
import { findFreePort, startProcess, waitForPort, waitForReady } from '../processes.ts'
import type { Running } from '../processes.ts'
import type { Bench } from '../suite.ts'
import { startTimeoutMs, toStarted } from '../target.ts'
import type { Target, Upstream } from '../target.ts'
import { audience, issuer, makeBundle, prefix, writeMountedBundle } from './portcullis-bundle.ts'

const main = path.join(import.meta.dirname, '..', '..', '..', 'gateway', 'main.ts')
const loggedChars = 600

interface Launch {
  readonly folder: string
  readonly port: number
  readonly adminPort: number
}

export const portcullis: Target = makeTarget('portcullis', false)
export const portcullisMasked: Target = makeTarget('portcullis-masked', true)

function makeTarget(name: string, masks: boolean): Target {
  return {
    name,
    async start(bench, upstream) {
      if (!existsSync(main)) throw new Error('gateway/main.ts does not exist')
      const folder = path.join(bench.scratchFolder, name)
      await mkdir(path.join(folder, 'state'), { recursive: true })
      const token = await writeBundle(path.join(folder, 'bundle'), upstream, masks)
      const launch = { folder, port: await findFreePort(), adminPort: await findFreePort() }
      const log = path.join(folder, 'access.log')
      const running = await startGateway(bench, launch, log)
      return {
        ...toStarted(name, running, launch.port),
        masks,
        path: `${prefix}v1/chat/completions`,
        headers: { authorization: `Bearer ${token}` },
        // The access log is part of what is measured, so it goes to a real file; but not to a full disk.
        tidy: async () => await truncate(log),
      }
    },
  }
}

/** The one place that knows the gateway's variables (gateway/config.ts). */
function toEnvironment({ folder, port, adminPort }: Launch): Readonly<Record<string, string>> {
  return {
    PORTCULLIS_KUBERNETES: 'off',
    PORTCULLIS_HOST: '127.0.0.1',
    PORTCULLIS_PORT: `${port}`,
    PORTCULLIS_ADMIN_HOST: '127.0.0.1',
    PORTCULLIS_ADMIN_PORT: `${adminPort}`,
    PORTCULLIS_BUNDLE_FOLDER: path.join(folder, 'bundle'),
    PORTCULLIS_STATE_FOLDER: path.join(folder, 'state'),
    PORTCULLIS_RECORDS: 'off',
    PORTCULLIS_ALLOW_LOOPBACK: 'yes',
    PORTCULLIS_DRAIN_SECONDS: '1',
  }
}

async function startGateway(bench: Bench, launch: Launch, log: string): Promise<Running> {
  await using file = await open(log, 'a')
  const options = processOptions(bench)
  const running = startProcess({
    name: 'gateway/main.ts',
    file: process.execPath,
    args: [main],
    cores: bench.cores.proxy,
    ...options,
    environment: { ...options.environment, ...toEnvironment(launch) },
    output: file.fd,
  })
  const wait = { timeoutMs: startTimeoutMs, signal: bench.signal }
  try {
    await waitForPort(running, launch.port, wait)
    await waitForReady(running, `http://127.0.0.1:${launch.adminPort}/readyz`, wait)
    return running
  } catch (error) {
    await running.stop()
    const logged = (await readFile(log, 'utf8')).trim().slice(-loggedChars)
    const reason = error instanceof Error ? error.message : 'unknown error'
    throw new Error(`${reason}; the end of its log: ${logged}`, { cause: error })
  }
}

/** Writes what the gateway is to enforce and returns a token of a caller who may call. */
async function writeBundle(folder: string, { origin }: Upstream, masks: boolean): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const { kty = '', n = '', e = '' } = await exportJWK(publicKey)
  const key = { kty, n, e, kid: 'bench', alg: 'RS256', use: 'sig' }
  await writeMountedBundle(folder, makeBundle({ upstreamOrigin: origin, key, masks }))
  return await new SignJWT({ groups: ['staff'], email: 'caller@bench.invalid' })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('caller')
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey)
}
