import { mkdtemp, rename, rm, unlink, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from './clock.ts'
import type { FolderProblem } from './manifests.ts'
import { configMaps, secrets } from './resource.ts'
import { openFolder } from './store-folder.ts'
import { MemoryStore } from './store-memory.ts'
import type { ResourceStore } from './store.ts'
import { describeStore, widgets } from '../test/helpers/store-contract.ts'

const resources = [widgets, configMaps, secrets]
const red = 'apiVersion: example.test/v1\nkind: Widget\nmetadata: { name: red }\nspec: { color: red }\n'

async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'folder-store-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

async function open(
  files: Readonly<Record<string, string>>,
): Promise<{ folder: string; store: ResourceStore; problems: () => readonly FolderProblem[] }> {
  const folder = await makeFolder(files)
  let problems: readonly FolderProblem[] = []
  const opened = await openFolder(systemClock, { folder, resources, onProblem: (now) => (problems = now) })
  const stop = new AbortController()
  const followed = opened.follow(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await followed
  })
  return { folder, store: opened.store, problems: () => problems }
}

describeStore(
  'in memory',
  async () => ({ store: new MemoryStore({ clock: systemClock }), namespace: 'home' }),
  async () => {},
)

const contractFolder = mkdtemp(join(tmpdir(), 'folder-store-'))
describeStore(
  'over a folder',
  async () => {
    const folder = await contractFolder
    const { store } = await openFolder(systemClock, { folder, resources, onProblem: () => {} })
    return { store, namespace: 'home' }
  },
  async () => rm(await contractFolder, { recursive: true }),
)

async function spec(store: ResourceStore, name = 'red'): Promise<unknown> {
  return (await store.get(widgets, { namespace: 'default', name }))?.spec
}

async function uid(store: ResourceStore): Promise<unknown> {
  return (await store.get(widgets, { namespace: 'default', name: 'red' }))?.metadata.uid
}

describe('the folder', () => {
  it('serves several documents and lists of files in sub-folders, with a default namespace', async () => {
    const { folder, store } = await open({ 'a.yaml': `${red}---\n${red.replace('name: red', 'name: two')}` })
    await mkdir(join(folder, 'deep'))
    await writeFile(
      join(folder, 'deep', 'b.yml'),
      `apiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: ConfigMap, metadata: { name: c, namespace: n }, data: { k: v } }\n`,
    )
    await vi.waitFor(async () =>
      expect(await store.get(configMaps, { namespace: 'n', name: 'c' })).toMatchObject({ data: { k: 'v' } }),
    )
    expect(await spec(store, 'two')).toEqual({ color: 'red' })
  })

  it('follows edits, keeping uid and status and counting generations', async () => {
    const { folder, store } = await open({ 'a.yaml': red })
    const ref = { namespace: 'default', name: 'red' }
    const before = await store.get(widgets, ref)
    await store.applyStatus(widgets, { ...ref, status: { phase: 'Ready' } }, { fieldManager: 'x' })
    await writeFile(join(folder, 'next'), red.replace('color: red', 'color: blue'))
    await rename(join(folder, 'next'), join(folder, 'a.yaml'))
    await vi.waitFor(async () => expect(await spec(store)).toEqual({ color: 'blue' }))
    const after = await store.get(widgets, ref)
    expect(after).toMatchObject({ metadata: { uid: before?.metadata.uid, generation: 2 }, status: { phase: 'Ready' } })
    expect(Number(after?.metadata.resourceVersion)).toBeGreaterThan(Number(before?.metadata.resourceVersion))
  })

  it('gives the same object in the same file the same uid in every run', async () => {
    const [one, two] = await Promise.all([open({ 'a.yaml': red }), open({ 'a.yaml': red })])
    expect(await uid(one.store)).toBe(await uid(two.store))
  })

  it('keeps the last good objects of a file that breaks, says where, and reports when it is healed', async () => {
    const { folder, store, problems } = await open({ 'a.yaml': red })
    await writeFile(join(folder, 'a.yaml'), `${red}password: [s3cret\n  x: {{`)
    await vi.waitFor(() => expect(problems()).not.toEqual([]))
    expect(problems()[0]).toMatchObject({ file: 'a.yaml', reason: 'BrokenYaml', line: 5 })
    expect(JSON.stringify(problems())).not.toContain('s3cret')
    expect(await spec(store)).toEqual({ color: 'red' })
    await writeFile(join(folder, 'a.yaml'), red)
    await vi.waitFor(() => expect(problems()).toEqual([]))
  })

  it('removes what a deleted file held', async () => {
    const { folder, store } = await open({ 'a.yaml': red })
    await unlink(join(folder, 'a.yaml'))
    await vi.waitFor(async () => expect(await spec(store)).toBeUndefined())
  })

  it.each([
    ['a kind that is not served', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\n', 'UnknownKind'],
    ['text that is no object', 'hello\n', 'NotAnObject'],
    ['a bad name', red.replace('name: red', 'name: Red_'), 'NotAnObject'],
    ['a label that is not text', red.replace('{ name: red }', '{ name: red, labels: { a: 1 } }'), 'NotAnObject'],
    ['a doubled key', `${red}spec: { color: blue }\n`, 'BrokenYaml'],
    ['the same object twice', `${red}---\n${red}`, 'DuplicateObject'],
    [
      'a billion laughs',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n`,
      'BrokenYaml',
    ],
  ])('reports %s with its place', async (_case, text, reason) => {
    const { problems } = await open({ 'a.yaml': text })
    expect(problems()).toMatchObject([{ file: 'a.yaml', reason, line: expect.any(Number) }])
  })

  it('refuses to change or delete what a file holds, naming the file', async () => {
    const { store } = await open({ 'a.yaml': red })
    const ref = { namespace: 'default', name: 'red' }
    await expect(store.delete(widgets, ref)).rejects.toThrow(/Forbidden.*a\.yaml/)
    await expect(store.apply(widgets, { metadata: ref, spec: { color: 'x' } }, { fieldManager: 'x' })).rejects.toThrow(
      /Forbidden/,
    )
  })
})
