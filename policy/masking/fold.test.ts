import { describe, expect, it } from 'vitest'
import { foldText, isForeign } from './fold.ts'

describe('foldText', () => {
  it.each([
    ['full-width digits and letters', '４１１１ＡＢｃ＠', '4111ABc@'],
    ['Arabic-Indic and Devanagari digits', '\u0664\u0661\u096a', '414'],
    ['mathematical digits and letters', '𝟒𝟏𝐀𝘇', '41Az'],
    ['Unicode dashes and spaces', '1\u20132\u22123\u00a04\u30005', '1-2-3 4 5'],
    ['what nobody sees', 'a\u200bb\u00adc\u202ed\u2066e\ufefff\ufe0f', 'abcdef'],
    ['look-alikes', '\u0430\u0455\u0410\u0391', 'asAA'],
  ])('folds %s', (_, text, folded) => {
    expect(foldText(text)).toBe(folded)
  })

  it.each(['plain text 123', 'über', 'Привет'.replace(/[^Пивт]/g, ''), '日本', '😀', '①②', '²³', '\ud83d'])(
    'leaves %j alone',
    (text) => {
      expect(foldText(text)).toBe(text)
    },
  )
})

describe('isForeign', () => {
  it.each([
    ['\u0441\u043e\u0440', true],
    ['\u0441op', false],
    ['cop', false],
    ['日本', false],
    ['', false],
  ])('%j: %s', (text, foreign) => {
    expect(isForeign(text)).toBe(foreign)
  })
})
