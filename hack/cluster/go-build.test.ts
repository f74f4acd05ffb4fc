import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildKube, digestOf, linkerFlags, makeProgress } from './go-build.ts'

const goMod = await readFile(path.join(import.meta.dirname, 'kube', 'go.mod'), 'utf8')

test('the binary carries the release that go.mod requires', () => {
  expect(linkerFlags('require (\n\tk8s.io/kubernetes v1.36.4\n)')).toContain('gitVersion=v1.36.4')
  expect(() => linkerFlags('require k8s.io/other v1.0.0')).toThrow('k8s.io/kubernetes')
})

test('every staging module of go.mod is replaced by the release that belongs to Kubernetes', () => {
  const minor = /k8s\.io\/kubernetes v1\.([\d.]+)$/m.exec(goMod)?.[1]
  const replaced = goMod.split('\n').filter((line) => line.includes('=> k8s.io/'))
  expect(replaced).toHaveLength(33)
  expect(replaced.filter((line) => !line.endsWith(` v0.${minor}`))).toEqual([])
})

describe('the digest that names a built binary', () => {
  test('changes with every part, and with where one part ends', () => {
    const digests = [
      ['a', 'b'],
      ['a', 'c'],
      ['ab', ''],
      ['', 'ab'],
      ['a', 'b', ''],
    ].map((parts) => digestOf(parts))
    expect(new Set(digests).size).toBe(digests.length)
  })
})

describe('progress of the build', () => {
  test('is told at most every five seconds, in packages', () => {
    let time = 0
    const lines: string[] = []
    const progress = makeProgress({ total: 4, log: (line) => lines.push(line), now: () => time })
    progress('fmt\nio\n')
    time = 6000
    progress('net\n')
    time = 7000
    progress('net/http\nmain\n')
    time = 12_000
    progress('more\n')
    expect(lines).toEqual(['compiled 3 of 4 packages after 6 s', 'compiled 4 of 4 packages after 12 s'])
  })
})

describe('the build', () => {
  test('happens once; from then on the kept binary is taken', async () => {
    await using machine = await makeMachine()
    const binary = await machine.build()
    await expect(readFile(binary, 'utf8')).resolves.toBe('built')
    await machine.breakGo()
    await expect(machine.build()).resolves.toBe(binary)
  })

  test('two at once do not harm each other and leave one binary', async () => {
    await using machine = await makeMachine()
    const [first, second] = await Promise.all([machine.build(), machine.build()])
    expect(first).toBe(second)
    await expect(readdir(path.dirname(first))).resolves.toEqual(['kube'])
  })

  test('another release of Go gives another binary', async () => {
    await using machine = await makeMachine()
    const before = await machine.build()
    await expect(machine.build({ FAKE_GO_VERSION: 'go1.27.0' })).resolves.not.toBe(before)
  })

  test('that fails shows what Go said and leaves nothing that looks like a binary', async () => {
    await using machine = await makeMachine()
    await machine.breakGo()
    await expect(machine.build()).rejects.toThrow('no space left')
    const names = await readdir(machine.cache, { recursive: true, withFileTypes: true })
    expect(names.filter((entry) => entry.isFile())).toEqual([])
  })

  test('with a Go that is too old repeats its words and says what to install', async () => {
    await using machine = await makeMachine()
    const build = machine.build({ FAKE_GO_PROBLEM: 'go.mod requires go >= 1.26.0 (running go 1.19)' })
    await expect(build).rejects.toThrow(/running go 1\.19.*go\.dev/)
  })

  test('without any Go says what to install, or what to use instead', async () => {
    const build = buildKube({ PATH: '/nowhere' }, { cache: '/nowhere', log: () => {} })
    await expect(build).rejects.toThrow(/no go in PATH.*go\.dev.*KUBEBUILDER_ASSETS/)
  })
})

interface Machine extends AsyncDisposable {
  readonly cache: string
  build(env?: Readonly<Record<string, string>>): Promise<string>
  /** From here on compiling fails, half-way through. */
  breakGo(): Promise<void>
}

/** A machine whose `go` is a shell script: it answers as Go does and writes a small file where a binary should be. */
async function makeMachine(): Promise<Machine> {
  const folder = await mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-go-'))
  const go = path.join(folder.path, 'go')
  const cache = path.join(folder.path, 'cache')
  const broken = path.join(folder.path, 'broken')
  const script = `#!/bin/sh
[ -n "$FAKE_GO_PROBLEM" ] && { echo "$FAKE_GO_PROBLEM" >&2; exit 1; }
case "$1" in
  env) echo "\${FAKE_GO_VERSION:-go1.26.8}"; echo linux; echo amd64;;
  list) echo fmt;;
  build)
    while [ "$1" != -o ]; do shift; done
    printf built > "$2"
    [ -e ${broken} ] && { echo 'no space left' >&2; exit 1; };;
esac
exit 0
`
  await writeFile(go, script, { mode: 0o755 })
  return {
    cache,
    build: (env = {}) => buildKube({ PATH: `${folder.path}:/usr/bin:/bin`, ...env }, { cache, log: () => {} }),
    breakGo: () => writeFile(broken, ''),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
