// Real model servers from PyPI, each with a model of some ten lines (test/python/). Every server has a virtual environment of its own
// outside of the tree, named after what is in it: it is made once, in a minute or less, and found again by every later run.
import type { ChildProcess } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cacheFolder } from '../../hack/cluster/source.ts'

export interface PythonServer extends AsyncDisposable {
  readonly origin: string
  /** What it wrote so far. */
  readonly logs: () => string
}

interface Recipe {
  readonly ports: number
  /** Answers 200 once the server serves. */
  readonly readyPath: string
}

const recipes = {
  mlserver: { ports: 3, readyPath: '/v2/models/echo/ready' },
  kserve: { ports: 1, readyPath: '/v2/models/echo/ready' },
  flask: { ports: 1, readyPath: '/ready' },
} as const satisfies Record<string, Recipe>

export type PythonServerName = keyof typeof recipes

const folder = path.resolve(import.meta.dirname, '..', 'python')
const run = promisify(execFile)
const startMs = 60_000
const installMs = 300_000

// oxlint-disable-next-line node/no-process-env -- where Python, its packages' index and the cache are is a fact of the environment
const environment = process.env

export interface Python {
  readonly command: string
  readonly version: string
}

/** Undefined: none here that the servers run on (3.11 or 3.12) and that can make virtual environments. */
export async function findPython(): Promise<Python | undefined> {
  for (const command of ['python3', 'python3.12', 'python3.11']) {
    const version = await askVersion(command)
    if (version !== undefined && /^3\.1[12]\./u.test(version)) return { command, version }
  }
  return undefined
}

async function askVersion(command: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, ['-c', 'import sys, venv, ensurepip; print(sys.version, sys.prefix)'])
    return stdout.trim()
  } catch {
    return undefined
  }
}

export async function startPythonServer(name: PythonServerName): Promise<PythonServer> {
  const python = await makePython(name)
  const { ports: count, readyPath } = recipes[name]
  const ports = await findFreePorts(count)
  const child = spawn(python, ['-u', path.join(folder, name, 'model.py'), ...ports.map(String)], {
    cwd: path.join(folder, name),
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let logs = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (logs += bytes.toString()))
  const origin = `http://127.0.0.1:${ports[0]}`
  const stop = async (): Promise<void> => end(child)
  try {
    await becomeReady(child, `${origin}${readyPath}`)
  } catch (cause) {
    await stop()
    throw new Error(`${name} did not start; it wrote:\n${logs}`, { cause })
  }
  return { origin, logs: () => logs, [Symbol.asyncDispose]: stop }
}

/** The interpreter of an environment with exactly the packages that the server's requirements name. */
export async function makePython(name: PythonServerName): Promise<string> {
  const requirements = path.join(folder, name, 'requirements.txt')
  const python = await findPython()
  if (python === undefined) throw new Error('there is no Python 3.11 or 3.12 with venv on this machine')
  const text = await readFile(requirements, 'utf8')
  const digest = createHash('sha256').update(`${python.version}\n${text}`).digest('hex').slice(0, 16)
  const target = path.join(cacheFolder(definedOnly(environment)), 'python', `venv-${name}-${digest}`)
  if (await exists(toInterpreter(target))) return toInterpreter(target)
  const partial = `${target}.${process.pid}`
  const startedMs = performance.now()
  process.stderr.write(`python: installing ${name} from PyPI into ${target} (once, about half a minute) ...\n`)
  await mkdir(path.dirname(target), { recursive: true })
  await rm(partial, { recursive: true, force: true })
  await run(python.command, ['-m', 'venv', partial], { timeout: installMs })
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
  await run(toInterpreter(partial), install, { timeout: installMs, env: environment })
  // What is there under its name is whole. Two runs may have made it at once: the second one's is thrown away.
  await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true }))
  process.stderr.write(`python: ${name} installed in ${Math.round((performance.now() - startedMs) / 1000)} s\n`)
  return toInterpreter(target)
}

function toInterpreter(venv: string): string {
  return path.join(venv, 'bin', 'python')
}

async function becomeReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = AbortSignal.timeout(startMs)
  while (child.exitCode === null && !deadline.aborted) {
    const answer = await fetch(url, { signal: deadline }).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.status === 200) return
    await wait(100)
  }
  throw new Error(child.exitCode === null ? `not ready after ${startMs / 1000} s` : `ended with ${child.exitCode}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** All held at once, so that no two are the same; servers of Python cannot be handed an open socket. */
async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

function definedOnly(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  )
}
