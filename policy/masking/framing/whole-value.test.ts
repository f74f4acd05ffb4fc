import { expect, it } from 'vitest'
import { startWhole } from './whole-value.ts'

const show = (value: string): string => `<${value.length}>`

it.each([
  ['at once', ['4111']],
  ['in pieces', ['4', '', '11', '1']],
  ['in halves of a pair', ['\ud83d', '\ude00', '!!']],
])('replaces a text that comes %s when it ends', (_, pieces) => {
  const masker = startWhole(show)
  expect(pieces.map(masker.push).join('')).toBe('')
  expect(masker.end()).toBe('<4>')
  expect(masker.counts()).toStrictEqual({})
})

it.each([1, 999, 65_536, 200_000])('holds no more than its part of a long text in pieces of %i', (size) => {
  let seen = ''
  const masker = startWhole((value) => {
    seen = value
    return 'X'
  })
  const text = 'abc'.repeat(66_667)
  let out = ''
  for (let at = 0; at < text.length; at += size) out += masker.push(text.slice(at, at + size))
  expect(out + masker.end()).toBe('X')
  expect(seen === text.slice(0, 65_536)).toBe(true)
})

it('replaces a text that never came', () => {
  expect(startWhole(show).end()).toBe('<0>')
})
