// What is taken out of Secrets and ConfigMaps, and what never is.
import { describe, expect, it } from 'vitest'
import { rootCertificates } from 'node:tls'
import { toCa, toCredential } from './content.ts'

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
