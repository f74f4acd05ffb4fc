import { mkdtempDisposable, readdir, readFile, readlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeProjection } from './projection.ts'

const now = new Date('2026-10-07T09:30:00Z')

describe('a folder of projected files', () => {
  test('looks as kubelet leaves it', async () => {
    await using folder = await makeFolder()
    await writeProjection(folder.path, files({ 'settings.yaml': 'a', 'slots/0-a': 'b', 'slots/0-b': 'c' }), now)

    const names = await readdir(folder.path)
    const stamped = names.find((name) => name.startsWith('..2026_10_07_09_30_00.'))
    expect(new Set(names)).toEqual(new Set(['..data', 'settings.yaml', 'slots', stamped]))
    await expect(readlink(path.join(folder.path, '..data'))).resolves.toBe(stamped)
    await expect(readlink(path.join(folder.path, 'slots'))).resolves.toBe('..data/slots')
    await expect(read(folder.path, 'slots/0-b')).resolves.toBe('c')
  })

  test('follows changed, added and removed files, and keeps one generation', async () => {
    await using folder = await makeFolder()
    await writeProjection(folder.path, files({ stays: 'old', goes: 'x', 'dir/one': '1' }), now)
    await expect(writeProjection(folder.path, files({ stays: 'new', comes: 'y' }), now)).resolves.toBe(true)

    const names = await readdir(folder.path)
    expect(names.filter((name) => !name.startsWith('..')).toSorted()).toEqual(['comes', 'stays'])
    expect(names.filter((name) => name.startsWith('..'))).toHaveLength(2)
    await expect(read(folder.path, 'stays')).resolves.toBe('new')
  })

  test('is left alone when nothing changed', async () => {
    await using folder = await makeFolder()
    const content = files({ a: '1', 'b/c': '2' })
    await expect(writeProjection(folder.path, content, now)).resolves.toBe(true)
    const before = await readlink(path.join(folder.path, '..data'))
    await expect(writeProjection(folder.path, content, now)).resolves.toBe(false)
    await expect(readlink(path.join(folder.path, '..data'))).resolves.toBe(before)
  })

  test('is empty but for ..data when there is nothing to project', async () => {
    await using folder = await makeFolder()
    await writeProjection(folder.path, files({ a: '1' }), now)
    await writeProjection(folder.path, files({}), now)
    const names = await readdir(folder.path)
    expect(names.filter((name) => !name.startsWith('..'))).toEqual([])
  })

  test.each(['../out', '/etc/passwd', 'a/../../b', '..data', '..2026', 'a//b', '', './a'])(
    'refuses the path %j',
    async (file) => {
      await using folder = await makeFolder()
      await expect(writeProjection(folder.path, files({ [file]: 'x' }), now)).rejects.toThrow('must stay in its folder')
      await expect(readdir(folder.path)).resolves.toEqual([])
    },
  )
})

test('whoever reads through ..data while it is swapped sees one generation, never a mixture', async () => {
  await using folder = await makeFolder()
  await writeProjection(folder.path, files({ left: '0', right: '0' }), now)
  const written = new AbortController()
  const seen = new Set<string>()
  const reader = (async () => {
    while (!written.signal.aborted) {
      const generation = await readlink(path.join(folder.path, '..data'))
      const pair = Promise.all(['left', 'right'].map((name) => read(path.join(folder.path, generation), name)))
      // The generation may have been removed meanwhile; a reader starts over then, as it does below kubelet.
      const content = await pair.catch(() => undefined)
      if (content) seen.add(content.join('='))
    }
  })()
  for (let turn = 1; turn <= 50; turn++) {
    await writeProjection(folder.path, files({ left: String(turn), right: String(turn) }), now)
  }
  written.abort()
  await reader
  expect(seen.size).toBeGreaterThan(1)
  expect([...seen].filter((pair) => pair.split('=')[0] !== pair.split('=')[1])).toEqual([])
})

function makeFolder(): ReturnType<typeof mkdtempDisposable> {
  return mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-projection-'))
}

function files(content: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(content).map(([name, text]) => [name, Buffer.from(text)]))
}

async function read(folder: string, name: string): Promise<string> {
  return await readFile(path.join(folder, name), 'utf8')
}
