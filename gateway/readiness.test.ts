import { expect, it } from 'vitest'
import { encodeBundle } from '../policy/bundle-wire.ts'
import type { Revision } from '../policy/bundle.ts'
import { makeCompiler } from '../policy/expression.ts'
import { makeBundle, sha256 } from '../test/helpers/make.ts'
import { ManualClock } from '../test/helpers/manual-clock.ts'
import { Enforcement } from './bundle/enforcement.ts'
import { Readiness } from './readiness.ts'

interface Followed {
  readonly readiness: Readiness
  readonly clock: ManualClock
  readonly enforce: (n: number) => Promise<void>
  readonly refuse: (n: number) => Promise<void>
}

function follow(published?: { revision?: Revision | undefined; isHeard: boolean }): Followed {
  const clock = new ManualClock()
  const enforcement = new Enforcement({
    hash: sha256,
    makeCompiler,
    breathe: async () => {},
    elapsedMs: () => 0,
    keep: async () => {},
    onChange: () => {},
  })
  const readiness = new Readiness(enforcement, clock)
  if (published) readiness.follow({ revision: () => published.revision, isHeard: () => published.isHeard })
  const offer = async (n: number, text?: string): Promise<void> => {
    const { digest, header, shards } = encodeBundle(makeBundle({}), sha256)
    const parts = [text === undefined ? header : { digest: header.digest, text }, ...shards]
    await enforcement.offer({ revision: { epoch: 1, n, digest }, parts })
  }
  return { readiness, clock, enforce: async (n) => offer(n), refuse: async (n) => offer(n, '{}') }
}

const revision = (n: number): Revision => ({ epoch: 1, n, digest: 'sha256:x' })

it('is not ready without a bundle, and says what was refused', async () => {
  const { readiness, refuse } = follow()
  expect(readiness.check()).toEqual({ ok: false, lines: ['no bundle yet: the operator has published none'] })
  await refuse(1)
  expect(readiness.check()).toMatchObject({
    ok: false,
    lines: [expect.any(String), expect.stringMatching(/^rejected bundle 1\.1: /u)],
  })
})

it('without a cluster is ready with its first bundle', async () => {
  const { readiness, enforce } = follow()
  await enforce(1)
  expect(readiness.check()).toMatchObject({ ok: true, lines: [expect.stringMatching(/^enforcing 1\.1-/u)] })
})

it('waits for the published one, then stays ready whatever is published after it', async () => {
  const published = { revision: revision(5), isHeard: true }
  const { readiness, enforce, refuse } = follow(published)
  await enforce(4)
  expect(readiness.check()).toMatchObject({ ok: false, lines: [expect.any(String), 'a newer bundle is published'] })
  await enforce(5)
  expect(readiness.check().ok).toBe(true)
  published.revision = revision(9)
  await refuse(9)
  expect(readiness.check()).toMatchObject({
    ok: true,
    lines: [expect.stringContaining('1.5-'), expect.stringContaining('rejected bundle 1.9')],
  })
})

it('believes what it has when the API server stays silent, but not at once', async () => {
  const { readiness, enforce, clock } = follow({ isHeard: false })
  await enforce(4)
  expect(readiness.check().ok).toBe(false)
  await clock.advance(10_001)
  expect(readiness.check().ok).toBe(true)
})

it('is ready when the API server says that nothing is published', async () => {
  const { readiness, enforce } = follow({ isHeard: true })
  await enforce(1)
  expect(readiness.check().ok).toBe(true)
})

it('is not ready any more once it drains', async () => {
  const { readiness, enforce } = follow()
  await enforce(1)
  expect([readiness.check().ok, readiness.isDraining]).toEqual([true, false])
  readiness.drain()
  expect([readiness.check().ok, readiness.isDraining]).toEqual([false, true])
})
