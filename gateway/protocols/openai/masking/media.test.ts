import { describe, expect, it } from 'vitest'
import { startWords } from '../../../../test/helpers/word-masker.ts'
import { nowhere, type Start } from '../../../../policy/masking/framing/place.ts'
import { maskedLink, maskedMedia } from './media.ts'

const words: Start = () => startWords({ Ada: '[NAME]', '4111': '[CARD]', svg: '[X]' })

function mask(start: Start, text: string): string {
  const masker = start(nowhere)
  return text.split('').map(masker.push).join('') + masker.end()
}

function base64(text: string | Uint8Array): string {
  return (typeof text === 'string' ? new TextEncoder().encode(text) : text).toBase64()
}

const png = base64(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x41, 0x64, 0x61))
const latin1 = Uint8Array.of(0xe4, 0x20, 0x41, 0x64, 0x61, 0x20, 0x69, 0x73, 0x20, 0x68, 0x65, 0x72, 0x65)
const maskedLatin1 = base64(Uint8Array.of(0xe4, 0x20, ...new TextEncoder().encode('[NAME] is here')))

describe('a link', () => {
  it.each([
    ['is a text', 'https://Ada.example/4111.png', 'https://[NAME].example/[CARD].png'],
    ['stays where it is a picture', `data:image/png;base64,${png}`, `data:image/png;base64,${png}`],
    [
      'is masked where it is a text',
      `data:text/plain;base64,${base64('I am Ada')}`,
      `data:text/plain;base64,${base64('I am [NAME]')}`,
    ],
    [
      'is masked where it is a text in disguise',
      `data:image/png;base64,${base64('Ada')}`,
      `data:image/png;base64,${base64('[NAME]')}`,
    ],
    ['is masked behind escapes', 'data:,%41da', `data:;base64,${base64('[NAME]')}`],
    ['keeps escapes where nothing is found', 'data:text/plain,%41d%20a', 'data:text/plain,%41d%20a'],
    ['is masked where its escapes are none', 'data:,%4ZAda', 'data:,%4Z[NAME]'],
    ['has a type that may be a text', `data:Ada/4111;base64,${png}`, `data:[NAME]/[CARD];base64,${png}`],
    ['has a type that is none', `data:image/svg+xml;charset=utf-8,x`, `data:image/svg+xml;charset=utf-8,x`],
    ['without a comma is a text', 'data:Ada', 'data:[NAME]'],
    ['may be empty', '', ''],
  ])('%s', (_title, url, masked) => {
    expect(mask(maskedLink(words), url)).toBe(masked)
  })
})

describe('a binary', () => {
  it.each([
    ['stays where it is a picture', png, png],
    ['is masked where it is a text', base64('Ada, 4111'), base64('[NAME], [CARD]')],
    ['is masked where it is a text in another encoding', base64(latin1), maskedLatin1],
    ['is masked where it is no base64', 'Ada is here.', '[NAME] is here.'],
    ['is masked where it only looks like base64', '4111', '[CARD]'],
    ['may have a URL of its own', `data:text/csv;base64,${base64('Ada')}`, `data:text/csv;base64,${base64('[NAME]')}`],
  ])('%s', (_title, text, masked) => {
    expect(mask(maskedMedia(words), text)).toBe(masked)
  })
})
