// What is taken out of Secrets and ConfigMaps, and what never is.
import { describe, expect, it } from 'vitest'
import { rootCertificates } from 'node:tls'
import { toCa, toCredential, toTerms } from './content.ts'

const pem = rootCertificates[0] ?? ''

describe('toCredential', () => {
  it.each([
    ['a key', 'sk-abc', { value: 'sk-abc' }],
    ['a key with the newline an editor left', 'sk-abc\n', { value: 'sk-abc' }],
    ['a key with a Windows newline', 'sk-abc\r\n', { value: 'sk-abc' }],
    ['nothing', '', { problem: 'is empty' }],
    ['a newline alone', '\n', { problem: 'is empty' }],
    ['two lines', 'a\nb', { problem: 'has blanks at its ends, or characters that no header may carry' }],
    ['two newlines at the end', 'a\n\n', { problem: 'has blanks at its ends, or characters that no header may carry' }],
    ['a blank in front', ' a', { problem: 'has blanks at its ends, or characters that no header may carry' }],
    [
      'letters beyond ASCII',
      'schlüssel',
      { problem: 'has blanks at its ends, or characters that no header may carry' },
    ],
    ['too much', 'x'.repeat(16_385), { problem: 'is longer than 16384 characters' }],
  ])('%s', (_, text, content) => {
    expect(toCredential(text)).toEqual(content)
  })
})

describe('toCa', () => {
  it('takes certificates and leaves everything around them out', () => {
    expect(toCa(`# our CA\n${pem}\ntrailing`)).toEqual({ value: `${pem.trim()}\n` })
    expect(toCa(`${pem}\n${pem}`)).toEqual({ value: `${pem.trim()}\n${pem.trim()}\n` })
  })

  it.each([
    ['no certificate', 'hello', 'holds no PEM certificate'],
    [
      'a broken one',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      'holds a certificate that cannot be read',
    ],
    [
      'a private key beside it',
      `${pem}\n-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----`,
      'holds a private key; put the CA certificates alone under this key',
    ],
    ['too much', 'x'.repeat(65_537), 'is longer than 65536 characters'],
  ])('refuses %s', (_, text, problem) => {
    expect(toCa(text)).toEqual({ problem })
  })
})

const count = (n: number): string => Array.from({ length: n }, (_, i) => `term ${i}`).join('\n')

describe('toTerms', () => {
  it.each<[string, string, readonly string[]]>([
    ['one term on each line', 'Blue Heron\nRed Kite\n', ['Blue Heron', 'Red Kite']],
    ['lines of Windows and of old editors', 'a\r\nb\rc', ['a', 'b', 'c']],
    ['blanks around a term left out, those within kept', '  Blue  Heron\t', ['Blue  Heron']],
    ['blank lines and comments left out', '# birds\n\n   \nRed Kite # a bird\n  # more', ['Red Kite # a bird']],
    ['each term once', 'a\nb\na', ['a', 'b']],
    ['a byte order mark left out', '\uFEFFa\nb', ['a', 'b']],
    ['a term of the greatest length', 'x'.repeat(256), ['x'.repeat(256)]],
  ])('takes %s', (_, text, terms) => {
    expect(toTerms(text)).toEqual({ value: terms })
  })

  it('takes 5,000 terms, and refuses one more', () => {
    expect(toTerms(count(5_000))).toHaveProperty('value.length', 5_000)
    const problem = 'holds 5001 terms, and 5000 are the most that one dictionary may hold'
    expect(toTerms(count(5_001))).toEqual({ problem })
  })

  it.each([
    ['nothing', '', 'holds no term; put one on each line'],
    ['comments alone', '# a\n\n#b', 'holds no term; put one on each line'],
    [
      'a line that is no term, without repeating it',
      `a\n${'x'.repeat(257)}`,
      'line 2 is longer than 256 characters; put one term on each line',
    ],
  ])('refuses %s', (_, text, problem) => {
    expect(toTerms(text)).toEqual({ problem })
  })
})
