import { readFile } from 'node:fs/promises'
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

test('a machine without Go is told what to install, or what to use instead', async () => {
  const build = buildKube({ PATH: '/nowhere' }, { cache: '/nowhere', log: () => {} })
  await expect(build).rejects.toThrow(/no go in PATH.*go\.dev.*KUBEBUILDER_ASSETS/)
})
