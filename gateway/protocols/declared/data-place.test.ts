import { expect, it } from 'vitest'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import { applySplices } from '../../../policy/masking/framing/sink.ts'
import { compileEngine } from '../../../policy/masking/engine.ts'
import { allDetectors } from '../../../policy/masking/packs.ts'
import type { Start } from '../../../policy/masking/framing/place.ts'
import { toDataPlace } from './data-place.ts'

const { start } = makeTextMasks({ '4111': '[CARD]', bob: '[NAME]' })
const mask = (text: string, by: Start = start): string =>
  applySplices(text, maskJson(text, toDataPlace(by), by).splices)

it.each([
  ['strings, names and numbers', '{"bob":["bob",{"x":4111}]}', '{"[NAME]":["[NAME]",{"x":"[CARD]"}]}'],
  ['a number in any spelling', '[4.111e3,4111.0,-4111]', '["[CARD]","[CARD].0","-[CARD]"]'],
  ['a number with more digits than a measure has', '[41111111.5]', '["[CARD]1111.5"]'],
  [
    'text in base64',
    '[{"b64":"Ym9i"},{"b64":{"b64":"Ym9i","bob":1}}]',
    '[{"b64":"W05BTUVd"},{"b64":{"b64":"W05BTUVd","[NAME]":1}}]',
  ],
  ['what stands under b64 and is no string', '{"b64":4111}', '{"b64":"[CARD]"}'],
])('masks %s', (_title, before, after) => {
  expect(mask(before)).toBe(after)
})

it.each([
  ['measures', '[0.4111,-41.4111,0.41110e-3,1234567.4111]'],
  ['words', '[true,null,NaN,-Infinity]'],
])('leaves %s as they are', (_title, text) => {
  expect(mask(text)).toBe(text)
})

it('keeps what models measure out of every detector, and numbers that name somebody in', () => {
  const engine = compileEngine(allDetectors)
  if ('problems' in engine) throw new Error('the detectors do not compile')
  const real: Start = () => engine.start(({ detector }) => `<${detector}>`)
  // A fixed row of digits without a pattern: multiples of the golden ratio.
  const scores = Array.from({ length: 2_000 }, (_, i) => ((i + 1) * 0.618_033_988_749_894_9) % 1)
  const text = JSON.stringify({ scores, logits: scores.map((score) => (score - 0.5) * 40) })
  expect(mask(text, real)).toBe(text)
  expect(mask('{"card":4111111111111111,"again":4.111111111111111e15}', real)).not.toContain('41111')
})
