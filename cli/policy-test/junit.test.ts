// JUnit as strict readers take it: whatever stands in a name or a message, the document stays well-formed and says the same.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escape, toJunit } from './junit.ts'

const passed = { name: 'says "hello" & <goes>', file: 'a.yaml', line: 3, seconds: 0.0015, failures: [] }
const failed = { ...passed, name: 'fails', failures: ['rule: expected a, found b', 'message: expected c, found d'] }

describe('toJunit', () => {
  it('has a suite for each test and counts that agree', () => {
    expect(toJunit([{ name: 'chat', cases: [passed, failed] }])).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="portcullis test" tests="2" failures="1" errors="0" skipped="0" time="0.003">
  <testsuite name="chat" tests="2" failures="1" errors="0" skipped="0" time="0.003">
    <testcase classname="a.yaml" name="says &quot;hello&quot; &amp; &lt;goes&gt;" file="a.yaml" line="3" time="0.002"/>
    <testcase classname="a.yaml" name="fails" file="a.yaml" line="3" time="0.002">
      <failure type="Difference" message="rule: expected a, found b; message: expected c, found d">a.yaml:3&#10;rule: expected a, found b&#10;message: expected c, found d</failure>
    </testcase>
  </testsuite>
</testsuites>
`)
  })

  it('is well-formed, whatever the texts', () => {
    // Halves of pairs as well, which the strings of fast-check do not have.
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
      maxLength: 40,
    })
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 3 }), (name, file, failures) => {
        const xml = toJunit([{ name, cases: [{ ...passed, name, file, failures }] }])
        expect(readTags(xml)).toEqual(
          failures.length === 0
            ? ['?xml', 'testsuites', 'testsuite', 'testcase/', '/testsuite', '/testsuites']
            : [
                '?xml',
                'testsuites',
                'testsuite',
                'testcase',
                'failure',
                '/failure',
                '/testcase',
                '/testsuite',
                '/testsuites',
              ],
        )
      }),
    )
  })
})

describe('escape', () => {
  it('loses nothing but what XML cannot hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const kept = text.replace(/\p{Cc}/gu, (one) =>
          '\t\n\r\u007f'.includes(one) || one > '\u007f' ? one : '\u{fffd}',
        )
        expect(unescape(escape(text))).toBe(kept.replace(/[\u{fffe}\u{ffff}]/gu, '\u{fffd}'))
      }),
    )
  })

  it.each([
    ['NUL', '\0', '\u{fffd}'],
    ['an escape sequence', '\x1b[2J', '\u{fffd}[2J'],
    ['a lone surrogate', '\ud800', '\u{fffd}'],
    ['a pair of surrogates', '\u{1f600}', '\u{1f600}'],
    ['a non-character', '\u{ffff}', '\u{fffd}'],
    ['the end of CDATA', ']]>', ']]&gt;'],
    ['a line', 'a\r\nb\tc', 'a&#13;&#10;b&#9;c'],
  ])('%s', (_, text, escaped) => {
    expect(escape(text)).toBe(escaped)
  })
})

/** A reader of just this much XML, and strict about it: throws at the first character that may not stand where it stands. */
function readTags(xml: string): readonly string[] {
  const character = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u
  if (!character.test(xml)) throw new Error('a character that XML does not have')
  const reference = '&(?:amp|lt|gt|quot|apos|#[0-9]+);'
  const attribute = ` [a-z]+="(?:[^<&"]|${reference})*"`
  const token = new RegExp(`<(/?[?a-z]+)((?:${attribute})*)([/?]?)>|(?:[^<&]|${reference})+`, 'uy')
  const tags: string[] = []
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex
    const match = token.exec(xml)
    if (match === null) throw new Error(`not XML at ${at}: ${xml.slice(at, at + 40)}`)
    const [, tag, , end] = match
    if (tag !== undefined) tags.push(`${tag}${end === '/' ? '/' : ''}`)
  }
  return tags
}

function unescape(text: string): string {
  const named = new Map([
    ['&amp;', '&'],
    ['&lt;', '<'],
    ['&gt;', '>'],
    ['&quot;', '"'],
    ['&apos;', "'"],
  ])
  return text.replace(/&(?:[a-z]+|#\d+);/g, (one) => named.get(one) ?? String.fromCodePoint(Number(one.slice(2, -1))))
}
