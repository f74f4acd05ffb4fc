import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
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

async function makeSink(
  file: string,
  maxQueuedBytes = 1_000_000,
): Promise<{ sink: JsonLinesSink; failed: Promise<unknown> }> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  return { sink: new JsonLinesSink({ file, maxQueuedBytes, onFailure: resolve }), failed: promise }
}

const sessionsIn = async (file: string): Promise<readonly string[]> =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as SessionRecord).session)

it('writes every record once, in order', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'portcullis-')), 'r.jsonl')
  const { sink } = await makeSink(file)
  const sessions = Array.from({ length: 500 }, (_, i) => `s${i}`)
  for (const session of sessions) {
    sink.append(makeRecord(session))
    if (session.endsWith('7')) await new Promise((resolve) => setImmediate(resolve))
  }
  await sink.close()
  expect(await sessionsIn(file)).toEqual(sessions)
})

it('is unwritable while the disk fails, and loses nothing when it comes back', async () => {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'portcullis-')), 'absent')
  const file = path.join(folder, 'r.jsonl')
  const { sink, failed } = await makeSink(file)
  sink.append(makeRecord('one'))
  await failed
  expect(sink.isWritable).toBe(false)
  await mkdir(folder)
  sink.retry()
  sink.append(makeRecord('two'))
  await sink.close()
  expect(sink.isWritable).toBe(true)
  expect(await sessionsIn(file)).toEqual(['one', 'two'])
  await rm(folder, { recursive: true })
})

it('is bounded: beyond its queue it counts what it loses and takes no more calls', async () => {
  const { sink, failed } = await makeSink('/nowhere/at/all', 300)
  for (const session of ['a', 'b', 'c', 'd']) sink.append(makeRecord(session))
  expect(sink.isWritable).toBe(false)
  expect(sink.lost).toBe(2)
  await failed
})
