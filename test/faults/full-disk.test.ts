// A disk that fills up in the middle of a batch: no line is torn, none stands twice, and none is missing once there is room again.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect, it } from 'vitest'
import { JsonLinesSink } from '../../gateway/evidence/json-lines.ts'
import type { SessionRecord } from '../../policy/evidence.ts'

const makeRecord = (session: string): SessionRecord => ({
  format: 1,
  session,
  startedAt: '2026-11-20T12:00:00.000Z',
  durationMs: 1,
  gateway: 'g',
  revision: '1.1-abc',
  request: { method: 'POST', bytes: 1 },
  response: { status: 200, bytes: 1, outcome: 'Completed' },
})

/** A file system of a few pages; undefined where this process may not make one. */
async function mountTiny(): Promise<(AsyncDisposable & { readonly folder: string }) | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-tiny-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  return {
    folder,
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', [folder])
      await rm(folder, { recursive: true })
    },
  }
}

it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'is taken back to whole lines and filled again',
  async (test) => {
    await using tiny = await mountTiny()
    if (tiny === undefined) return test.skip('this process may not mount a file system')
    const ballast = path.join(tiny.folder, 'ballast')
    await writeFile(ballast, Buffer.alloc(40 * 1024))
    const file = path.join(tiny.folder, 'records.jsonl')
    const events: string[] = []
    const sink = new JsonLinesSink({
      file,
      maxQueuedBytes: 10_000_000,
      onFailure: () => events.push('failed'),
      onRecovery: () => events.push('recovered'),
      onLoss: () => events.push('lost'),
    })
    const sessions = Array.from({ length: 180 }, (_, i) => `session-${i}`)
    for (const session of sessions) {
      sink.append(makeRecord(session))
      if (session.endsWith('9')) await sink.open()
    }
    await sink.open()
    expect(sink.isWritable).toBe(false)
    const before = await readFile(file, 'utf8')
    expect(before.endsWith('\n')).toBe(true)
    await rm(ballast)
    sink.retry()
    await sink.open()
    expect(sink.isWritable).toBe(true)
    await sink.close()
    const written = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as SessionRecord).session)
    expect(written).toEqual(sessions)
    expect(events).toEqual(['failed', 'recovered'])
  },
)
