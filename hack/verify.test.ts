import { expect, test } from 'vitest'
import { checks, findStale, verify } from './verify.ts'

test('every check passes on what is committed', async () => {
  const lines: string[] = []
  expect([await verify(checks, (line) => lines.push(line)), lines.filter((line) => line.startsWith('FAIL'))]).toEqual([
    true,
    [],
  ])
})

test('one check that fails fails the whole, and the others still run', async () => {
  const lines: string[] = []
  const list = [
    { name: 'first', run: () => ['it is broken'] },
    { name: 'second', run: () => Promise.resolve([]) },
  ]
  expect(await verify(list, (line) => lines.push(line))).toBe(false)
  expect(lines.join('')).toBe('FAIL first\n     it is broken\nok   second\n')
})

test('a generated file that is missing or different is named, with the command that mends it', () => {
  const wanted = new Map([
    ['same.ts', 'a'],
    ['different.ts', 'b'],
    ['missing.ts', 'c'],
  ])
  const committed = new Map([
    ['same.ts', 'a'],
    ['different.ts', 'x'],
  ])
  expect(findStale(wanted, (file) => committed.get(file))).toEqual([
    'crds/different.ts is not what the CRDs generate: run "npm run generate" and commit the result',
    'crds/missing.ts is not what the CRDs generate: run "npm run generate" and commit the result',
  ])
})
