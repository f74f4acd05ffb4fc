import { expect, it } from 'vitest'
import type { Original } from './classify.ts'
import { excludedBecause } from './classify.ts'
import { findFailure } from './judge.ts'

function makeTest(original: Original, file = 'basic') {
  return { file, section: 'section', name: 'name', original }
}

it.each([
  ['a message', { expr: 'TestAllTypes{}', container: 'cel.expr.conformance.proto3' }, 'protobuf messages'],
  ['a wrapper', { expr: 'google.protobuf.Int32Value{value: 1}' }, 'protobuf messages'],
  ['a wrapper by its container', { expr: 'Int32Value{value: 1}', container: 'google.protobuf' }, 'protobuf messages'],
  [
    'a variable that is a message',
    { expr: 'x', typeEnv: [{ ident: { type: { messageType: 'a.B' } } }] },
    'protobuf messages',
  ],
  ['a timestamp', { expr: 'type(timestamp(0)) == google.protobuf.Timestamp' }, undefined],
  [
    'a duration as a variable',
    {
      expr: 'x',
      bindings: {
        x: { value: { objectValue: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' } } },
      },
    },
    undefined,
  ],
  ['anything else', { expr: '1 + 1' }, undefined],
])('%s is in or out', (_title, original, reason) => {
  expect(excludedBecause(makeTest(original))).toBe(reason)
})

it('block_ext is out', () => {
  expect(excludedBecause(makeTest({ expr: '1' }, 'block_ext'))).toBe('block_ext')
})

it.each([
  ['a wrong value', { expr: '1 + 1', value: { int64Value: '3' } }, 'int 2, expected int 3'],
  ['a value of the wrong type', { expr: '1.0', value: { int64Value: '1' } }, 'double'],
  [
    'a wrong type',
    { expr: '[1]', checkOnly: true, typedResult: { deducedType: { primitive: 'INT64' } } },
    'type list<int>',
  ],
  ['a function that is missing', { expr: 'nobody(1)', value: { int64Value: '1' } }, 'unknown function'],
  ['a function that is missing where an error is expected', { expr: 'nobody(1)', evalError: {} }, 'unknown function'],
  ['the same, unchecked', { expr: 'nobody(1)', evalError: {}, disableCheck: true }, 'is missing'],
  ['no error where one is expected', { expr: '1', evalError: {} }, 'a value where an error'],
])('%s fails', (_title, original, message) => {
  expect(findFailure(makeTest(original))).toContain(message)
})

it('the right value passes', () => {
  expect(findFailure(makeTest({ expr: '1 + 1', value: { int64Value: '2' } }))).toBeUndefined()
  expect(findFailure(makeTest({ expr: '1 / 0', evalError: {} }))).toBeUndefined()
})
