import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLine, isAlive, killRecorded, makeOwnedFolder, reapAbandoned } from './leftovers.ts'

describe('what an interrupted run left behind', () => {
  test('a folder whose owner is gone is removed and its recorded process ended; a folder in use stays', async () => {
    await using root = await makeRoot()
    const mine = await makeOwnedFolder(root.path)
    const theirs = mine.replace(`-${process.pid}-`, `-${await endedPid()}-`)
    await mkdir(path.join(theirs, 'pids'), { recursive: true })
    const leftover = await startSleeper(theirs)
    await writeFile(path.join(theirs, 'pids', 'etcd'), String(leftover.pid))

    await expect(reapAbandoned(root.path)).resolves.toEqual([theirs])

    await leftover.ended
    await expect(readdir(root.path)).resolves.toEqual([path.basename(mine)])
  })

  test('a process that only took over a recorded id is not touched', async () => {
    await using root = await makeRoot()
    const folder = path.join(root.path, 'cluster')
    await mkdir(path.join(folder, 'pids'), { recursive: true })
    const innocent = await startSleeper('some other argument')
    await writeFile(path.join(folder, 'pids', 'etcd'), String(innocent.pid))

    await expect(killRecorded(folder)).resolves.toEqual([])

    expect(isAlive(innocent.pid)).toBe(true)
    innocent.end()
    await innocent.ended
  })

  test.each(['', 'nonsense', '-1', '0', '1', '1.5'])(
    'the recorded id %j is not taken for a process',
    async (content) => {
      await using root = await makeRoot()
      await mkdir(path.join(root.path, 'pids'))
      await writeFile(path.join(root.path, 'pids', 'etcd'), content)
      await expect(killRecorded(root.path)).resolves.toEqual([])
    },
  )

  test('folders of another machine and foreign names stay', async () => {
    await using root = await makeRoot()
    const names = ['another.machine-1234567-00000000', 'notes', 'x-1-zz']
    await Promise.all(names.map((name) => mkdir(path.join(root.path, name))))
    await expect(reapAbandoned(root.path)).resolves.toEqual([])
    await expect(readdir(root.path)).resolves.toEqual(names.toSorted())
  })

  test('no folder at all is nothing to do', async () => {
    await expect(reapAbandoned('/nowhere/at/all')).resolves.toEqual([])
  })
})

test('the command line of a process shows its arguments', async () => {
  const sleeper = await startSleeper('/a/telling/argument')
  await expect(commandLine(sleeper.pid)).resolves.toContain('/a/telling/argument')
  sleeper.end()
  await sleeper.ended
})

function makeRoot(): ReturnType<typeof mkdtempDisposable> {
  return mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-leftovers-'))
}

/** A process that does nothing until its input closes; its last argument is visible in its command line. */
async function startSleeper(argument: string): Promise<{ pid: number; end: () => void; ended: Promise<unknown> }> {
  const child = spawn('/bin/sh', ['-c', 'echo up; read line', 'sleeper', argument], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return { pid: child.pid ?? 0, end: () => child.stdin.end(), ended }
}

async function endedPid(): Promise<number> {
  const child = spawn('/bin/true')
  await once(child, 'exit')
  return child.pid ?? 0
}
