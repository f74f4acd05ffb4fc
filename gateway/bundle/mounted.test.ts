import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { writeProjection } from '../../hack/cluster/projection.ts'
import type { NamedConfigMap } from '../../policy/bundle-config-map.ts'
import { bundleConfigMapName, maxInlineBytes, toConfigMaps } from '../../policy/bundle-config-map.ts'
import { decodeBundle, encodeBundle } from '../../policy/bundle-wire.ts'
import { makeBundle, makeConnection, sha256 } from '../../test/helpers/make.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import type { Offer } from './enforcement.ts'
import { readMounted, watchMounted } from './mounted.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-mounted-'))
})
afterEach(async () => rm(folder, { recursive: true }))

/** Text that does not shrink, so that a bundle grows beyond its index. */
const noise = (seed: string, length: number): string =>
  Array.from({ length }, (_, i) => sha256(`${seed}${i}`).slice(7)).join('')

function pack(
  n: number,
  size = 0,
): { readonly slots: readonly NamedConfigMap[]; readonly index: NamedConfigMap; readonly digest: string } {
  const connections = Array.from({ length: size === 0 ? 1 : 16 }, (_, i) =>
    makeConnection({}, { name: `c${n}-${i}`, labels: { a: noise(`${n}-${i}-`, size) } }),
  )
  const parts = encodeBundle(makeBundle({ policies: [], connections }), sha256)
  const packed = toConfigMaps(
    parts,
    { epoch: 1, n, digest: parts.digest },
    { gzip: (text) => gzipSync(text), digestInSlot: () => undefined },
  )
  return { ...packed, digest: parts.digest }
}

async function mount({ name, data, binaryData }: NamedConfigMap): Promise<void> {
  const texts = Object.entries(data).map(([key, text]) => [key, Buffer.from(text)] as const)
  await writeProjection(
    path.join(folder, name),
    new Map<string, Uint8Array>([...texts, ...Object.entries(binaryData)]),
    new Date(),
  )
}

it('waits for an index', async () => {
  expect(await readMounted(folder)).toEqual({ waitFor: [bundleConfigMapName] })
  await mount({ name: bundleConfigMapName, data: {}, binaryData: {} })
  expect(await readMounted(folder)).toEqual({ waitFor: [bundleConfigMapName] })
})

it('reads a small bundle from its index, ready to be verified', async () => {
  const { index, digest } = pack(1)
  await mount(index)
  const found = await readMounted(folder)
  if (!('offer' in found)) throw new Error('no offer')
  expect(found.offer.revision).toEqual({ epoch: 1, n: 1, digest })
  expect(decodeBundle(found.offer.parts, digest, sha256)).toHaveProperty('bundle')
})

it('reads a large one from its slots, and waits for those that have not come', async () => {
  const { index, slots, digest } = pack(1, 200)
  expect(slots.length).toBeGreaterThan(1)
  expect(slots.reduce((sum, { binaryData }) => sum + (binaryData['part']?.length ?? 0), 0)).toBeGreaterThan(
    maxInlineBytes,
  )
  await mount(index)
  for (const slot of slots.slice(1)) await mount(slot)
  expect(await readMounted(folder)).toEqual({ waitFor: [slots[0]?.name] })
  if (slots[0]) await mount(slots[0])
  const found = await readMounted(folder)
  expect('offer' in found && decodeBundle(found.offer.parts, digest, sha256)).toHaveProperty('bundle')
})

it.each([
  ['a format of tomorrow', { format: '99' }, /^bundle format 99 is not the one/u],
  ['a format that is none', { format: 'x y\ncanary' }, /\(unreadable\)/u],
  ['no sequence', { sequence: '-1' }, /epoch and sequence/u],
  ['a digest that is none', { digest: 'canary' }, /digest/u],
  ['a table that is none', { parts: '[canary' }, /table of parts/u],
])('refuses %s without quoting it', async (_title, change, reason) => {
  const { index } = pack(1)
  await mount({ ...index, data: { ...index.data, ...change } })
  const found = await readMounted(folder)
  expect(found).toMatchObject({ refused: expect.stringMatching(reason) })
  expect(JSON.stringify(found)).not.toContain('canary')
})

it('refuses what does not unpack', async () => {
  const { index } = pack(1)
  await mount({ ...index, binaryData: { ...index.binaryData, 'part-0': Buffer.from('no gzip') } })
  expect(await readMounted(folder)).toEqual({
    refused: 'part 0 of the bundle is missing, damaged or too large',
    sequence: { epoch: 1, n: 1 },
  })
})

it('follows what kubelet swaps, offers each version once, and survives rubbish in between', async () => {
  const clock = new ManualClock()
  const life = new AbortController()
  const offers: Offer[] = []
  const refused: string[] = []
  const offer = async (one: Offer): Promise<void> => void offers.push(one)
  const watching = watchMounted({ clock, offer, onRefused: (reason) => refused.push(reason) }, folder, life.signal)
  const until = async (check: () => void): Promise<void> =>
    vi.waitFor(async () => {
      await clock.advance(2_000)
      check()
    })
  await mount(pack(1).index)
  await until(() => expect(offers.map(({ revision }) => revision.n)).toEqual([1]))
  await clock.advance(20_000)
  expect(offers).toHaveLength(1)
  await mount({ ...pack(2).index, data: { format: 'x' } })
  await until(() => expect(refused).toHaveLength(1))
  const [seen] = (await readdir(path.join(folder, bundleConfigMapName))).filter((name) => name.startsWith('..2'))
  await writeFile(path.join(folder, bundleConfigMapName, seen ?? '', 'canary'), 'x')
  await mount(pack(3).index)
  await until(() => expect(offers.map(({ revision }) => revision.n)).toEqual([1, 3]))
  life.abort()
  await watching
})
