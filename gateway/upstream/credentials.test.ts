import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { BundleCredential } from '../../policy/bundle.ts'
import type { Credential } from './credentials.ts'
import { readCredential } from './credentials.ts'

const declared: BundleCredential = { type: 'Header', header: 'authorization', prefix: 'Bearer ', slot: 'team-a.chat' }
const read = (value: string | undefined): Credential => readCredential({ get: () => value }, declared)

describe('readCredential', () => {
  it.each([
    ['sk-123', 'Bearer sk-123'],
    ['sk-123\n', 'Bearer sk-123'],
    ['sk-123\r\n', 'Bearer sk-123'],
    ['two words', 'Bearer two words'],
    ['x'.repeat(16_384), `Bearer ${'x'.repeat(16_384)}`],
  ])('gives the header for a usable value', (stored, header) => {
    expect([read(stored).name, read(stored).reveal()]).toEqual(['authorization', header])
  })

  it('asks for its slot at every call', () => {
    const asked: string[] = []
    const source = { get: (slot: string) => `${asked.push(slot)}` }
    expect([readCredential(source, declared).reveal(), readCredential(source, declared).reveal()]).toEqual([
      'Bearer 1',
      'Bearer 2',
    ])
    expect(asked).toEqual(['team-a.chat', 'team-a.chat'])
  })

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['a lone newline', '\n'],
    ['two newlines', 'a\n\n'],
    ['a header of its own', 'a\r\nx-admin: 1'],
    ['NUL', 'a\0b'],
    ['a tab', 'a\tb'],
    ['blank in front', ' a'],
    ['DEL', 'a\x7f'],
    ['beyond ASCII', 'ä'],
    ['too long', 'x'.repeat(16_385)],
  ])('refuses %s', (_what, stored) => {
    expect(() => read(stored)).toThrow(expect.objectContaining({ code: 'credential_unavailable' }))
  })

  it('shows nothing, however it is printed', () => {
    const credential = read('sk-very-secret')
    const shown = [
      String(credential),
      JSON.stringify({ credential }),
      inspect({ credential }, { showHidden: true, depth: 9 }),
    ]
    for (const text of [...shown, Object.keys(credential).join(), JSON.stringify(structuredClone(credential))]) {
      expect(text).not.toContain('secret')
    }
  })
})
