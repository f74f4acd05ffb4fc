// The whole standalone product in this process: the tour over the real samples, and a folder of one's own under edits.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Refusal } from '../../cli/local/admission.ts'
import type { ChatClient } from '../../cli/tour/chat-client.ts'
import { makeChatClient, read } from '../../cli/tour/chat-client.ts'
import { CliError } from '../../cli/errors.ts'
import { runTour } from '../../cli/tour/run.ts'
import type { Standalone } from '../../cli/standalone.ts'
import { startStandalone } from '../../cli/standalone.ts'
import type { Surroundings } from '../../cli/surroundings.ts'
import { issueTokenFor, startSurroundings } from '../../cli/surroundings.ts'
import { makeTerminal, width } from '../../cli/terminal.ts'
import type { FolderProblem } from '../../kube/manifests.ts'
import { systemClock } from '../../kube/clock.ts'

const samples = path.resolve(import.meta.dirname, '../../config/samples')
const patience = { timeout: 10_000, interval: 20 }
const deps = { clock: systemClock, random: Math.random }

// A loaded machine may take its time; a condition that is met ends the wait at once.
vi.setConfig({ testTimeout: 30_000 })

describe('the tour', () => {
  it('shows what it should in every step, inside the width, and leaves the samples as they are', async () => {
    const written: string[] = []
    const terminal = makeTerminal({ write: (text) => written.push(text), color: false })
    await using surroundings = await startSurroundings(systemClock)
    const options = { samples, port: 0, surroundings }
    const before = await readFile(path.join(samples, 'research.yaml'), 'utf8')
    const result = await runTour({ ...deps, terminal, signal: new AbortController().signal }, options)
    const text = written.join('')
    expect(text).not.toContain('failed')
    expect(result).toEqual({ good: 8, of: 8 })
    expect(text.split('\n').filter((line) => line.length > width)).toEqual([])
    expect(await readFile(path.join(samples, 'research.yaml'), 'utf8')).toBe(before)
  })
})

describe('the OpenAI SDK', () => {
  it('works as the printed lines say: base URL and token, nothing else', async () => {
    await using product = await serveFolder(samples)
    const token = await product.issueToken('alice')
    const client = new OpenAI({ baseURL: `${product.origin}/research/chat/v1`, apiKey: token, maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'hello' }]
    const completion = await client.chat.completions.create({ model: 'assistant', messages })
    expect(completion.choices[0]?.message.content).toBe('You said: hello')
    const pieces: string[] = []
    for await (const event of await client.chat.completions.create({ model: 'assistant', messages, stream: true })) {
      pieces.push(event.choices[0]?.delta.content ?? '')
    }
    expect(pieces.join('')).toBe('You said: hello')
    const refused = client.chat.completions.create({ model: 'gpt-6', messages })
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  })
})

describe('a folder that is served', () => {
  let folder = ''

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-test-'))
    await cp(samples, folder, { recursive: true })
  })
  afterEach(async () => rm(folder, { recursive: true, force: true }))

  const edit = async (change: (text: string) => string): Promise<void> => {
    const file = path.join(folder, 'research.yaml')
    await writeFile(file, change(await readFile(file, 'utf8')))
  }

  it('takes an edit of a connection: paused, it refuses every call', async () => {
    await using product = await serveFolder(folder)
    expect(await product.ask('alice')).toMatchObject({ status: 200 })
    await edit((text) => text.replace('mode: Active', 'mode: Paused'))
    const code = async (): Promise<unknown> => read((await product.ask('alice')).body, 'error', 'code')
    await expect.poll(code, patience).toBe('connection_paused')
  })

  it('refuses an edit that the kind does not allow, as an API server would, and keeps the version before', async () => {
    await using product = await serveFolder(folder)
    await edit((text) => text.replace('action: Deny', 'action: Dony').replace('group: research', 'group: sales'))
    const refusal = { kind: 'InferencePolicy', namespace: 'research', name: 'chat-for-research', hasEarlier: true }
    await expect
      .poll(() => product.refusals, patience)
      .toEqual([{ ...refusal, problems: ['spec.rules[1].action: must be one of Deny, RequireApproval, Allow'] }])
    expect(await product.ask('alice')).toMatchObject({ status: 200 })
    await edit((text) => text.replace('action: Dony', 'action: Deny'))
    await expect.poll(async () => (await product.ask('alice')).status, patience).toBe(403)
    expect(await product.ask('bob')).toMatchObject({ status: 200 })
  })

  it('shows that an object which does not compile denies its targets, and nothing else', async () => {
    await using product = await serveFolder(folder)
    await edit((text) => text.replace('request.maxTokens', 'request.maxTokenz'))
    const code = async (): Promise<unknown> => read((await product.ask('alice')).body, 'error', 'code')
    await expect.poll(code, patience).toBe('policy_unavailable')
  })

  it('takes a rotated credential without a restart', async () => {
    await using product = await serveFolder(folder)
    await edit((text) => text.replace('sample-key-of-the-model-server', 'the-next-key'))
    const arrivals = async (): Promise<number> => {
      await product.ask('alice')
      return product.searchModel('Bearer the-next-key')
    }
    await expect.poll(arrivals, patience).toBeGreaterThan(0)
  })

  it('lets nobody in whose group no policy names', async () => {
    await using product = await serveFolder(folder)
    expect(await product.ask('bob')).toMatchObject({ status: 403 })
  })

  it('keeps what was good while a file is broken, says where, and takes the repaired file', async () => {
    await using product = await serveFolder(folder)
    const good = await readFile(path.join(folder, 'research.yaml'), 'utf8')
    await edit((text) => `${text}  broken: [\n`)
    const where = { file: 'research.yaml', reason: 'BrokenYaml', line: expect.any(Number) }
    await expect.poll(() => product.problems[0], patience).toMatchObject(where)
    expect(await product.ask('alice')).toMatchObject({ status: 200 })
    await edit(() => good.replace('mode: Active', 'mode: Paused'))
    await expect.poll(async () => (await product.ask('alice')).status, patience).toBe(503)
    expect(product.problems).toEqual([])
  })

  it('answers as soon as it is started, and frees its port when it ends', async () => {
    await using product = await serveFolder(folder)
    const { origin } = product
    expect(await product.ask('alice')).toMatchObject({ status: 200 })
    await product[Symbol.asyncDispose]()
    await expect(fetch(origin)).rejects.toThrow('fetch failed')
  })

  it.each([
    ['a field that is missing', 'protocol: OpenAI', 'research.yaml', 'spec.protocol: is required'],
    ['a field that is unknown', 'rules:', 'research.yaml', 'spec: has an unknown field'],
  ])('does not start over %s, and says where', async (_, line, file, problem) => {
    await edit((text) => text.replace(`  ${line}`, line === 'rules:' ? '  rulez:' : ''))
    const refused = await serveFolder(folder).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'folder_invalid' })
    expect(refused).toMatchObject({
      advice: [expect.stringMatching(new RegExp(`${file}:\\d+: .*${RegExp.escape(problem)}`))],
    })
  })

  it('says so when its port is taken at the last moment', async () => {
    await using product = await serveFolder(folder)
    const refused = await serveFolder(folder, Number(new URL(product.origin).port)).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'port_in_use' })
  })

  it('does not start over settings that nobody can use, and says where', async () => {
    const file = path.join(folder, 'platform.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('grants:', 'grantz:'))
    const refused = await serveFolder(folder).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'folder_invalid',
      advice: [expect.stringMatching(/platform\.yaml:\d+: ConfigMap portcullis\/portcullis-settings, .*"grantz"/)],
    })
  })

  it('does not start over a broken file, and says where it is broken', async () => {
    await writeFile(path.join(folder, 'broken.yaml'), 'kind: [\n')
    const refused = await serveFolder(folder).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(CliError)
    expect(refused).toMatchObject({ code: 'folder_invalid', advice: [expect.stringMatching(/broken\.yaml:2:1: /)] })
  })
})

interface Served extends AsyncDisposable {
  readonly origin: string
  readonly problems: readonly FolderProblem[]
  readonly refusals: readonly Refusal[]
  readonly issueToken: (user: string) => Promise<string>
  readonly ask: (user: string) => ReturnType<ChatClient['ask']>
  readonly searchModel: (text: string) => Promise<number>
}

async function serveFolder(folder: string, port = 0): Promise<Served> {
  const stack = new AsyncDisposableStack()
  try {
    const surroundings: Surroundings = stack.use(await startSurroundings(systemClock))
    const seen: { problems: readonly FolderProblem[]; refusals: Refusal[] } = { problems: [], refusals: [] }
    const { development, identityProvider, model } = surroundings
    const onProblem = (problems: readonly FolderProblem[]): void => {
      seen.problems = problems
    }
    const onRefusal = (refusal: Refusal): unknown => seen.refusals.push(refusal)
    const { signal } = new AbortController()
    const options = { folder, port, development, onProblem, onRefusal, signal, logTo: { write: () => {} } }
    const product: Standalone = stack.use(await startStandalone(deps, options))
    const chat = stack.use(makeChatClient(`${product.origin}/research/chat/v1`, 5_000))
    return {
      origin: product.origin,
      get problems() {
        return seen.problems
      },
      refusals: seen.refusals,
      issueToken: async (user) => issueTokenFor(identityProvider, user),
      ask: async (user) =>
        chat.ask({ model: 'assistant', content: 'hello', token: await issueTokenFor(identityProvider, user) }),
      searchModel: async (text) => {
        const reply = await fetch(`${model.origin}/seen/search`, { method: 'POST', body: text })
        return Number(read(await reply.json(), 'containing'))
      },
      [Symbol.asyncDispose]: async () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
