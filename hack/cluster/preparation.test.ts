import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { claimFolder } from './preparation.ts'

describe('the folder of a control plane', () => {
  test('is made when it does not exist, and emptied when an earlier run is over', async () => {
    await using root = await makeRoot()
    const folder = path.join(root.path, 'deep', 'down')
    await claimFolder(folder)
    const fresh = await readdir(folder)
    await writeFile(path.join(folder, 'pki', 'old.crt'), '')
    await claimFolder(folder)
    await expect(readdir(folder)).resolves.toEqual(fresh)
    await expect(readdir(path.join(folder, 'pki'))).resolves.toEqual([])
  })

  test('is refused, not emptied, when something else is in it', async () => {
    await using root = await makeRoot()
    await writeFile(path.join(root.path, 'thesis.tex'), '')
    await expect(claimFolder(root.path)).rejects.toThrow('not the state of a test cluster')
    await expect(readdir(root.path)).resolves.toEqual(['thesis.tex'])
  })

  test('is refused while its control plane runs', async () => {
    await using root = await makeRoot()
    await claimFolder(root.path)
    await writeFile(path.join(root.path, 'pids', 'etcd'), '1')
    await expect(claimFolder(root.path)).rejects.toThrow('still runs')
  })
})

function makeRoot(): ReturnType<typeof mkdtempDisposable> {
  return mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-claim-'))
}
