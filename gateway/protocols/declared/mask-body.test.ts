import { describe, expect, it } from 'vitest'
import { keyedOf, makeMask } from '../../../test/helpers/masks.ts'
import { makeProtocol, maskRequest, maskWholeAnswer, readRequest } from '../../../test/helpers/protocol-masks.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { MaskDemand } from '../../../policy/masking/demand.ts'
import { MaskEngines } from '../../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../../policy/masking/mask-run.ts'
import { findDetectors } from '../../../policy/masking/packs.ts'
import { Pseudonyms } from '../../../policy/masking/pseudonyms.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { GatewayError } from '../../errors.ts'
import { AnswerUnreadable, type ReadRequest } from '../protocol.ts'

const json = makeProtocol({
  protocol: 'HTTP',
  content: {
    mode: 'Declared',
    fields: [
      { name: 'question', phase: 'Request', pointer: '/rows/*/text', kind: 'Text' },
      { name: 'first', phase: 'Request', pointer: '/rows/0/*', kind: 'Text' },
      { name: 'notes', phase: 'Request', pointer: '/notes', kind: 'Text' },
      { name: 'reply', phase: 'Response', pointer: '/reply', kind: 'Text' },
    ],
  },
})
const form = makeProtocol({
  protocol: 'HTTP',
  content: {
    mode: 'Declared',
    fields: [
      { name: 'question', phase: 'Request', formPart: 'q', kind: 'Text' },
      { name: 'picture', phase: 'Request', formPart: 'p', kind: 'Binary' },
    ],
    media: [{ type: 'image/png' }],
  },
})
const whole = makeProtocol({
  protocol: 'HTTP',
  content: {
    mode: 'Declared',
    fields: [
      { name: 'all', phase: 'Request', body: 'Whole', kind: 'Text' },
      { name: 'picture', phase: 'Response', body: 'Whole', kind: 'Binary' },
    ],
    media: [{ type: 'image/png' }],
  },
})
const words = makeTextMasks({ '4111': '[CARD]', bob: '[NAME]' })
const keyed = keyedOf('a')

function startRun(...demands: readonly Partial<MaskDemand>[]): MaskRun {
  const masks = new MaskEngines().of(demands.map(makeMask), new Map())
  return new MaskRun({ masks, keyed, pseudonyms: new Pseudonyms(keyed), restores: false })
}

function mask(protocol: typeof json, body: string, masks: TextMasks, type = 'application/json'): string {
  const read = readRequest(protocol, { path: '/x', headers: { 'content-type': type } }, Buffer.from(body, 'latin1'))
  return Buffer.from(maskRequest(read, masks).body ?? []).toString('latin1')
}

describe('a declared field of JSON', () => {
  const body = '{"rows":[{"text":"a bob","more":"b"},{"text":"c","n":4111}],"notes":"d bob"}'

  it('is masked as any text where no mask speaks of it', () => {
    expect(mask(json, body, words)).toBe(
      '{"rows":[{"text":"a [NAME]","more":"b"},{"text":"c","n":"[CARD]"}],"notes":"d [NAME]"}',
    )
  })

  it('is masked whole, wherever its pointer leads, and nothing else is', () => {
    expect(mask(json, body, startRun({ fields: ['question'], label: 'Q' }))).toBe(
      '{"rows":[{"text":"[Q]","more":"b"},{"text":"[Q]","n":4111}],"notes":"d bob"}',
    )
  })

  it('is masked by each mask where two fields are the same text', () => {
    const run = startRun(
      { name: 'a', fields: ['question'], action: 'Partial', keepLast: 1 },
      { name: 'b', fields: ['first'], action: 'Deny' },
    )
    mask(json, body, run)
    expect(run.denied?.rule).toBe('b')
  })

  it('with other values in it is masked with all of them', () => {
    const run = startRun({ fields: ['notes'], label: 'N' })
    expect(mask(json, '{"notes":{"k":[1,true,null]}}', run)).toBe('{"notes":{"[N]":["[N]","[N]",null]}}')
  })

  it('and a pointer of a policy hold beside each other', () => {
    const run = startRun({ name: 'a', fields: ['question'], label: 'Q' }, { name: 'b', fields: ['/notes'], label: 'N' })
    expect(mask(json, body, run)).toBe('{"rows":[{"text":"[Q]","more":"b"},{"text":"[Q]","n":4111}],"notes":"[N]"}')
  })
})

it('masks all text of a body that is one field, as the field', () => {
  const run = startRun({ fields: ['all'], label: 'ALL' })
  expect(mask(whole, '{"a":["b",1]}', run)).toBe('{"[ALL]":["[ALL]","[ALL]"]}')
  expect(mask(whole, 'any text', startRun({ fields: ['all'], label: 'ALL' }), 'text/plain')).toBe('[ALL]')
})

const png = '\u0089PNG\r\n\u001a\n'
const toForm = (content: string): string =>
  `--B\r\nContent-Disposition: form-data; name="q"\r\n\r\nany\r\n--B\r\nContent-Disposition: form-data; name="p"; filename="bob.png"\r\n\r\n${content}\r\n--B--\r\n`

describe('a declared part of a form', () => {
  it('is masked whole where masks speak of it', () => {
    expect(
      mask(form, 'q=any&q=', startRun({ fields: ['question'], label: 'Q' }), 'application/x-www-form-urlencoded'),
    ).toBe('q=%5BQ%5D&q=')
    expect(
      mask(form, toForm(png), startRun({ fields: ['question'], label: 'Q' }), 'multipart/form-data; boundary=B'),
    ).toBe(toForm(png).replace('any', '[Q]'))
  })

  it('that is a binary refuses the call where a mask speaks of it', () => {
    const run = startRun({ fields: ['picture'] })
    expect(() => mask(form, toForm(png), run, 'multipart/form-data; boundary=B')).toThrow(GatewayError)
  })
})

function asked(protocol: typeof json): ReadRequest {
  return readRequest(protocol, { method: 'GET', headers: {} }, new Uint8Array())
}

describe('an answer', () => {
  it('has declared fields masked as masks say', () => {
    const head = { status: 200, headers: { 'content-type': 'application/problem+json' } }
    const body = Buffer.from('{"reply":"x","other":"y","score":0.4111}')
    const masked = maskWholeAnswer(asked(json), startRun({ fields: ['reply'], label: 'R' }), { head, body })
    expect(Buffer.from(masked.body).toString()).toBe('{"reply":"[R]","other":"y","score":0.4111}')
  })

  it('that is a binary, and a field that a mask speaks of, cannot be read', () => {
    const head = { status: 200, headers: { 'content-type': 'image/png' } }
    const body = Buffer.from(`${png}bob`, 'latin1')
    expect(maskWholeAnswer(asked(whole), words, { head, body }).body).toBe(body)
    expect(() => maskWholeAnswer(asked(whole), startRun({ fields: ['picture'] }), { head, body })).toThrow(
      AnswerUnreadable,
    )
  })
})

it('finds with all detectors what stands in each kind of body', () => {
  const personal = { detectors: findDetectors('PII') ?? [], label: 'PII' }
  expect(mask(json, '{"notes":"ann\\u0040example.com"}', startRun(personal))).toBe('{"notes":"[PII]"}')
  expect(mask(form, 'q=ann%40example.com', startRun(personal), 'application/x-www-form-urlencoded')).toBe('q=%5BPII%5D')
  expect(mask(whole, '{"a":"ann@example.com"}', startRun(personal), 'text/plain')).toBe('{"a":"[PII]"}')
})
