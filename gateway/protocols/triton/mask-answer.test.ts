import { describe, expect, it } from 'vitest'
import {
  cutsNear,
  makeProtocol,
  maskRequest,
  maskStreamedAnswer,
  maskWholeAnswer,
  readRequest,
} from '../../../test/helpers/protocol-masks.ts'
import { maskWords } from '../../../test/helpers/word-masker.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import { compileEngine } from '../../../policy/masking/engine.ts'
import { nest } from '../../../policy/masking/framing/json-text.ts'
import type { Start } from '../../../policy/masking/framing/place.ts'
import { allDetectors } from '../../../policy/masking/packs.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json } from '../../../policy/model.ts'
import { SseReader } from '../framing/sse.ts'
import { isJsonObject } from '../json/strict-json.ts'

const protocol = makeProtocol({ protocol: 'Triton' })
const words = { '4111': '[CARD]', bob: '[NAME]' }
const masks = makeTextMasks(words)
const request = (body: object) =>
  readRequest(protocol, { path: '/v2/models/m/generate_stream' }, Buffer.from(JSON.stringify(body)))
const asked = request({ text_input: 'x' })
const head = { status: 200, headers: { 'content-type': 'text/event-stream' } }

function stream(pieces: readonly string[], by: TextMasks = masks): string {
  return maskStreamedAnswer(asked, by, { head, pieces })
}

const toEvents = (texts: readonly string[], key = 'text_output'): string[] =>
  texts.map((text) => `data: ${JSON.stringify({ model_name: 'm', [key]: text })}\n\n`)

/** What a client puts together. */
function readTexts(sent: string, key = 'text_output'): string {
  const reader = new SseReader()
  return [...reader.push(Buffer.from(sent)), ...reader.end()]
    .map(({ data }): string => {
      const said: Json = JSON.parse(data ?? '{}')
      const text = isJsonObject(said) ? said[key] : ''
      return typeof text === 'string' ? text : ''
    })
    .join('')
}

const text = 'pay 4111 to bob, 411 to bo and b, "4111" \u{1f600}bob4111'
const masked = maskWords(text, words)

describe('generated text', () => {
  it('is masked alike however it is cut in two events', () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const pieces = [text.slice(0, cut), text.slice(cut)].map((piece) => piece.toWellFormed())
      if (pieces.join('') !== text) continue
      expect(readTexts(stream(toEvents(pieces)))).toBe(masked)
    }
  })

  it('is masked alike however it is cut in three around what is found', () => {
    const cuts = cutsNear(text, Object.keys(words)).filter((cut) => text.slice(0, cut).isWellFormed())
    const wrong = cuts.flatMap((first) =>
      cuts
        .filter((second) => second >= first)
        .filter((second) => {
          const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)]
          return readTexts(stream(toEvents(pieces))) !== masked
        })
        .map((second) => [first, second]),
    )
    expect(wrong).toStrictEqual([])
  })

  it('is masked alike however its bytes arrive', () => {
    const bytes = Buffer.from(toEvents(['pay 41', '11 to b', 'ob']).join(''))
    const whole = stream([bytes.toString()])
    for (let cut = 1; cut < bytes.length; cut += 1) {
      expect(maskStreamedAnswer(asked, masks, { head, pieces: [bytes.subarray(0, cut), bytes.subarray(cut)] })).toBe(
        whole,
      )
    }
  })

  it('is masked alike by all detectors, one unit in each event', () => {
    const engine = compileEngine(allDetectors)
    if ('problems' in engine) throw new Error('the detectors do not compile')
    const start: Start = nest(() => engine.start(({ class: name }) => `[${name}]`))
    const real: TextMasks = { start, over: (root) => root, field: () => start }
    const said = 'Ann (ann@example.com) pays with 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00.'
    const whole = engine.maskAll(said, ({ class: name }) => `[${name}]`)
    expect(whole).not.toMatch(/ann@|1111|0532/u)
    expect(readTexts(stream(toEvents(said.split('')), real))).toBe(whole)
  })
})

it('masks each output as a text of its own', () => {
  const sent = stream([
    ...toEvents(['bo']),
    ...toEvents(['41'], 'other'),
    ...toEvents(['b is']),
    ...toEvents(['11'], 'other'),
  ])
  expect([readTexts(sent), readTexts(sent, 'other')]).toStrictEqual(['[NAME] is', '[CARD]'])
})

it('says what it holds before an error, and masks the error', () => {
  const sent = stream([...toEvents(['x bo']), 'data: {"error":"bob left"}\n\n'])
  expect(sent).toBe([...toEvents(['x ']), ...toEvents(['bo']), 'data: {"error":"[NAME] left"}\n\n'].join(''))
})

it('says what it holds in the event that ends it', () => {
  const last = { text_output: ' bo', finish_reason: 'stop' }
  const sent = stream([...toEvents(['x 41']), `data: ${JSON.stringify(last)}\n\n`])
  expect(sent).toBe([...toEvents(['x ']), 'data: {"text_output":"41 bo","finish_reason":"stop"}\n\n'].join(''))
})

it('blanks what tells the text in another way, and keeps what tells nothing', () => {
  const body = {
    model_name: 'bob-7b',
    model_version: '1',
    text_output: 'hi',
    finish_reason: 'stop',
    token_ids: [1],
    prompt_token_ids: 7,
    logprobs: '[]',
    score: 0.4111,
  }
  const blanked = { ...body, token_ids: [], prompt_token_ids: null, logprobs: '' }
  const whole = { status: 200, headers: { 'content-type': 'application/json' } }
  const answer = maskWholeAnswer(asked, masks, { head: whole, body: Buffer.from(JSON.stringify(body)) })
  expect(JSON.parse(Buffer.from(answer.body).toString())).toStrictEqual(blanked)
  const [event] = stream([`data: ${JSON.stringify(body)}\n\n`]).split('\n\n')
  expect(JSON.parse(event?.slice('data: '.length) ?? '')).toStrictEqual(blanked)
})

it.each([
  ['a version that could be an account', { model_version: '41110000' }, { model_version: '[CARD]0000' }],
  ['a name that is a sentence', { model_name: 'of bob' }, { model_name: 'of [NAME]' }],
  ['a reason that is none', { finish_reason: 'bob left' }, { finish_reason: '[NAME] left' }],
])('masks %s', (_title, before, after) => {
  const body = Buffer.from(JSON.stringify(before))
  const answer = maskWholeAnswer(asked, masks, { head: { status: 200, headers: {} }, body })
  expect(JSON.parse(Buffer.from(answer.body).toString())).toStrictEqual(after)
})

it('masks all of a request: inputs, their names, parameters', () => {
  const { body } = maskRequest(
    request({ text_input: 'of bob', bob: ['4111'], parameters: { seed: 4111, temperature: 0.4111 }, stream: true }),
    masks,
  )
  expect(JSON.parse(Buffer.from(body ?? []).toString())).toStrictEqual({
    text_input: 'of [NAME]',
    '[NAME]': ['[CARD]'],
    parameters: { seed: '[CARD]', temperature: 0.4111 },
    stream: true,
  })
})
