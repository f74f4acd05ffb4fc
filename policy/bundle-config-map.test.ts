// The layout of a bundle in ConfigMaps: what is written can be read, from the API and from files, and no reader finds a half.
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NamedConfigMap, StoredConfigMap } from './bundle-config-map.ts'
import {
  allSlotNames,
  fromApi,
  fromFiles,
  maxInlineBytes,
  newerIndex,
  parseIndex,
  readParts,
  toApi,
  toConfigMaps,
} from './bundle-config-map.ts'
import type { BundleParts } from './bundle-wire.ts'
import { shardCount } from './bundle-wire.ts'

const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`
const gzip = (text: string): Uint8Array => new Uint8Array(gzipSync(text))
const gunzip = (bytes: Uint8Array, maxOutputLength: number): string | undefined => {
  try {
    return gunzipSync(bytes, { maxOutputLength }).toString()
  } catch {
    return undefined
  }
}

/** Text that gzip cannot shrink much. */
function makeNoise(seed: string, length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i += 1) text += createHash('sha512').update(`${seed}${i}`).digest('base64')
  return text.slice(0, length)
}

function makeParts(texts: readonly string[]): BundleParts {
  const all = Array.from({ length: shardCount + 1 }, (_, i) => texts[i] ?? '').map((text) => ({
    digest: hash(text),
    text,
  }))
  const [header, ...shards] = all
  if (header === undefined) throw new Error('no header')
  return { digest: hash(all.map(({ digest }) => digest).join('\n')), header, shards }
}

/** A namespace of ConfigMaps, as far as this layout needs one. */
class Shelf {
  readonly maps = new Map<string, StoredConfigMap>()

  put({ name, data, binaryData }: NamedConfigMap): void {
    this.maps.set(name, { data, binaryData })
  }

  get index(): StoredConfigMap {
    return this.maps.get('portcullis-bundle') ?? { data: {}, binaryData: {} }
  }

  write(parts: BundleParts, n: number): readonly string[] {
    const current = parseIndex(this.index)
    const written = toConfigMaps(
      parts,
      { epoch: 1, n, digest: parts.digest },
      {
        gzip,
        digestInSlot: (name) => this.maps.get(name)?.data['digest'],
        ...('index' in current ? { current: current.index } : {}),
      },
    )
    for (const slot of written.slots) this.put(slot)
    this.put(written.index)
    return written.slots.map(({ name }) => name)
  }

  read(): readonly string[] {
    const parsed = parseIndex(this.index)
    if ('refused' in parsed) throw new Error(parsed.refused)
    const read = readParts(parsed.index, this.index, { gunzip, slot: (name) => this.maps.get(name) })
    if (!('parts' in read)) throw new Error(JSON.stringify(read))
    return read.parts.map(({ text }) => text)
  }
}

const texts = (parts: BundleParts): readonly string[] => [parts.header, ...parts.shards].map(({ text }) => text)

describe('layout of a bundle', () => {
  it('keeps a small bundle inside the index and writes no slot', () => {
    const shelf = new Shelf()
    const parts = makeParts(['head', 'one', 'two'])
    expect(shelf.write(parts, 1)).toEqual([])
    expect(shelf.read()).toEqual(texts(parts))
  })

  it('moves the shards of a large bundle into slots, the header stays in the index', () => {
    const shelf = new Shelf()
    const parts = makeParts(['head', makeNoise('a', 2 * maxInlineBytes)])
    expect(shelf.write(parts, 1)).toHaveLength(shardCount)
    expect(Object.keys(shelf.index.binaryData)).toEqual(['part-0'])
    expect(shelf.read()).toEqual(texts(parts))
  })

  it('writes only the shard that changed, into the slot that the published index does not name', () => {
    const shelf = new Shelf()
    const big = makeNoise('a', 2 * maxInlineBytes)
    shelf.write(makeParts(['head', big, 'x']), 1)
    expect(shelf.write(makeParts(['head', big, 'y']), 2)).toEqual(['portcullis-bundle-1-b'])
    expect(shelf.write(makeParts(['head', big, 'z']), 3)).toEqual(['portcullis-bundle-1-a'])
  })

  it('leaves the published bundle readable when the writer dies before the index', () => {
    const shelf = new Shelf()
    const before = makeParts(['head', makeNoise('a', 2 * maxInlineBytes), 'x'])
    shelf.write(before, 1)
    const index = shelf.index
    shelf.write(makeParts(['head2', makeNoise('b', 2 * maxInlineBytes), 'y']), 2)
    shelf.put({ name: 'portcullis-bundle', ...index })
    expect(shelf.read()).toEqual(texts(before))
  })

  it('uses what a writer that died before the index had put into the free slot', () => {
    const shelf = new Shelf()
    const big = makeNoise('a', 2 * maxInlineBytes)
    shelf.write(makeParts(['head', big, 'x']), 1)
    const index = shelf.index
    const next = makeParts(['head', big, 'y'])
    shelf.write(next, 2)
    shelf.put({ name: 'portcullis-bundle', ...index })
    expect(shelf.write(next, 2)).toEqual([])
    expect(shelf.read()).toEqual(texts(next))
  })

  it('writes a slot again when somebody emptied it', () => {
    const shelf = new Shelf()
    const parts = makeParts(['head', makeNoise('a', 2 * maxInlineBytes)])
    shelf.write(parts, 1)
    shelf.maps.delete('portcullis-bundle-0-a')
    expect(shelf.write(parts, 2)).toEqual(['portcullis-bundle-0-b'])
    expect(shelf.read()).toEqual(texts(parts))
  })

  it('refuses to write a part that no ConfigMap holds', () => {
    const parts = makeParts(['head', makeNoise('a', 1_600_000)])
    expect(() => new Shelf().write(parts, 1)).toThrow(/part 1 of the bundle is \d+ bytes gzipped/u)
  })

  it('reads what it wrote after any series of edits', () => {
    const text = fc.record({ seed: fc.string({ maxLength: 4 }), length: fc.integer({ min: 0, max: 60_000 }) })
    const edits = fc.array(fc.array(text, { minLength: 9, maxLength: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(edits, (series) => {
        const shelf = new Shelf()
        for (const [i, edit] of series.entries()) {
          const parts = makeParts(edit.map(({ seed, length }) => makeNoise(seed, length)))
          shelf.write(parts, i + 1)
          expect(shelf.read()).toEqual(texts(parts))
        }
      }),
      { numRuns: 10, seed: 7 },
    )
    // Tens of megabytes of noise are zipped here, which takes its time on a machine that is busy.
  }, 30_000)
})

describe('reading a bundle', () => {
  const shelf = new Shelf()
  shelf.write(makeParts(['head', makeNoise('a', 2 * maxInlineBytes), 'x']), 7)
  const parsed = parseIndex(shelf.index)
  if ('refused' in parsed) throw new Error(parsed.refused)
  const { index } = parsed

  it('names the slots it has to wait for', () => {
    const slot = (name: string): StoredConfigMap | undefined =>
      name.endsWith('-0-a')
        ? undefined
        : name.endsWith('-1-a')
          ? { data: { digest: hash('other') }, binaryData: {} }
          : shelf.maps.get(name)
    expect(readParts(index, shelf.index, { gunzip, slot })).toEqual({
      waitFor: ['portcullis-bundle-0-a', 'portcullis-bundle-1-a'],
    })
  })

  it.each([
    ['is damaged', { part: new Uint8Array([1, 2, 3]) }],
    ['is missing', {}],
  ])('refuses a slot whose part %s', (_, binaryData: Record<string, Uint8Array>) => {
    const damaged = (name: string): StoredConfigMap | undefined => {
      const stored = shelf.maps.get(name)
      return stored && name.endsWith('-0-a') ? { ...stored, binaryData } : stored
    }
    expect(readParts(index, shelf.index, { gunzip, slot: damaged })).toEqual({
      refused: 'part 1 of the bundle is missing, damaged or too large',
    })
  })

  it('asks for bounded decompression', () => {
    const limits: number[] = []
    const watched = (bytes: Uint8Array, maxBytes: number): string | undefined => {
      limits.push(maxBytes)
      return gunzip(bytes, maxBytes)
    }
    readParts(index, shelf.index, { gunzip: watched, slot: (name) => shelf.maps.get(name) })
    expect(new Set(limits)).toEqual(new Set([64 * 1024 * 1024]))
  })

  it('survives the API and a volume unchanged', () => {
    expect(fromApi(toApi(shelf.index))).toEqual(shelf.index)
    const encoder = new TextEncoder()
    const data = Object.entries(shelf.index.data).map(([key, value]) => [key, encoder.encode(value)] as const)
    expect(fromFiles(new Map([...data, ...Object.entries(shelf.index.binaryData)]))).toEqual(shelf.index)
    expect(fromApi({ binaryData: { part: '%%%' } })).toBeUndefined()
  })

  it.each([
    ['an empty ConfigMap', {}, 'the index has no format'],
    ['a newer format', { format: '2' }, 'bundle format 2 is not the one this gateway reads (1); upgrade the gateway'],
    [
      'a format that is no word',
      { format: '<script>' },
      'bundle format (unreadable) is not the one this gateway reads (1); upgrade the gateway',
    ],
    ['a negative sequence', { sequence: '-1' }, 'the index has no valid epoch and sequence'],
    ['a leading zero', { epoch: '01' }, 'the index has no valid epoch and sequence'],
    ['a digest of another kind', { digest: 'md5:0' }, 'the index has no valid digest'],
    ['parts that are no JSON', { parts: '[' }, 'the index has no valid table of parts'],
    ['too few parts', { parts: '[]' }, 'the index has no valid table of parts'],
    [
      'a part in a slot c',
      { parts: shelf.index.data['parts']?.replace('"a"', '"c"') ?? '' },
      'the index has no valid table of parts',
    ],
    [
      'parts of null',
      { parts: JSON.stringify(Array.from({ length: 9 }, () => null)) },
      'the index has no valid table of parts',
    ],
  ])('refuses %s', (_, change, refused) => {
    const data = Object.keys(change).length === 0 ? {} : { ...shelf.index.data, ...change }
    expect(parseIndex({ ...shelf.index, data })).toMatchObject({ refused })
  })

  it('says which sequence it refuses, also of a format that it cannot read', () => {
    const { epoch, sequence } = shelf.index.data
    const refused = parseIndex({ ...shelf.index, data: { ...shelf.index.data, format: '2' } })
    expect(refused).toMatchObject({ sequence: { epoch: Number(epoch), n: Number(sequence) } })
  })

  it('never throws, whatever the index holds', () => {
    const keys = fc.constantFrom('format', 'epoch', 'sequence', 'digest', 'parts')
    fc.assert(
      fc.property(fc.dictionary(keys, fc.oneof(fc.string(), fc.json())), (data) => {
        const result = parseIndex({ data: { ...shelf.index.data, ...data }, binaryData: {} })
        expect('index' in result || 'refused' in result).toBe(true)
      }),
    )
  })

  const at = (epoch: number, n: number): typeof index => ({ ...index, revision: { ...index.revision, epoch, n } })

  it('uses the newer of two copies', () => {
    expect(newerIndex(at(1, 9), at(2, 1))?.revision.epoch).toBe(2)
    expect(newerIndex(at(1, 9), at(1, 8))?.revision.n).toBe(9)
    expect(newerIndex(undefined, at(1, 8))?.revision.n).toBe(8)
    expect(newerIndex(undefined, undefined)).toBeUndefined()
  })

  it('names sixteen slots', () => {
    expect(allSlotNames()).toHaveLength(16)
    expect(allSlotNames('other')[15]).toBe('other-7-b')
  })
})
