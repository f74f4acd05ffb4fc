import { describe, expect, it } from 'vitest'
import { keyedOf, makeMask } from '../../test/helpers/masks.ts'
import { compileEngine } from './engine.ts'
import { pseudonymDetector, Pseudonyms } from './pseudonyms.ts'

const restoring = makeMask({ action: 'Pseudonymize', restores: true })
const lasting = makeMask({ action: 'Pseudonymize' })

describe('a pseudonym', () => {
  it('[MK9, MK10] is the same for all spellings of a value, in every call of the tenant', () => {
    const one = new Pseudonyms(keyedOf('a')).take(lasting, '4111 1111 1111 1111')
    expect(new Pseudonyms(keyedOf('a')).take(lasting, '4111-1111-1111-1111')).toBe(one)
    expect(new Pseudonyms(keyedOf('a')).take(lasting, '\uff14111111111111111')).toBe(one)
    expect(one).toMatch(/^PII(?:-[B-DF-HJ-NP-TV-XZ]{4}){5}$/u)
  })

  it('[MK10] is another one for another value, class or tenant', () => {
    const take = (tenant: string, mask = lasting, value = 'ann@example.com'): string =>
      new Pseudonyms(keyedOf(tenant)).take(mask, value)
    const all = [
      take('a'),
      take('b'),
      take('a', makeMask({ action: 'Pseudonymize', class: 'PHI', label: 'PII' })),
      take('a', lasting, 'a.nn@example.com'),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  it.each([
    ['CARD', 'CARD'],
    ['my-label_2', 'MYLABEL2'],
    ['42', 'DATA'],
  ])('with the label %j begins with %s', (label, prefix) => {
    expect(new Pseudonyms(keyedOf('a')).take(makeMask({ action: 'Pseudonymize', label }), 'x')).toMatch(
      new RegExp(`^${prefix}-`, 'u'),
    )
  })

  it('[MK10] comes back as the first spelling that stood in the request, and only where a mask asks for it', () => {
    const call = new Pseudonyms(keyedOf('a'))
    const token = call.take(restoring, '4111 1111 1111 1111')
    expect(call.take(restoring, '4111111111111111')).toBe(token)
    expect(call.restore(token)).toBe('4111 1111 1111 1111')
    expect(call.restore(token.toLowerCase().replaceAll('-', ''))).toBe('4111 1111 1111 1111')
    const other = call.take(lasting, 'ann@example.com')
    expect(call.restore(other)).toBeUndefined()
    expect(new Pseudonyms(keyedOf('a')).restore(token)).toBeUndefined()
  })

  it('cannot be made by who has no key', () => {
    const call = new Pseudonyms(keyedOf('a'))
    const token = call.take(lasting, 'x')
    expect(call.isOne(token)).toBe(true)
    expect(call.isOne(`${token.slice(0, -1)}${token.endsWith('B') ? 'C' : 'B'}`)).toBe(false)
    expect(new Pseudonyms(keyedOf('b')).isOne(token)).toBe(false)
  })

  it.each([
    ['as it is', (token: string) => token],
    ['in lower case', (token: string) => token.toLowerCase()],
    ['with other hyphens', (token: string) => token.replaceAll('-', '\u2011')],
    ['with underscores', (token: string) => token.replaceAll('-', '_')],
    ['in Markdown', (token: string) => `**${token}**`],
    ['before a full stop', (token: string) => `${token}.`],
  ])('is found %s', (_, spell) => {
    const engine = compileEngine([pseudonymDetector])
    if ('problems' in engine) throw new Error('the detector does not compile')
    const call = new Pseudonyms(keyedOf('a'))
    const token = call.take(restoring, 'ann@example.com')
    const restored = engine.maskAll(`to ${spell(token)} and on`, (_finding, value) => call.restore(value) ?? '?')
    expect(restored).toContain('ann@example.com')
  })
})
