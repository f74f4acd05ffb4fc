import { describe, expect, it } from 'vitest'
import { startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { ChannelSet, type EventPlan, type HeldEvent } from './channels.ts'
import { nest } from './json-text.ts'
import { fields, instead, items, keep, nowhere } from './place.ts'

const words = { '4111': '[CARD]', 'a"b': '[Q]', '😀!': '😁' }
const start = (): Masker => startWords(words)

interface Chunk {
  readonly choices: readonly {
    readonly index: number
    readonly delta: { readonly content?: string; readonly tool?: string }
    readonly finish_reason?: string
  }[]
}

function makeSet(): ChannelSet {
  return new ChannelSet({ channel: ({ name }) => (name === 'tool' ? nest(start)(nowhere) : start()), other: start })
}

/** A protocol in small: chat completions. */
function plan(set: ChannelSet, text: string): EventPlan {
  const { choices }: Chunk = JSON.parse(text)
  const choice = (i: number): string => String(choices[i]?.index)
  const delta = (i: number) =>
    fields(
      {
        content: set.piece({ choice: choice(i), name: 'content' }),
        tool: set.piece({ choice: choice(i), name: 'tool' }),
      },
      set.other,
    )
  const one = (i: number) =>
    fields({ delta: delta(i), index: keep, finish_reason: keep, logprobs: instead('null') }, set.other)
  return {
    places: fields({ id: keep, choices: items(one, set.other) }, set.other),
    ends: choices
      .filter((each) => typeof each.finish_reason === 'string')
      .map(({ index }) => ({ choice: String(index) })),
  }
}

function chunk(index: number, delta: object, finish?: string): string {
  return JSON.stringify({ id: '4111', choices: [{ delta, index, finish_reason: finish ?? null }] })
}

function toText(held: readonly HeldEvent[]): readonly string[] {
  return held.map(({ text }) => text)
}

function run(events: readonly string[]): readonly string[] {
  const set = makeSet()
  const sent = events.flatMap((text) => {
    const { before, text: masked } = set.mask({ text, frame: text }, plan(set, text))
    return [...toText(before), masked]
  })
  return [...sent, ...toText(set.end())]
}

function textOf(sent: readonly string[], index: number, name: 'content' | 'tool'): string {
  const chunks = sent.flatMap((text): Chunk['choices'] => JSON.parse(text).choices)
  return chunks.map((each) => (each.index === index ? (each.delta[name] ?? '') : '')).join('')
}

/** One event with two pieces of one choice, which ends with it. */
function inOne(one: string, two: string): string {
  return JSON.stringify({
    choices: [
      { delta: { content: one }, index: 0 },
      { delta: { content: two }, index: 0, finish_reason: 'stop' },
    ],
  })
}

/** One event with a piece of each of two choices. */
function inTwo(one: string, two: string): string {
  return JSON.stringify({
    choices: [
      { delta: { content: one }, index: 0 },
      { delta: { content: two }, index: 1 },
    ],
  })
}

describe('a channel', () => {
  it('is masked over its pieces', () => {
    const sent = run([
      chunk(0, { role: 'x', content: 'my 41' }),
      chunk(0, { content: '11, thanks' }),
      chunk(0, {}, 'stop'),
    ])
    expect(sent).toStrictEqual([
      chunk(0, { role: 'x', content: 'my ' }),
      chunk(0, { content: '[CARD], thanks' }),
      chunk(0, {}, 'stop'),
    ])
  })

  it('gives what it held before the event that ends its choice', () => {
    const sent = run([chunk(0, { content: 'x 41' }), chunk(0, {}, 'stop')])
    expect(sent).toStrictEqual([chunk(0, { content: 'x ' }), chunk(0, { content: '41' }), chunk(0, {}, 'stop')])
  })

  it('gives what it held with its own last piece', () => {
    const sent = run([chunk(0, { content: 'x 41' }), chunk(0, { content: '1' }, 'length')])
    expect(sent).toStrictEqual([chunk(0, { content: 'x ' }), chunk(0, { content: '411' }, 'length')])
  })

  it('gives what it held when the stream breaks off', () => {
    expect(run([chunk(0, { content: '"a"' })])).toStrictEqual([chunk(0, { content: '"' }), chunk(0, { content: 'a"' })])
  })

  it('ends after the last of several pieces in one event', () => {
    expect(run([inOne('41', '11 41')])).toStrictEqual([inOne('', '[CARD] 41')])
  })

  it('masks arguments as JSON, cut anywhere', () => {
    const whole = String.raw`{"card":"\u0034111","n":4111,"s":"a\"b 41"}`
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const sent = run([
        chunk(0, { tool: whole.slice(0, cut) }),
        chunk(0, { tool: whole.slice(cut) }),
        chunk(0, {}, 'tool_calls'),
      ])
      expect(textOf(sent, 0, 'tool')).toBe('{"card":"[CARD]","n":"[CARD]","s":"[Q] 41"}')
    }
  })

  it('never sends half of a surrogate pair', () => {
    const sent = run([
      chunk(0, { content: 'x\ud83d' }),
      chunk(0, { content: '\ude00' }),
      chunk(0, { content: '?' }, 'stop'),
    ])
    expect(sent.every((text) => !text.includes('\\ud'))).toBe(true)
    expect(textOf(sent, 0, 'content')).toBe('x😀?')
  })
})

describe('several choices', () => {
  it('do not meet, and each has its own end', () => {
    const texts = ['a 4111 b', '41 then 4111', '4111', 'x"a"b']
    const pieces = texts.flatMap((text) => text.split('').map((unit, at) => ({ unit, at })))
    const events = [...Array(12).keys()].flatMap((at) =>
      texts.flatMap((text, index) => {
        if (at < text.length) return [chunk(index, { content: text[at] })]
        return at === text.length ? [chunk(index, {}, 'stop')] : []
      }),
    )
    expect(events.length).toBeGreaterThan(pieces.length)
    const sent = run([...events, chunk(1, {}, 'stop')])
    expect(texts.map((_, index) => textOf(sent, index, 'content'))).toStrictEqual([
      'a [CARD] b',
      '41 then [CARD]',
      '[CARD]',
      'x"[Q]',
    ])
    for (const [index] of texts.entries()) {
      const mine = sent.filter((text) => text.includes(`"index":${index},`))
      expect(mine.findIndex((text) => text.includes('"stop"'))).toBeGreaterThanOrEqual(
        mine.findLastIndex((text) => text.includes('"content"')),
      )
    }
  })

  it('share an event without sharing text', () => {
    const sent = run([inTwo('x 41', 'y 41'), inTwo('11', '2')])
    expect(sent).toStrictEqual([inTwo('x ', 'y '), inTwo('[CARD]', '412')])
  })

  it('give an event of their own, with nothing of another', () => {
    const sent = run([inTwo('x 41', 'y 4')])
    expect(sent).toStrictEqual([inTwo('x ', 'y '), inTwo('41', ''), inTwo('', '4')])
  })
})

describe('an event', () => {
  it('goes on as it came when nothing is found and nothing held', () => {
    const text = String.raw`{ "id":"4111", "choices" : [{"delta":{"content":"\u00e9\/"},"index":0}], "usage":{"n":1.0} }`
    expect(run([text])[0]).toBe(text)
  })

  it('is masked where the protocol knows nothing, and blanked where it says so', () => {
    const text =
      '{"choices":[{"delta":{"new":["4111"],"content":["4111",4111]},"index":0,"logprobs":{"content":[{"token":"4111"}]}}]}'
    expect(run([text])[0]).toBe(
      '{"choices":[{"delta":{"new":["[CARD]"],"content":["[CARD]","[CARD]"]},"index":0,"logprobs":null}]}',
    )
  })

  it('with the whole text agrees with the pieces of it', () => {
    const set = makeSet()
    const channel = { choice: '0', name: 'content' }
    const text = 'x 4111 a"b 41'
    const done = set.mask(
      { text: JSON.stringify({ text }), frame: '' },
      { places: fields({ text: set.whole(channel) }, keep), ends: [] },
    )
    const sent = run(text.split('').map((unit) => chunk(0, { content: unit })))
    expect(JSON.parse(done.text)).toStrictEqual({ text: textOf(sent, 0, 'content') })
  })

  it('that is no JSON is masked as text, and can end everything', () => {
    const set = makeSet()
    const text = chunk(0, { content: 'x 41' })
    set.mask({ text, frame: 'data: frame\n\n' }, plan(set, text))
    const { before, text: done } = set.mask({ text: '[DONE] 4111', frame: '' }, { places: keep, ends: 'All' })
    expect(done).toBe('[DONE] [CARD]')
    expect(before).toStrictEqual([
      {
        channel: { choice: '0', name: 'content' },
        held: '41',
        text: chunk(0, { content: '41' }),
        frame: 'data: frame\n\n',
      },
    ])
    expect(set.end()).toStrictEqual([])
  })

  it('says when nothing of its pieces may leave yet', () => {
    const set = makeSet()
    const silent = ['4', '1', '2'].map((content) => {
      const text = chunk(0, { content })
      return set.mask({ text, frame: '' }, plan(set, text)).isSilent
    })
    expect(silent).toStrictEqual([true, true, false])
  })
})

it('counts what was found in all of them', () => {
  const set = makeSet()
  for (const text of [
    chunk(0, { content: '4111 41' }),
    chunk(1, { content: 'a"b', x: '4111' }),
    chunk(0, { content: '11' }),
  ]) {
    set.mask({ text, frame: '' }, plan(set, text))
  }
  set.end()
  expect(set.counts()).toStrictEqual({ '4111': 3, 'a"b': 1 })
})
