// Clean-up after a run that was killed before it could clean up itself. A cluster's folder carries the machine and the process
// id of its owner in its name; once that owner is gone, its parts are ended and the folder is removed. The parts end by
// themselves as a rule (component.ts); this is for the folder, and for the rare part that did not.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { runCommand } from './run-command.ts'

/** Containers that share a home folder do not see each other's processes, but have different names. */
const machine = os.hostname().replaceAll(/[^\w.]/g, '_')

export async function makeOwnedFolder(root: string): Promise<string> {
  const folder = path.join(root, `${machine}-${process.pid}-${randomBytes(4).toString('hex')}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Returns the folders it removed. */
export async function reapAbandoned(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [])
  const abandoned = names.filter((name) => isAbandoned(name)).map((name) => path.join(root, name))
  for (const folder of abandoned) {
    await killRecorded(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return abandoned
}

/** Kills the recorded processes of a cluster that are provably its own: their command line names its folder. */
export async function killRecorded(folder: string): Promise<number[]> {
  const pids = path.join(folder, 'pids')
  const killed: number[] = []
  for (const name of await readdir(pids).catch(() => [])) {
    const pid = Number(await readFile(path.join(pids, name), 'utf8').catch(() => ''))
    if (!Number.isInteger(pid) || pid <= 1) continue
    if (!(await commandLine(pid)).includes(folder)) continue
    if (signal(pid, 'SIGKILL')) killed.push(pid)
  }
  return killed
}

function isAbandoned(name: string): boolean {
  const owner = /^(.+)-(\d+)-[\da-f]{8}$/.exec(name)
  return owner !== null && owner[1] === machine && !isAlive(Number(owner[2]))
}

export function isAlive(pid: number): boolean {
  return signal(pid, 0)
}

/** The arguments of a process joined by spaces; empty when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return raw.replaceAll('\0', ' ').trim()
  }
  const { stdout } = await runCommand('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
  return stdout.trim()
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    // EPERM: there is such a process, but it is somebody else's.
    return Error.isError(error) && 'code' in error && error.code === 'EPERM'
  }
}
