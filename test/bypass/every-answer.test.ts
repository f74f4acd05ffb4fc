// What every protocol must hold of answers: the word over any cut of a stream, in errors, under a wrong media type, in a coding, in
// events that nobody knows; and nothing after a refusal.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  askStream,
  chatDone,
  chunk,
  cutsOf,
  data,
  events,
  overCuts,
  saying,
  streaming,
  whole,
} from './answer-shapes.ts'
import { allProtocols } from './class-list.ts'
import { attack } from './classes.ts'
import { expectAnswerHeld, expectAnswerRefused, expectUnread } from './held.ts'
import { ask, everyConnection, nameOf } from './shapes.ts'
import type { ModelAnswer, World } from './world.ts'
import { barred, forbidden, harmless, masked, startWorld } from './world.ts'

const worlds: Partial<Record<'Hold' | 'Cut', World>> = {}
const manners = ['Hold', 'Cut'] as const

beforeAll(async () => {
  for (const manner of manners) worlds[manner] = await startWorld(everyConnection({ answers: manner }))
})

afterAll(async () => {
  for (const world of Object.values(worlds)) await world[Symbol.asyncDispose]()
})

const worldOf = (manner: 'Hold' | 'Cut'): World => {
  const world = worlds[manner]
  if (world === undefined) throw new Error('not started')
  return world
}

const toEscapes = (word: string): string =>
  word.replaceAll(/./gu, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`)

const unreadable = ['response_denied', 'response_unreadable', 'upstream_failed']

for (const protocol of allProtocols) {
  const name = nameOf(protocol)
  const toAnswer = saying[protocol]
  const plain = ask(protocol, 'hi')

  attack('errors of model servers', protocol, () => {
    it.each<[string, (word: string) => ModelAnswer]>([
      ['in its own form', (word) => whole({ error: { message: `unknown: ${word}` } }, { status: 400 })],
      ['as text under another key', (word) => whole({ detail: [{ loc: ['body'], input: word }] }, { status: 422 })],
      ['as a list', (word) => whole([{ error: word }], { status: 500 })],
      ['as one string', (word) => whole(`no ${word}`, { status: 500 })],
      ['as plain text', (word) => ({ status: 503, type: 'text/plain', pieces: [`no ${word} here`] })],
      ['as a page', (word) => ({ status: 502, type: 'text/html; charset=utf-8', pieces: [`<h1>${word}</h1>`] })],
      ['with the status of a refusal', (word) => whole({ error: word }, { status: 403 })],
      ['with an answer in it', (word) => whole(toAnswer(word), { status: 500 })],
    ])('%s', async (_title, toSaid) => {
      await expectAnswerHeld(worldOf('Cut'), name, { ask: plain, toAnswer: toSaid })
    })
  })

  attack('answers in disguise', protocol, () => {
    const text = JSON.stringify(toAnswer(forbidden))
    it.each<[string, ModelAnswer]>([
      ['plain text', { type: 'text/plain', pieces: [text] }],
      ['a page', { type: 'text/html', pieces: [text] }],
      ['no type', { type: '', pieces: [text] }],
      ['bytes', { type: 'application/octet-stream', pieces: [text] }],
      ['an image', { type: 'image/png', pieces: [text] }],
      ['JSON of a vendor', { type: 'application/vnd.a+json', pieces: [text] }],
      ['a stream of events that it is not', { type: 'text/event-stream', pieces: [text] }],
      [
        'a stream of events that it is not, line by line',
        { type: 'text/event-stream', pieces: [`${text}\n\n`, `${text}\n\n`] },
      ],
      ['events behind a blank', { type: 'text/event-stream', pieces: [` data: ${text}\n\n`] }],
      ['an event in capitals', { type: 'text/event-stream', pieces: [`Data: ${text}\n\n`] }],
      ['lines of JSON', { type: 'application/x-ndjson', pieces: [`${text}\n${text}\n`] }],
      ['JSON twice', { pieces: [`${text}${text}`] }],
      ['a key twice', { pieces: [text.replace(`"${forbidden}"`, `"a","a":"${forbidden}"`)] }],
      ['a byte order mark', { pieces: [`\ufeff${text}`] }],
      ['UTF-16', { type: 'application/json; charset=utf-16le', pieces: [Buffer.from(text, 'utf16le')] }],
      ['UTF-7', { type: 'application/json; charset=utf-7', pieces: [text] }],
      ['gzip', { headers: { 'content-encoding': 'gzip' }, pieces: [gzipSync(text)] }],
      ['gzip as it was called', { headers: { 'content-encoding': 'x-gzip' }, pieces: [gzipSync(text)] }],
      ['deflate', { headers: { 'content-encoding': 'deflate' }, pieces: [deflateSync(text)] }],
      ['br', { headers: { 'content-encoding': 'br' }, pieces: [brotliCompressSync(text)] }],
      ['zstd', { headers: { 'content-encoding': 'zstd' }, pieces: [zstdCompressSync(text)] }],
      ['gzip in gzip', { headers: { 'content-encoding': 'gzip, gzip' }, pieces: [gzipSync(gzipSync(text))] }],
      ['gzip that nobody told of', { pieces: [gzipSync(text)] }],
      ['a coding that nobody knows', { headers: { 'content-encoding': 'rot13' }, pieces: [text] }],
      ['a coding that it is not in', { headers: { 'content-encoding': 'gzip' }, pieces: [text] }],
      [
        'gzip that ends too early',
        { headers: { 'content-encoding': 'gzip' }, pieces: [gzipSync(text).subarray(0, -9)] },
      ],
      [
        'gzip with more behind it',
        {
          headers: { 'content-encoding': 'gzip' },
          pieces: [Buffer.concat([gzipSync('{}'), Buffer.from(text)])],
        },
      ],
    ])('%s', async (_title, said) => {
      const world = worldOf('Cut')
      world.answer = whole(toAnswer(harmless))
      const passed = await world.send(name, plain)
      expect(passed.body.toString()).toBe(JSON.stringify(toAnswer(harmless)))
      world.answer = said
      expectAnswerRefused(await world.send(name, plain), { codes: unreadable })
      for (const way of [masked, barred]) expectUnread(await world.send(way(name), plain))
    })
  })

  attack('escapes and base64', protocol, () => {
    it('every letter of an answer as an escape', async () => {
      await expectAnswerHeld(worldOf('Cut'), name, {
        ask: plain,
        toAnswer: (word) => ({ pieces: [JSON.stringify(toAnswer('HERE')).replace('HERE', toEscapes(word))] }),
        completing: toEscapes(forbidden),
      })
    })
  })
}

const streams = ['OpenAI', 'Anthropic', 'Triton', 'TorchServe', 'HTTP'] as const

for (const protocol of streams) {
  const name = nameOf(protocol)
  const toStream = streaming[protocol] ?? (() => [])
  const asked = askStream(protocol)

  attack('text over cuts', protocol, () => {
    const cuts = cutsOf(forbidden).flatMap((_, i) => manners.map((manner) => [i, manner] as const))
    it.each(cuts)('cut %d of the events, %s', async (i, manner) => {
      await expectAnswerHeld(
        worldOf(manner),
        name,
        overCuts(protocol, (word) => cutsOf(word)[i] ?? [], toStream),
      )
    })

    it.each(manners)('every cut of the bytes at once, %s', async (manner) => {
      await expectAnswerHeld(worldOf(manner), name, {
        ask: asked,
        toAnswer: (word) =>
          events(
            ...Buffer.from(toStream([word]).join(''))
              .toString('latin1')
              .split(''),
          ),
      })
    })

    it.each(['\r\n', '\r'])('lines that end in %j', async (end) => {
      await expectAnswerHeld(worldOf('Cut'), name, {
        ask: asked,
        toAnswer: (word) => events(...toStream(['a', word]).map((event) => event.replaceAll('\n', end))),
      })
    })

    it('data in several lines', async () => {
      await expectAnswerHeld(worldOf('Cut'), name, {
        ask: asked,
        toAnswer: (word) =>
          events(...toStream(['a', word]).map((event) => event.replace(/^data: \{/mu, 'data: {\ndata:'))),
      })
    })

    it('an event that never ends', async () => {
      await expectAnswerHeld(worldOf('Cut'), name, {
        ask: asked,
        toAnswer: (word) =>
          events(...toStream(['a']).slice(0, 1), (toStream([word]).find((one) => one.includes(word)) ?? '').trimEnd()),
      })
    })
  })

  attack('unknown events', protocol, () => {
    const first = toStream(['hi']).slice(0, -1)
    it.each<[string, (word: string) => string]>([
      ['an object of another shape', (word) => data({ type: 'news', news: { deep: [word] } })],
      ['a string', (word) => data(word)],
      ['a list', (word) => data([word])],
      ['a name of its own', (word) => `event: news\n${data({ type: 'news', text: word })}`],
      ['an error', (word) => `event: error\n${data({ type: 'error', error: { type: 'a', message: word } })}`],
      ['a name that speaks', (word) => `event: see the ${word}\n${data({})}`],
      ['an id that speaks', (word) => `id: see the ${word}\n${data({})}`],
      ['a field that nobody knows', (word) => `note: ${word}\n${data({})}`],
      ['a line without a colon', (word) => `${word}\n${data({})}`],
      ['data that is no JSON', (word) => `data: ${word}\n\n`],
    ])('%s', async (_title, toEvent) => {
      const world = worldOf('Cut')
      world.answer = events(...first, toEvent(forbidden))
      const held = await world.send(name, asked)
      expectAnswerRefused(held, { codes: unreadable })
      for (const way of [masked, barred]) expectUnread(await world.send(way(name), asked))
    })
  })
}

attack('after a refusal', 'OpenAI', () => {
  it('nothing of the stream follows the error', async () => {
    const world = worldOf('Cut')
    world.answer = events(chunk({ content: forbidden }), chunk({ content: ' after' }), chatDone)
    const { body } = await world.send('openai', askStream('OpenAI'))
    expect(body.toString()).not.toContain('after')
    expect(body.toString()).not.toContain('[DONE]')
    expect(body.toString().trimEnd().split('\n')).toHaveLength(1)
  })
})
attack('after a refusal', 'Anthropic', () => {
  it('the error is the last event', async () => {
    const world = worldOf('Cut')
    world.answer = events(...(streaming.Anthropic?.([forbidden, ' after']) ?? []))
    const { body } = await world.send('anthropic', askStream('Anthropic'))
    expect(body.toString()).not.toContain('after')
    expect(body.toString().trimEnd().split('\n\n').at(-1)).toContain('response_denied')
  })
})
