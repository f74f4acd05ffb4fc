import { expect, it } from 'vitest'
import { replaceSseData } from './sse-data.ts'

it.each([
  ['the one data line', 'event: a\ndata: {"x":1}\nid: 4\n\n', '{"y":2}', 'event: a\ndata: {"y":2}\nid: 4\n\n'],
  ['data without a blank', 'data:{"x":1}\r\n\r\n', '{}', 'data: {}\r\n\r\n'],
  ['several data lines', 'data: [\n: note\ndata: 1]\n\n', '[2]', 'data: [2]\n: note\n\n'],
  ['one line by several', 'data: [1]\r\r', '[\n2]', 'data: [\rdata: 2]\r\r'],
  ['an event that never ended', 'data: [1]', '[\r\n2]', 'data: [\ndata: 2]'],
])('replaces %s', (_, raw, data, expected) => {
  expect(replaceSseData(raw, data)).toBe(expected)
})

it.each([
  ['the same data', 'data:{"x":1}\r\n\r\n', '{"x":1}'],
  ['the same data in lines', 'data: [\ndata: 1]\n\n', '[\n1]'],
  ['a comment', ': ping\n\n', ''],
])('leaves %s as it came', (_, raw, data) => {
  expect(replaceSseData(raw, data)).toBe(raw)
})
