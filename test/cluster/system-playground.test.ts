// `npm run cluster`, as a person meets it: the lines it prints work when they are pasted, and Ctrl-C leaves nothing behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../../hack/cluster/run-command.ts'

test('prints lines that work, and ends with everything it started on Ctrl-C', async () => {
  const main = path.resolve('hack/cluster/main.ts')
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (line.startsWith('# Logs of the processes')) break
  }
  const start = lines.findIndex((line) => line.startsWith('curl -i '))
  // Aliases are for people; a script has none.
  const exports = lines.filter((line) => line.startsWith('export '))
  const kubectl = /^alias kubectl='(.*)'$/mu.exec(lines.join('\n'))?.[1] ?? ''
  const curl = lines.slice(start, start + 2)
  const paste = async (...script: readonly string[]): Promise<string> => {
    const { stdout } = await runCommand('bash', ['-c', [...exports, ...script].join('\n')], { timeoutMs: 30_000 })
    return stdout
  }
  const allowed = await paste(...curl)
  expect(allowed).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*x-portcullis-revision: 1\.\d+-[0-9a-f]{12}[\s\S]*You said: hello/u)
  const denied = await paste(...curl.map((line) => line.replace('hello', 'Nightjar')))
  expect(denied).toMatch(/^HTTP\/1\.1 403 [\s\S]*Project Nightjar is confidential/u)
  const listed = await paste(`${kubectl} get inferencepolicies -A --no-headers`)
  expect(listed).toMatch(/chat-for-research +Enforce +True +True +2\/2 +1 /u)

  child.kill('SIGINT')
  await expect(ended).resolves.toEqual([0, null])
  const folder = path.dirname(exports[0]?.replace('export KUBECONFIG=', '') ?? '')
  await expect(access(folder)).rejects.toThrow('ENOENT')
})
