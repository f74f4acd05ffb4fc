import { mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { SessionRecord } from '../../policy/evidence.ts'
import { recordFormat } from '../../policy/evidence.ts'
import { JsonLinesSink } from './json-lines.ts'

const makeRecord = (session: string): SessionRecord => ({
  format: recordFormat,
  session,
  startedAt: '2026-11-20T12:00:00.000Z',
  durationMs: 1,
  gateway: 'g',
  revision: '1.1-abc',
  request: { method: 'POST', bytes: 1 },
  response: { status: 200, bytes: 1, outcome: 'Completed' },
})

const makeFolder = async (): Promise<string> => mkdtemp(path.join(tmpdir(), 'portcullis-'))

interface Watched {
  readonly sink: JsonLinesSink
  readonly events: string[]
}

function makeSink(file: string, maxQueuedBytes = 1_000_000): Watched {
  const events: string[] = []
  const sink = new JsonLinesSink({
    file,
    maxQueuedBytes,
    onFailure: () => events.push('failed'),
    onRecovery: () => events.push('recovered'),
    onLoss: (count) => events.push(`lost ${count}`),
  })
  return { sink, events }
}

const sessionsIn = async (file: string): Promise<readonly string[]> =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as SessionRecord).session)

it('writes every record once, in order', async () => {
  const file = path.join(await makeFolder(), 'r.jsonl')
  const { sink, events } = makeSink(file)
  const sessions = Array.from({ length: 500 }, (_, i) => `s${i}`)
  for (const session of sessions) {
    sink.append(makeRecord(session))
    if (session.endsWith('7')) await new Promise((resolve) => setImmediate(resolve))
  }
  await sink.close()
  expect(await sessionsIn(file)).toEqual(sessions)
  expect(events).toEqual([])
})

it('is unwritable while the disk fails, and loses nothing when it comes back', async () => {
  const folder = path.join(await makeFolder(), 'absent')
  const file = path.join(folder, 'r.jsonl')
  const { sink, events } = makeSink(file)
  sink.append(makeRecord('one'))
  await sink.open()
  expect(sink.isWritable).toBe(false)
  sink.append(makeRecord('two'))
  await mkdir(folder)
  expect(sink.isWritable).toBe(false)
  sink.retry()
  await sink.open()
  expect(sink.isWritable).toBe(true)
  sink.append(makeRecord('three'))
  await sink.close()
  expect(await sessionsIn(file)).toEqual(['one', 'two', 'three'])
  expect(events).toEqual(['failed', 'recovered'])
  await rm(folder, { recursive: true })
})

it('knows before the first record that it cannot write, and stays closed while it tries again', async () => {
  const { sink, events } = makeSink('/dev/full/nowhere')
  await sink.open()
  expect(sink.isWritable).toBe(false)
  for (let attempt = 0; attempt < 3; attempt += 1) {
    sink.retry()
    expect(sink.isWritable).toBe(false)
    await sink.open()
  }
  expect(events).toEqual(['failed'])
})

it.runIf(process.platform === 'linux')('says so when the disk is full', async () => {
  const { sink, events } = makeSink('/dev/full')
  await sink.open()
  sink.append(makeRecord('one'))
  await sink.open()
  expect(sink.isWritable).toBe(false)
  await sink.close()
  expect(events).toEqual(['failed', 'lost 1'])
})

it('begins a new line after one that a crash has torn', async () => {
  const file = path.join(await makeFolder(), 'r.jsonl')
  await writeFile(file, '{"format":1,"sess')
  const { sink } = makeSink(file)
  sink.append(makeRecord('one'))
  await sink.close()
  const [torn, whole] = (await readFile(file, 'utf8')).split('\n')
  expect(torn).toBe('{"format":1,"sess')
  expect(JSON.parse(whole ?? '')).toMatchObject({ session: 'one' })
})

it('writes what was under way again when its file is removed', async () => {
  const file = path.join(await makeFolder(), 'r.jsonl')
  const { sink } = makeSink(file)
  sink.append(makeRecord('one'))
  await sink.open()
  await unlink(file)
  sink.append(makeRecord('two'))
  await sink.close()
  expect(await sessionsIn(file)).toEqual(['two'])
})

it('is bounded: beyond its queue it counts what it loses and takes no more calls', async () => {
  const { sink, events } = makeSink('/nowhere/at/all', 300)
  for (const session of ['a', 'b', 'c', 'd']) sink.append(makeRecord(session))
  expect(sink.isWritable).toBe(false)
  expect(events).toEqual(['lost 1', 'lost 1'])
  await sink.close()
  expect(events).toEqual(['lost 1', 'lost 1', 'failed', 'lost 2'])
})
