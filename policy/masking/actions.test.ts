import { expect, it } from 'vitest'
import { keyedOf, makeMask } from '../../test/helpers/masks.ts'
import { toFixedReplacement, toReplacement } from './actions.ts'
import { toContextText } from './field-words.ts'

const keyed = keyedOf('a')

it.each([
  ['Redact', '[CARD]', '[CARD]'],
  ['Replace', 'CARD', 'CARD'],
  ['Deny', '', undefined],
] as const)('[MK9] %s puts the same in place whatever the value is', (action, expected, fixed) => {
  const mask = makeMask({ action, label: 'CARD' })
  expect(toReplacement(mask, 'anything', keyed)).toBe(expected)
  expect(toFixedReplacement(mask)).toBe(fixed)
})

const hash = (value: string, dataClass = 'PCI'): string =>
  toReplacement(makeMask({ action: 'Hash', label: 'CARD', class: dataClass }), value, keyed)

it('[MK9, MK10] Hash gives the same digest for all spellings, and another one for another class', () => {
  expect(hash('4111 1111 1111 1111')).toMatch(/^\[CARD:[b-df-hj-np-tv-xz]{16}\]$/u)
  expect(hash('4111-1111-1111-1111')).toBe(hash('4111 1111 1111 1111'))
  expect(hash('4111-1111-1111-1111', 'PII')).not.toBe(hash('4111 1111 1111 1111'))
  expect(hash('a.b@x.com')).not.toBe(hash('ab@x.com'))
  expect(hash('a-b@x.com')).not.toBe(hash('ab@x.com'))
})

it.each([
  ['4111 1111 1111 1234', 4, '**** **** **** 1234'],
  ['536-22-8127', 4, '***-**-8127'],
  ['536-22-8127', 0, '***-**-****'],
  ['abcdef', 8, '***def'],
  ['ab', 4, '*b'],
  ['a', 4, '*'],
  ['', 4, ''],
  ['\u{1d7d2}\u{1d7d2}\u{1d7d2}\u{1d7d2}', 1, '***\u{1d7d2}'],
  ['ann@example.com', 3, '***@*******.com'],
  ['a\u200bb\u200bcd', 2, '****cd'],
])('[MK9] Partial of %j keeps %i', (value, keepLast, expected) => {
  expect(toReplacement(makeMask({ action: 'Partial', keepLast }), value, keyed)).toBe(expected)
})

it.each([
  [undefined, ''],
  ['', ''],
  ['ssn', 'ssn: '],
  ['patientSSN', 'patient SSN: '],
  ['SSNOfPatient', 'SSN Of Patient: '],
  ['patient_ssn-number', 'patient ssn number: '],
])('the field %j gives the words %j', (key, words) => {
  expect(toContextText(key)).toBe(words)
})
