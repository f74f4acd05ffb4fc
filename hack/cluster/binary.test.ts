import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { findBinaries, guarded } from './binary.ts'
import { eventually } from './eventually.ts'
import { commandLine } from './leftovers.ts'

const log = (): void => {}

describe('a folder of KUBEBUILDER_ASSETS', () => {
  test('has its programs named, all of them, when one is missing', async () => {
    await using folder = await makeFolder(['kubectl'])
    const found = findBinaries({ env: { KUBEBUILDER_ASSETS: folder.path }, log })
    await expect(found).rejects.toThrow('KUBEBUILDER_ASSETS has no etcd, no kube-apiserver.')
  })

  test('does without a controller manager, which it rarely has', async () => {
    await using folder = await makeFolder(['kubectl', 'etcd', 'kube-apiserver'])
    const found = await findBinaries({ env: { KUBEBUILDER_ASSETS: folder.path }, log })
    expect(found.controllerManager).toBeUndefined()
    expect(found.etcd.args).toContain(path.join(folder.path, 'etcd'))
  })
})

test.each([
  ['kind', { PORTCULLIS_TEST_CLUSTER: 'kind' }],
  ['PORTCULLIS_TEST_KUBECONFIG', { PORTCULLIS_TEST_KUBECONFIG: '/k', PORTCULLIS_TEST_KUBECONFIG_ALLOWED: 'yes' }],
])('a control plane of its own cannot come from %s', async (name, env) => {
  await expect(findBinaries({ env, log })).rejects.toThrow(`is what a cluster from ${name} cannot offer`)
})

test('a guarded program ends when the input of its owner closes', async () => {
  const { file, args } = guarded('/bin/sleep')
  const child = spawn(file, [...args, '1234'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const ended = once(child, 'exit')
  const isSleep = async (): Promise<boolean> => (await commandLine(child.pid ?? 0)) === '/bin/sleep 1234'
  await eventually(isSleep, { message: 'the shell to become the program', intervalMs: 5 })
  child.stdin.end()
  await expect(ended).resolves.toEqual([null, 'SIGKILL'])
})

async function makeFolder(programs: readonly string[]): ReturnType<typeof mkdtempDisposable> {
  const folder = await mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-assets-'))
  for (const program of programs) {
    const file = path.join(folder.path, program)
    await writeFile(file, '#!/bin/sh\n')
    await chmod(file, 0o755)
  }
  return folder
}
