import { RE2JS } from 're2js'
import { expect, it } from 'vitest'
import { translatePattern } from './pattern.ts'

it.each([
  ['words', '(?i)\\b(ssn|social security)\\b', 'my SSN is', true],
  ['counted repetition', '[0-9]{3}-?[0-9]{2}', 'id 123-45', true],
  ['anchors', '^a.?$', 'a', undefined],
  ['escapes', '^\\d\\s\\w\\.$', '1 a.', true],
  ['text that is not there', 'secret', 'public', false],
])('%s run on the engine of JavaScript, or not at all', (_title, source, text, expected) => {
  const translated = translatePattern(source)
  expect(translated?.regExp.test(text)).toBe(expected)
  expect(expected === undefined || RE2JS.compile(source).test(text) === expected).toBe(true)
})

it('letters that only one of the two knows send the text to the linear engine', () => {
  expect(translatePattern('(?i)\\bs\\b')?.askLinearWhen?.test('ſ')).toBe(true)
  expect(translatePattern('(?i)s')?.askLinearWhen).toBeUndefined()
})
