import { describe, expect, it } from 'vitest'
import { makeProtocol, maskRequest, maskWholeAnswer, readRequest } from '../../../test/helpers/protocol-masks.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { ReadRequest } from '../protocol.ts'

const protocol = makeProtocol({ protocol: 'TorchServe' })
const masks = makeTextMasks({ '4111': '[CARD]', bob: '[NAME]' })

function read(body: string | Uint8Array, type: string | undefined): ReadRequest {
  const headers = { 'content-type': type }
  return readRequest(protocol, { path: '/predictions/m', headers }, Buffer.from(body))
}

it.each([
  ['JSON', 'application/json', '{"bob":[4111,0.4111],"b64":"Ym9i"}', '{"[NAME]":["[CARD]",0.4111],"b64":"W05BTUVd"}'],
  ['text', 'text/plain', 'bob', '[NAME]'],
  ['text that is JSON', 'text/plain', '{"x":"\\u0062ob"}', '{"x":"[NAME]"}'],
  ['a page', 'text/html; charset=utf-8', '<b>bob</b>', '<b>[NAME]</b>'],
  ['bytes that are text', 'application/octet-stream', 'bob', '[NAME]'],
  ['text that calls itself something else', 'application/pickle', 'bob', '[NAME]'],
  ['text of which nothing is said', undefined, 'bob', '[NAME]'],
  ['a form in one line', 'application/x-www-form-urlencoded', 'data=bob&k=v', 'data=%5BNAME%5D&k=v'],
])('masks %s', (_title, type, before, after) => {
  const { body, headers } = maskRequest(read(before, type), masks)
  expect([Buffer.from(body ?? []).toString(), headers]).toStrictEqual([after, undefined])
})

it('masks the text between bytes of no known kind, and leaves the bytes', () => {
  const { body } = maskRequest(
    read(Buffer.from([0xc3, ...Buffer.from('bob'), 0x80]), 'application/octet-stream'),
    masks,
  )
  expect(Buffer.from(body ?? [])).toStrictEqual(Buffer.from([0xc3, ...Buffer.from('[NAME]'), 0x80]))
})

it('says no more of a type than that it is bytes, where it says something of somebody', () => {
  const { body, headers } = maskRequest(read('x', 'text/plain; title=bob'), masks)
  expect([Buffer.from(body ?? []).toString(), headers]).toStrictEqual([
    'x',
    { 'content-type': 'application/octet-stream' },
  ])
})

it.each([
  ['JSON', '{"x":"y"}', 'application/json'],
  ['an image', Buffer.from([0x89, ...Buffer.from('PNG\r\n\u001a\nbob')]), 'image/png'],
  ['nothing', '', 'text/plain'],
])('gives the very request that came where nothing is found: %s', (_title, body, type) => {
  const request = read(body, type)
  expect(maskRequest(request, masks)).toBe(request.upstream)
})

describe('an answer', () => {
  it.each([
    ['JSON', 'application/json', '{"bob":0.4111}', '{"[NAME]":0.4111}'],
    ['text', 'text/plain; charset=us-ascii', 'hi bob', 'hi [NAME]'],
    ['lines that did not come as a stream', 'text/csv', 'a,bob\n', 'a,[NAME]\n'],
    ['no type', '', 'bob', '[NAME]'],
    ['text that calls itself an image', 'image/png', 'bob', '[NAME]'],
    ['JSON that calls itself bytes', 'application/octet-stream', '["\\u0062ob"]', '["[NAME]"]'],
  ])('is masked: %s', (_title, type, before, after) => {
    const head = { status: 200, headers: { 'content-type': type } }
    const { body } = maskWholeAnswer(read('x', 'text/plain'), masks, { head, body: Buffer.from(before) })
    expect(Buffer.from(body).toString()).toBe(after)
  })

  it('in Latin letters stays in them', () => {
    const head = { status: 200, headers: { 'content-type': 'text/plain; charset=iso-8859-1' } }
    const body = Buffer.from([0xe9, ...Buffer.from(' bob '), 0x80])
    const labels = makeTextMasks({ bob: 'é\u{1f600}' })
    const masked = maskWholeAnswer(read('x', 'text/plain'), labels, { head, body })
    expect(Buffer.from(masked.body)).toStrictEqual(Buffer.from([0xe9, 0x20, 0xe9, 0x3f, 0x20, 0x80]))
  })

  it('that is an image is the same bytes', () => {
    const body = Buffer.from([0x89, ...Buffer.from('PNG\r\n\u001a\nbob')])
    const head = { status: 200, headers: { 'content-type': 'image/png' } }
    expect(maskWholeAnswer(read('x', 'text/plain'), masks, { head, body }).body).toBe(body)
  })
})
