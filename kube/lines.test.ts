import fc from 'fast-check'
import { expect, it } from 'vitest'
import { anyText } from '../test/helpers/any-text.ts'
import { findConflicts, mergeApplied, withoutTaken } from './apply.ts'
import { readLines } from './lines.ts'

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function linesOf(text: string, sizes: readonly number[], maxBytes = 1_000): Promise<readonly string[]> {
  const lines = await Array.fromAsync(readLines(cut(Buffer.from(text), sizes), maxBytes))
  return lines.map((line) => Buffer.from(line).toString())
}

it('lines are the same for every cutting, and what has no end is dropped', async () => {
  const text = fc.array(
    anyText().map((line) => line.replaceAll('\n', '\u2028')),
    { maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(9), { maxLength: 20 }), async (lines, sizes) => {
      const sent = `${lines.map((line) => `${line}\n`).join('')}unfinished`
      expect(await linesOf(sent, sizes)).toEqual(lines.map((line) => Buffer.from(line).toString()))
    }),
    { seed: 5 },
  )
})

it('a line without end is refused instead of collected for ever', async () => {
  await expect(linesOf('x'.repeat(50), [10, 10], 20)).rejects.toThrow(RangeError)
})

it('an apply adds, replaces lists as a whole, and removes only what its owner had applied', () => {
  const live = { a: 1, list: [1, 2], deep: { mine: 1, theirs: 2 }, foreign: true }
  const before = { a: 1, list: [1, 2], deep: { mine: 1 } }
  expect(mergeApplied(live, before, { list: [3], deep: {}, fresh: { x: 1 } })).toEqual({
    list: [3],
    deep: { theirs: 2 },
    foreign: true,
    fresh: { x: 1 },
  })
  expect(mergeApplied(live, before, { a: 1 })).toEqual({ a: 1, deep: { theirs: 2 }, foreign: true })
})

it('two owners conflict where they want different values, and force takes exactly those away', () => {
  const theirs = { a: 1, deep: { x: 1, y: 2 }, list: [1] }
  const ours = { a: 1, deep: { x: 9 }, list: [2] }
  expect(findConflicts(theirs, ours)).toEqual(['.deep.x', '.list'])
  expect(withoutTaken(theirs, ours)).toEqual({ a: 1, deep: { y: 2 } })
})
