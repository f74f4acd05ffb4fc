// What cannot be recorded is not forwarded, and what was forwarded is recorded, whatever happens to the disk.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionRecord } from '../../policy/evidence.ts'
import { ask, connectionTo, readMetrics } from '../helpers/asking.ts'
import { startGateway } from '../helpers/gateway.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { startUpstream } from '../helpers/upstream-server.ts'

let upstream: Upstream
let reached = 0

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    reached += 1
    response.end('{}')
  })
})
afterAll(async () => upstream[Symbol.asyncDispose]())
beforeEach(() => {
  reached = 0
})

const makeFolder = async (): Promise<string> => mkdtemp(path.join(tmpdir(), 'portcullis-records-'))

const toBody = (model: string): string => `{"model":"${model}","messages":[{"role":"user","content":"hi"}]}`

async function recordsIn(file: string): Promise<readonly SessionRecord[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): SessionRecord => JSON.parse(line))
}

describe('records that cannot be written', () => {
  it('close the gateway from its first call on, and open it again by themselves with nothing lost', async () => {
    const folder = path.join(await makeFolder(), 'absent')
    const recordsFile = path.join(folder, 'records.jsonl')
    {
      await using gw = await startGateway({ connections: [connectionTo(upstream)], config: { recordsFile } })
      for (let call = 0; call < 3; call += 1) {
        const reply = await ask(gw)
        expect(reply).toMatch(/^HTTP\/1\.1 503 /u)
        expect(reply).toContain('"code":"record_unwritable"')
      }
      expect(reached).toBe(0)
      expect(await readMetrics(gw)).toMatch(/^portcullis_record_failures_total 1$/mu)
      await mkdir(folder)
      await vi.waitFor(async () => expect(await ask(gw)).toMatch(/^HTTP\/1\.1 200 /u), {
        timeout: 5_000,
        interval: 200,
      })
      expect(reached).toBe(1)
    }
    const records = await recordsIn(recordsFile)
    expect(records.slice(0, 3).map(({ response }) => response.error)).toEqual(Array(3).fill('record_unwritable'))
    expect(records.at(-1)).toMatchObject({ response: { status: 200, outcome: 'Completed' } })
    expect(new Set(records.map(({ session }) => session)).size).toBe(records.length)
    await rm(folder, { recursive: true })
  })

  it.runIf(process.platform === 'linux')(
    'because the disk is full close it after the call that found out',
    async () => {
      await using gw = await startGateway({
        connections: [connectionTo(upstream)],
        config: { recordsFile: '/dev/full' },
      })
      await ask(gw)
      await vi.waitFor(async () => expect(await readMetrics(gw)).toMatch(/^portcullis_record_failures_total 1$/mu))
      const before = reached
      expect(await ask(gw)).toContain('"code":"record_unwritable"')
      expect(await ask(gw)).toContain('"code":"record_unwritable"')
      expect(reached).toBe(before)
      expect(gw.logs()).toContain('session records cannot be written')
      await gw.stop()
      expect(gw.logs()).toContain('session records are lost')
    },
  )

  it('do not keep refusals from being given: a denied caller still learns why', async () => {
    await using gw = await startGateway({
      connections: [connectionTo(upstream)],
      policies: [],
      config: { recordsFile: '/nowhere/records.jsonl' },
    })
    expect(await ask(gw)).toContain('"code":"policy_denied"')
  })
})

describe('a record', () => {
  it('is written for every call however it ended, and names no model that was not declared', async () => {
    await using gw = await startGateway({
      connections: [
        connectionTo(upstream),
        connectionTo(upstream, { models: [{ name: 'known' }] }, { name: 'declared' }),
      ],
    })
    await ask(gw, { body: toBody('canary\\nforged: line') })
    await ask(gw, { path: '/team-a/declared/v1/chat/completions', body: toBody('canary') })
    await ask(gw, { path: '/canary?token=canary' })
    await ask(gw, { headers: ['x-canary: canary'], body: '{"canary":' })
    const records = await gw.records()
    expect(records.map(({ response }) => response.status)).toEqual([200, 404, 404, 400])
    const metrics = await readMetrics(gw)
    for (const kept of [JSON.stringify(records), gw.logs(), metrics]) expect(kept).not.toContain('canary')
  })

  it('of a query with a secret has nothing of it', async () => {
    await using gw = await startGateway({ connections: [connectionTo(upstream)] })
    const reply = await ask(gw, { path: '/team-a/chat/v1/chat/completions?key=canary' })
    expect(reply).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"bad_request"/u)
    expect(reply).not.toContain('canary')
    expect(await ask(gw, { path: '/team-a/chat/v1/chat/completions?api-version=2024-10-21' })).toMatch(
      /^HTTP\/1\.1 200 /u,
    )
    expect(JSON.stringify(await gw.records()) + gw.logs()).not.toContain('canary')
  })
})
