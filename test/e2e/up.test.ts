// `npm run up` as a person runs it: the real command, its exit code, its last line, its time; and --keep under edits and Ctrl-C.
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const patience = { timeout: 20_000, interval: 50 }

interface Command extends AsyncDisposable {
  readonly output: () => string
  readonly errors: () => string
  /** To every process of the command, as a terminal does on Ctrl-C. */
  readonly interrupt: () => void
  readonly exit: Promise<number | null>
}

function start(program: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(program, [...words], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const text = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.output += piece))
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.errors += piece))
  const exit = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, name)
  }
  return {
    output: () => text.output,
    errors: () => text.errors,
    interrupt: () => signal('SIGINT'),
    exit,
    [Symbol.asyncDispose]: async () => {
      signal('SIGKILL')
      await exit
    },
  }
}

const npm = (...words: readonly string[]): Command => start('npm', ['run', '--silent', 'up', '--', ...words])
/** The command without npm around it: what its exit code and its signals are. */
const portcullis = (words: readonly string[], env?: Readonly<Record<string, string>>): Command =>
  start(path.join(root, 'node_modules/.bin/node'), ['cli/main.ts', ...words], env)

const linesOf = (text: string): readonly string[] => text.trimEnd().split('\n')

describe('npm run up', () => {
  it('walks the tour in less than a minute and ends with its verdict', async () => {
    const startedMs = performance.now()
    await using command = npm()
    expect(await command.exit).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(60_000)
    expect(linesOf(command.output()).at(-1)).toBe('tour: 8 of 8 steps')
  })

  it('writes no colour into a pipe, and colour where it is forced', async () => {
    await using plain = portcullis(['up'])
    await plain.exit
    expect(plain.output()).not.toContain('\x1b')
    await using forced = portcullis(['up'], { FORCE_COLOR: '1' })
    await forced.exit
    expect(forced.output()).toContain('\x1b[')
    await using refused = portcullis(['up'], { FORCE_COLOR: '1', NO_COLOR: '1' })
    await refused.exit
    expect(refused.output()).not.toContain('\x1b')
  })

  it('leaves no copy of the samples behind', async () => {
    const before = await findCopies()
    await using command = portcullis(['up'])
    await command.exit
    expect((await findCopies()).filter((name) => !before.includes(name))).toEqual([])
  })
})

describe('npm run up -- --keep', () => {
  let folder = ''

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-test-'))
    await cp(path.join(root, 'config/samples'), folder, { recursive: true })
  })
  afterEach(async () => rm(folder, { recursive: true, force: true }))

  it('takes an edit of the folder, and ends on Ctrl-C with code 0 and its port free', async () => {
    await using command = portcullis(['up', '--keep', '--folder', folder, '--port', '0'])
    const { gateway, identityProvider } = await readAddresses(command)
    const token = await (await fetch(`${identityProvider}/users/alice/token`)).text()
    const ask = async (): Promise<number> => {
      const reply = await fetch(`${gateway}/research/chat/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'assistant', messages: [{ role: 'user', content: 'hello' }] }),
      })
      await reply.arrayBuffer()
      return reply.status
    }
    expect(await ask()).toBe(200)
    const file = path.join(folder, 'research.yaml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('group: research', 'group: somebody-else'))
    await expect.poll(ask, patience).toBe(403)
    await expect.poll(command.output, patience).toMatch(/revision 1\.\d+-[0-9a-f]{12} in force/)
    command.interrupt()
    expect(await command.exit).toBe(0)
    expect(command.errors()).toBe('')
    await listenOn(Number(new URL(gateway).port))
  })

  it('ends on Ctrl-C under npm too, with nothing left running', async () => {
    await using command = npm('--keep', '--folder', folder, '--port', '0')
    const { gateway, identityProvider } = await readAddresses(command)
    command.interrupt()
    // The code is npm's own here: a shell between npm and us may die of the same Ctrl-C.
    await command.exit
    expect(command.output()).toContain('ended\n')
    for (const origin of [gateway, identityProvider]) await listenOn(Number(new URL(origin).port))
  })

  it('walks the tour first, prints what to paste, and stays', async () => {
    await using command = portcullis(['up', '--keep'])
    await readAddresses(command)
    expect(command.output()).toContain('tour: 8 of 8 steps')
    expect(command.output()).toContain('export TOKEN=$(curl -s http://127.0.0.1:')
    command.interrupt()
    expect(await command.exit).toBe(0)
    expect(linesOf(command.output()).at(-1)).toBe('ended')
  })

  it('names an object that is wrong, with line and column of its expression', async () => {
    await using command = portcullis(['up', '--folder', folder])
    await readAddresses(command)
    const file = path.join(folder, 'research.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('request.maxTokens', 'request.maxTokenz'))
    const line = /InferencePolicy research\/chat-for-research, spec\.rules\[0\]\.when 1:\d+: .*maxTokenz/
    await expect.poll(command.output, patience).toMatch(line)
  })
})

describe('what can go wrong before anything starts', () => {
  it.each([
    ['an unknown command', ['down'], 'portcullis: there is no command "down"\n  portcullis --help'],
    ['a folder that is not there', ['up', '--folder', '/nowhere/at/all'], 'there is no folder /nowhere/at/all'],
    ['a port that is no number', ['up', '--port', 'http'], '--port needs a number'],
  ])('%s: said in two lines, exit code 2', async (_, words, text) => {
    await using command = portcullis(words)
    expect(await command.exit).toBe(2)
    expect(command.errors()).toContain(text)
    expect(command.output()).toBe('')
    expect(linesOf(command.errors()).length).toBeLessThanOrEqual(3)
  })

  it('a port in use: said with the way out, exit code 2', async () => {
    const server = createServer().listen({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await using command = portcullis(['up', '--port', String(port)])
    expect(await command.exit).toBe(2)
    expect(command.errors()).toContain(`port ${port} on 127.0.0.1 is in use by another program`)
    server.close()
  })

  it('broken YAML: said with file, line and column', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-test-'))
    await writeFile(path.join(folder, 'broken.yaml'), 'kind: [\n')
    await using command = portcullis(['up', '--folder', folder])
    expect(await command.exit).toBe(2)
    expect(command.errors()).toContain(`${folder}/broken.yaml:2:1: this is not valid YAML`)
    await rm(folder, { recursive: true })
  })
})

async function findCopies(): Promise<readonly string[]> {
  const names = await readdir(tmpdir())
  return names.filter((name) => name.startsWith('portcullis-tour-'))
}

interface Addresses {
  readonly gateway: string
  readonly identityProvider: string
}

/** Waits until the command stays, and reads from its output where. */
async function readAddresses(command: Command): Promise<Addresses> {
  await expect.poll(command.output, patience).toContain('Ctrl-C ends it.')
  const text = command.output().slice(command.output().indexOf('Portcullis is up'))
  const find = (name: string): string => new RegExp(`${name} +(http://127\\.0\\.0\\.1:\\d+)`).exec(text)?.[1] ?? ''
  return { gateway: find('gateway'), identityProvider: find('identity provider') }
}

/** Fails when somebody still has the port. */
async function listenOn(port: number): Promise<void> {
  const server = createServer().listen({ host: '127.0.0.1', port })
  await once(server, 'listening')
  server.close()
}
