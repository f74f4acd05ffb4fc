// What reaches the screen: folding, colour only where it is wanted, and nothing that could move a cursor.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeTerminal, toExcerpt, toFolded, wantsColor, width } from './terminal.ts'

describe('wantsColor', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR, which counts as unset', true, { NO_COLOR: '' }, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0 on a terminal', true, { FORCE_COLOR: '0' }, false],
    ['NO_COLOR against FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('%s', (_, isTTY, env, expected) => {
    expect(wantsColor({ isTTY, env })).toBe(expected)
  })
})

describe('makeTerminal', () => {
  it('paints only in colour', () => {
    expect(makeTerminal({ write: () => {}, color: true }).paint('bad', 'no')).toBe('\x1b[31mno\x1b[39m')
    expect(makeTerminal({ write: () => {}, color: false }).paint('bad', 'no')).toBe('no')
  })

  it('folds sentences inside the width, indented', () => {
    const written: string[] = []
    const terminal = makeTerminal({ write: (text) => written.push(text), color: false })
    terminal.text('word '.repeat(60).trim(), 4)
    expect(written.length).toBeGreaterThan(2)
    for (const line of written) {
      expect(line).toMatch(/^ {4}word/)
      expect(line.trimEnd().length).toBeLessThanOrEqual(width)
    }
  })
})

describe('toFolded', () => {
  it('keeps every word, in order, and breaks no word', () => {
    const word = fc.stringMatching(/^[a-z]{1,30}$/)
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (words, columns) => {
          const lines = toFolded(words.join(' '), columns)
          expect(lines.join(' ').split(' ')).toEqual(words)
          const tooLong = lines.filter((line) => line.includes(' ') && line.length > columns)
          expect(tooLong).toEqual([])
        },
      ),
    )
  })
})

/** As the unit `binary` of fast-check, which takes seconds to set up. */
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code))

describe('toExcerpt', () => {
  it('is one line of at most the given columns, without control characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter, maxLength: 300 }),
        fc.integer({ min: 2, max: 100 }),
        (text, columns) => {
          const excerpt = toExcerpt(text, columns)
          expect(Array.from(excerpt).length).toBeLessThanOrEqual(columns)
          expect(excerpt).not.toMatch(/\p{C}/u)
        },
      ),
    )
  })

  it('says that it was cut', () => {
    expect(toExcerpt('one two\nthree', 9)).toBe('one two …')
  })
})
