// Child processes of the bench: each pinned to its cores, ended with the run, and quoted when it ends too early.
import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { request } from 'undici'

export interface Command {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  /** CPUs to pin to, as taskset takes them. */
  readonly cores?: string
  readonly environment: Readonly<Record<string, string>>
  readonly folder?: string
  /** A file descriptor for its standard output, for programs that print too much to read along. */
  readonly output?: number
  readonly signal: AbortSignal
}

/** A process that runs until it is stopped. */
export interface Running {
  readonly pid: number
  /** Resolves with the first match of a line of its output; rejects when the process ends or the time is up. */
  line(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>
  /** Rejects with the end of its output when the process has ended. */
  assertRunning(): void
  stop(): Promise<void>
}

const keptOutput = 4000
const quotedOutput = 600
const stopTimeoutMs = 5000
const pollMs = 20

/** Starts a process. */
export function startProcess(command: Command): Running {
  const child = spawnPinned(command)
  let output = ''
  const note = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptOutput)
  }
  child.stdout?.on('data', note)
  child.stderr?.on('data', note)
  child.on('error', (error) => note(Buffer.from(error.message)))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  const assertRunning = () => {
    if (hasEnded()) throw new Error(`${command.name} ended (${describeEnd(child)}): ${quote(output)}`)
  }
  const line = async (pattern: RegExp, timeoutMs: number) => {
    return await waitFor(`${command.name} to be ready`, timeoutMs, command.signal, () => {
      assertRunning()
      return pattern.exec(output) ?? undefined
    })
  }
  return { pid: child.pid ?? 0, line, assertRunning, stop: async () => await stopChild(child, hasEnded) }
}

/** Runs a command to its end and returns its standard output; throws with the end of its output when it fails. */
export async function runCommand(command: Command): Promise<string> {
  const child = spawnPinned(command)
  let stdout = ''
  let all = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    all = (all + chunk.toString()).slice(-keptOutput)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    all = (all + chunk.toString()).slice(-keptOutput)
  })
  try {
    await once(child, 'close')
  } catch (error) {
    command.signal.throwIfAborted()
    throw new Error(`${command.name} did not start: is setpriv (util-linux) in PATH?`, { cause: error })
  }
  if (child.exitCode !== 0) throw new Error(`${command.name} failed (${describeEnd(child)}): ${quote(all)}`)
  return stdout
}

/** A port of loopback that was free a moment ago, for programs that cannot choose one and say which. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the system gave no TCP port')
  return address.port
}

/** Waits until something listens on the port, or fails when the process ends first. */
export async function waitForPort(running: Running, port: number, options: WaitOptions): Promise<void> {
  await waitFor(`port ${port} to open`, options.timeoutMs, options.signal, async () => {
    running.assertRunning()
    return (await canConnect(port)) ? true : undefined
  })
}

/** Holds a process still: collecting its garbage would otherwise take from whoever is measured on the same core. */
export function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP')
}

/** Lets a frozen process go on. */
export function thaw(pid: number): void {
  process.kill(pid, 'SIGCONT')
}

/** Waits until a health endpoint answers 200. */
export async function waitForReady(running: Running, url: string, options: WaitOptions): Promise<void> {
  await waitFor(`${url} to say 200`, options.timeoutMs, options.signal, async () => {
    running.assertRunning()
    const { statusCode, body } = await request(url, { signal: options.signal })
    await body.dump()
    return statusCode === 200 ? true : undefined
  })
}

export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    // Refused is the expected answer of a program that is still starting; the caller gives up at its own time.
    return false
  } finally {
    socket.destroy()
  }
}

async function waitFor<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    // oxlint-disable-next-line no-await-in-loop -- a poll is a sequence
    const found = await look()
    if (found !== undefined) return found
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(pollMs, undefined, { signal })
  }
  throw new Error(`gave up waiting for ${what} after ${timeoutMs / 1000} s`)
}

/**
 * Each child has a process group of its own: when a shell leaves the group of the bench behind, the kernel hangs up on every
 * process of a group that holds a stopped one. And each dies with the bench, stopped or not, however the bench ends.
 */
function spawnPinned({ file, args, cores, environment, folder, output, signal }: Command): ChildProcess {
  const pin = cores === undefined ? [] : ['taskset', '-c', cores]
  const words = ['--pdeathsig', 'KILL', ...pin, file, ...args]
  const stdio: StdioOptions = ['ignore', output ?? 'pipe', 'pipe']
  return spawn('setpriv', words, { env: environment, cwd: folder, signal, detached: true, stdio })
}

async function stopChild(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (hasEnded()) return
  const ended = Promise.withResolvers<void>()
  child.once('exit', () => ended.resolve())
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  child.kill('SIGTERM')
  child.kill('SIGCONT')
  await ended.promise
  clearTimeout(timer)
}

function describeEnd(child: ChildProcess): string {
  return child.signalCode ?? `exit code ${child.exitCode ?? 'unknown'}`
}

function quote(output: string): string {
  const text = output.trim().slice(-quotedOutput)
  return text === '' ? 'it printed nothing' : text
}
