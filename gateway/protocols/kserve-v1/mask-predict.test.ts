import { expect, it } from 'vitest'
import { makeProtocol, maskRequest, maskWholeAnswer, readRequest } from '../../../test/helpers/protocol-masks.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { ReadRequest } from '../protocol.ts'

const masks = makeTextMasks({ '4111': '[CARD]', bob: '[NAME]' })
const asks = (protocol: 'KServeV1' | 'TensorFlowServing') => {
  const built = makeProtocol({ protocol })
  return (verb: string, body: string): ReadRequest =>
    readRequest(built, { path: `/v1/models/m:${verb}` }, Buffer.from(body))
}
const kserve = asks('KServeV1')
const tensorflow = asks('TensorFlowServing')

it.each([
  [
    'rows',
    kserve,
    'predict',
    '{"instances":[["bob",4111,0.4111],{"bob":1}]}',
    '{"instances":[["[NAME]","[CARD]",0.4111],{"[NAME]":1}]}',
  ],
  ['columns', tensorflow, 'predict', '{"inputs":{"x":["bob"]}}', '{"inputs":{"x":["[NAME]"]}}'],
  ['what is to be explained', kserve, 'explain', '{"inputs":"bob"}', '{"inputs":"[NAME]"}'],
  ['bytes that are text', kserve, 'predict', '{"instances":[{"b64":"Ym9i"}]}', '{"instances":[{"b64":"W05BTUVd"}]}'],
  [
    'parameters',
    kserve,
    'predict',
    '{"instances":[],"parameters":{"bob":4111}}',
    '{"instances":[],"parameters":{"[NAME]":"[CARD]"}}',
  ],
  [
    'a signature that is none',
    tensorflow,
    'predict',
    '{"signature_name":"to bob","inputs":1}',
    '{"signature_name":"to [NAME]","inputs":1}',
  ],
  [
    'examples and their context',
    tensorflow,
    'classify',
    '{"context":{"who":"bob"},"examples":[{"x":{"b64":"Ym9i"},"n":[4111]}]}',
    '{"context":{"who":"[NAME]"},"examples":[{"x":{"b64":"W05BTUVd"},"n":["[CARD]"]}]}',
  ],
] as const)('masks %s', (...[, ask, verb, before, after]) => {
  expect(Buffer.from(maskRequest(ask(verb, before), masks).body ?? []).toString()).toBe(after)
})

it.each([
  ['what a model measures', kserve, '{ "instances": [ [0.4111, 1.5e-3, true, null] ] }'],
  ['the name of a signature', tensorflow, '{"signature_name":"bob:classify","inputs":[1]}'],
  ['an image', kserve, '{"instances":[{"b64":"iVBORw0KGgpib2I="}]}'],
])('gives the very request that came: %s', (_title, ask, body) => {
  const request = ask('predict', body)
  expect(maskRequest(request, masks)).toBe(request.upstream)
})

it.each([
  ['predictions', '{"predictions":[{"bob":0.4111},"4111",NaN]}', '{"predictions":[{"[NAME]":0.4111},"[CARD]",NaN]}'],
  ['an error', '{"error":"no bob"}', '{"error":"no [NAME]"}'],
])('masks %s of an answer', (_title, before, after) => {
  const head = { status: 200, headers: { 'content-type': 'application/json' } }
  const { body } = maskWholeAnswer(kserve('predict', '{"instances":[]}'), masks, { head, body: Buffer.from(before) })
  expect(Buffer.from(body).toString()).toBe(after)
})
