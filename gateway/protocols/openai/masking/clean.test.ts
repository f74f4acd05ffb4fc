import { describe, expect, it } from 'vitest'
import { maskEverywhere, specialNames } from '../../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../../policy/masking/text-masks.ts'
import { makeTextMasks } from '../../../../test/helpers/word-masks.ts'
import { maskJsonRequest } from '../../json/mask-body.ts'
import { chatRequest, completionRequest, embeddingRequest, responseRequest } from './requests.ts'

const plain = makeTextMasks({ '4111': '[CARD]' })

/** Says of every document that it is clean, as long as it has none of the fields that are asked about. */
const masks: TextMasks = {
  ...plain,
  isClean: (source, without) => !without.some((name) => source.includes(JSON.stringify(name))),
}

function mask(body: object, toPlace = chatRequest, by = masks): unknown {
  const upstream = { path: '/', query: '', body: new TextEncoder().encode(JSON.stringify(body)) }
  return JSON.parse(new TextDecoder().decode(maskJsonRequest(upstream, toPlace(by), by).body))
}

describe('a request that is clean', () => {
  const text = { messages: [{ role: 'user', content: '4111' }] }

  it.each([
    ['a chat', chatRequest, text],
    ['a completion', completionRequest, { prompt: ['4111'] }],
    ['an embedding', embeddingRequest, { input: '4111' }],
    ['a response', responseRequest, { input: [{ role: 'user', content: '4111' }] }],
  ])('is not walked: %s', (_name, toPlace, body) => {
    expect(mask(body, toPlace)).toEqual(body)
    expect(mask(body, toPlace, plain)).not.toEqual(body)
  })

  it.each([
    ['a picture', { type: 'image_url', image_url: { url: 'data:,4111' } }],
    ['a sound', { type: 'input_audio', input_audio: { data: 'NDExMQ==', format: 'wav' } }],
    ['a file', { type: 'file', file: { file_data: 'NDExMQ==' } }],
    ['what tells a text token by token', { type: 'text', text: '', logprobs: [{ token: '41' }] }],
  ])('is walked with %s, which is more than text', (_name, part) => {
    const body = { messages: [{ role: 'user', content: [part] }] }
    expect(mask(body)).not.toEqual(body)
    expect(mask(body)).toEqual(mask(body, chatRequest, plain))
  })

  it.each([
    ['a response', responseRequest, { input: [{ type: 'reasoning', encrypted_content: 'NDExMQ==' }] }],
    ['a picture that was made', responseRequest, { input: [{ type: 'image_generation_call', result: 'NDExMQ==' }] }],
  ])('is walked with what is sealed or encoded: %s', (_name, toPlace, body) => {
    expect(specialNames(toPlace(masks), masks.start)).toEqual(
      expect.arrayContaining(['encrypted_content', 'result', 'url', 'logprobs']),
    )
    expect(mask(body, toPlace)).toEqual(mask(body, toPlace, plain))
  })

  it('is walked where its places are masked by more than is asked about', () => {
    const other = maskEverywhere(() => plain.start({ key: undefined, path: () => '' }))
    expect(mask(text, () => other)).not.toEqual(text)
    expect(mask(text, () => ({ ...maskEverywhere(masks.start), words: true }))).not.toEqual(text)
  })
})
