import { describe, expect, it } from 'vitest'
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import { enter, type Place } from '../../../policy/masking/framing/place.ts'
import { applySplices } from '../../../policy/masking/framing/sink.ts'
import type { Json } from '../../../policy/model.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import { binaryPlace, idPlace, keptIf, linkPlace, oneOrMany, sealedPlace } from './kept-texts.ts'
import { schemaPlace, wirePlace } from './wire-places.ts'

const { start } = makeTextMasks({ '4111': '[CARD]', ann: '[NAME]', object: '[WORD]' })

function mask(value: Json, place: Place): Json {
  const text = JSON.stringify(value)
  return JSON.parse(applySplices(text, maskJson(text, place, start).splices))
}

function base64(text: string, encoding: BufferEncoding = 'utf8'): string {
  return Buffer.from(text, encoding).toString('base64')
}

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
/** As Anthropic signs thoughts: bytes that no program takes for text. */
const signature = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds48Yhub0jdYjYdYdYdYd0s1A'
const long = 'Here is a note of ann, which is as long as a note must be to be sealed.'
const maskedLong = 'Here is a note of [NAME], which is as long as a note must be to be sealed.'

describe('a word of the protocol', () => {
  const place = oneOrMany(keptIf((text) => text === 'ann', start))

  it('stays, alone and in a list', () => {
    expect(mask('ann', place)).toBe('ann')
    expect(mask(['ann', 'anna'], place)).toEqual(['ann', '[NAME]a'])
  })

  it('is data in any other shape', () => {
    expect(mask({ ann: ['ann', 4111] }, place)).toEqual({ '[NAME]': ['[NAME]', '[CARD]'] })
  })
})

describe('an id', () => {
  it.each([
    'toolu_01A09q90qw90lq917835lq9',
    'msg_bdrk_01AbCdEfGhIjKlMnOpQr',
    'chatcmpl-tool-0a4111b2c3d4e5f60718',
    '786512e2-4111-44bd-8f29-789f320fe840',
  ])('that a program made stays: %s', (id) => {
    expect(mask(id, idPlace(start))).toBe(id)
  })

  it.each([
    ['of-ann', 'of-[NAME]'],
    ['toolu_ann', 'toolu_[NAME]'],
    ['toolu_4111111111111111', 'toolu_[CARD]111111111111'],
    ['call_of ann 4111', 'call_of [NAME] [CARD]'],
  ])('of anybody else is a text: %s', (id, masked) => {
    expect(mask(id, idPlace(start))).toBe(masked)
  })
})

describe('a sealed value', () => {
  it('stays when nobody but its server can open it', () => {
    expect(mask(signature, sealedPlace(start))).toBe(signature)
  })

  it.each([
    ['too short to be one', 'ann', '[NAME]'],
    ['no base64', `${long} ann`, `${maskedLong} [NAME]`],
    ['text behind base64', base64(long), base64(maskedLong)],
    [
      'text behind base64 for URLs',
      Buffer.from(long).toString('base64url'),
      Buffer.from(maskedLong).toString('base64url'),
    ],
  ])('is a text when it is %s', (_, value, masked) => {
    expect(mask(value, sealedPlace(start))).toBe(masked)
  })
})

describe('a binary', () => {
  it('stays when it is a picture', () => {
    expect(mask(png, binaryPlace(start))).toBe(png)
  })

  it('stays when it is packed', () => {
    const packed = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 151 + (i >> 3)) % 256)).toString('base64')
    expect(mask(packed, binaryPlace(start))).toBe(packed)
  })

  it.each([
    ['text', base64('ann,4111'), base64('[NAME],[CARD]')],
    ['text in Latin-1', base64('Grüße an ann', 'latin1'), base64('Grüße an [NAME]', 'latin1')],
    ['text that says it is a picture', base64('GIF89a of ann'), base64('GIF89a of [NAME]')],
    ['JSON', base64('{"ann":4111}'), base64('{"[NAME]":"[CARD]"}')],
    ['no base64', 'ann!', '[NAME]!'],
    ['a word that could be base64', '4111', '[CARD]'],
  ])('is masked when it is %s', (_, value, masked) => {
    expect(mask(value, binaryPlace(start))).toBe(masked)
  })

  it('without padding gets none', () => {
    const masked = mask(base64('to ann!').replaceAll('=', ''), binaryPlace(start))
    expect(masked).toBe(base64('to [NAME]!').replaceAll('=', ''))
  })

  it('in a link is masked as one, and the link as a text', () => {
    expect(mask(`data:image/png;base64,${png}`, linkPlace(start))).toBe(`data:image/png;base64,${png}`)
    expect(mask(`data:image/svg+xml;base64,${base64('<svg>ann</svg>')}`, linkPlace(start))).toBe(
      `data:image/svg+xml;base64,${base64('<svg>[NAME]</svg>')}`,
    )
    expect(mask('https://x/ann', linkPlace(start))).toBe('https://x/[NAME]')
  })
})

describe('a value in the shape of a protocol', () => {
  const rules = {
    start,
    isCount: (name: string) => name === 'n',
    data: (): Place => ({ kind: 'Mask', start, keys: true, numbers: true }) as const,
    isName: (name: string) => name === 'ann' || name === 'n',
    at: () => undefined,
  }

  it('keeps its names and counts, and nothing of what it does not know', () => {
    const value = { ann: ['ann', 4111, { n: 4111, other: { ann: 4111 } }], n: 4111, '4111': 4111 }
    expect(mask(value, wirePlace(value, rules))).toEqual({
      ann: ['[NAME]', '[CARD]', { n: 4111, other: { '[NAME]': '[CARD]' } }],
      n: 4111,
      '[CARD]': '[CARD]',
    })
  })

  it('that it does not have is data', () => {
    const place = wirePlace({}, rules)
    expect(enter(place, 'ann')).toMatchObject({ kind: 'Mask', numbers: true })
    expect(enter(place, 0)).toMatchObject({ kind: 'Mask', numbers: true })
    expect(enter(place, '__proto__')).toMatchObject({ kind: 'Mask', numbers: true })
  })

  it('that is a schema keeps its keywords and types, and nothing that its author chose', () => {
    const schema = {
      type: 'object',
      description: 'of ann',
      properties: {
        object: { type: 'object', enum: ['object', 4111] },
        ann: { items: { type: 'ann' }, minimum: 4111 },
      },
      required: ['object', 'ann'],
      anyOf: [{ const: 'ann' }],
      ann: 4111,
    }
    expect(mask(schema, schemaPlace(schema, rules))).toEqual({
      type: 'object',
      description: 'of [NAME]',
      properties: {
        '[WORD]': { type: 'object', enum: ['[WORD]', '[CARD]'] },
        '[NAME]': { items: { type: '[NAME]' }, minimum: '[CARD]' },
      },
      required: ['[WORD]', '[NAME]'],
      anyOf: [{ const: '[NAME]' }],
      '[NAME]': '[CARD]',
    })
  })
})
