import { describe, expect, it } from 'vitest'
import { startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { ChannelSet, type EventPlan, type HeldEvent } from './channels.ts'
import { nest } from './json-text.ts'
import { overlay } from './overlay.ts'
import { fields, instead, items, keep, nowhere, type Place } from './place.ts'
import { startWhole } from './whole-value.ts'

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

describe('a piece that comes after its channel ended', () => {
  it('begins a new text, which is masked as one', () => {
    const sent = run([
      chunk(0, { content: 'x 41' }, 'stop'),
      chunk(0, { content: '11 4' }),
      chunk(0, { content: '111 41' }),
      chunk(0, {}, 'stop'),
    ])
    expect(sent).toStrictEqual([
      chunk(0, { content: 'x 41' }, 'stop'),
      chunk(0, { content: '11 ' }),
      chunk(0, { content: '[CARD] ' }),
      chunk(0, { content: '41' }),
      chunk(0, {}, 'stop'),
    ])
  })

  it('ends with its event where that says so again', () => {
    const late = chunk(0, { content: '4111 41' }, 'stop')
    const sent = run([chunk(0, { content: '41' }, 'stop'), late, late])
    const masked = chunk(0, { content: '[CARD] 41' }, 'stop')
    expect(sent).toStrictEqual([chunk(0, { content: '41' }, 'stop'), masked, masked])
  })

  it('ends where its field is written twice', () => {
    const twice = chunk(0, { content: '41' }, 'stop').replace(
      '"content":"41"',
      '"content":"4111 41","content":"4111 41"',
    )
    const sent = run([twice])
    expect(sent).toStrictEqual([twice.replaceAll('4111 41', '[CARD] 41')])
  })
})

const shape = fields(
  { choices: items(() => fields({ finish_reason: instead('null') }, keep), keep), n: instead('7') },
  keep,
)

function runHeld(place: Place | undefined): readonly string[] {
  const set = makeSet()
  const text =
    '{"choices":[{"delta":{"content":"x 41"},"index":0},{"delta":{"content":"y"},"index":1,"finish_reason":"stop"}],"n":6}'
  const made = { ...plan(set, text), ...(place === undefined ? {} : { held: place }) }
  set.mask({ text, frame: '' }, made)
  return toText(set.end())
}

describe('an event that is made after others', () => {
  it('keeps of them what the protocol says', () => {
    expect(runHeld(shape)).toStrictEqual([
      '{"choices":[{"delta":{"content":"41"},"index":0},{"delta":{"content":""},"index":1,"finish_reason":null}],"n":7}',
    ])
  })

  it('keeps all where the protocol says nothing', () => {
    expect(runHeld(undefined)).toStrictEqual([
      '{"choices":[{"delta":{"content":"41"},"index":0},{"delta":{"content":""},"index":1,"finish_reason":"stop"}],"n":6}',
    ])
  })
})

function watch(text: string, over: (root: Place) => Place = (root) => root): readonly (readonly string[])[] {
  const seen: string[][] = []
  const paths: (() => string)[] = []
  const set = new ChannelSet({
    channel: ({ choice, name }, at) => {
      paths.push(at.path)
      seen.push([choice, name, at.key ?? ''])
      return start()
    },
    other: start,
  })
  const { places, ends } = plan(set, text)
  set.mask({ text, frame: '' }, { places: over(places), ends })
  const later = chunk(7, { content: 'x' })
  set.mask({ text: later, frame: '' }, plan(set, later))
  return seen.map((one, i) => [...one, paths[i]?.() ?? ''])
}

describe('where a text stands', () => {
  it('is where its first piece stood', () => {
    expect(watch(inTwo('a', 'b'))).toStrictEqual([
      ['0', 'content', 'content', '/choices/0/delta/content'],
      ['1', 'content', 'content', '/choices/1/delta/content'],
      ['7', 'content', 'content', '/choices/0/delta/content'],
    ])
  })

  it('is what the protocol says it is', () => {
    const seen: string[] = []
    const set = new ChannelSet({
      channel: (_, { path }) => {
        seen.push(path())
        return start()
      },
      other: start,
    })
    const at = { key: 'k', path: () => '/said' }
    const channel = { choice: '0', name: 'content' }
    const places = fields({ piece: set.piece(channel, at), whole: set.whole(channel, at) }, keep)
    set.mask({ text: '{"piece":"a","whole":"a"}', frame: '' }, { places, ends: 'All' })
    expect(seen).toStrictEqual(['/said', '/said'])
  })
})

const field = (root: Place): Place =>
  overlay(root, [{ segments: ['choices', '0', 'delta', 'content'], start: () => startWhole((text) => `<${text}>`) }])

function runField(events: readonly string[]): readonly string[] {
  const set = makeSet()
  const sent = events.flatMap((text) => {
    const { places, ends } = plan(set, text)
    const { before, text: masked } = set.mask({ text, frame: text }, { places: field(places), ends })
    return [...toText(before), masked]
  })
  return [...sent, ...toText(set.end())]
}

describe('a pointer to a channel', () => {
  it('masks its text as one', () => {
    const sent = runField([chunk(0, { content: '41' }), chunk(0, { content: '11' }), chunk(0, {}, 'stop')])
    expect(sent).toStrictEqual([
      chunk(0, { content: '' }),
      chunk(0, { content: '' }),
      chunk(0, { content: '<4111>' }),
      chunk(0, {}, 'stop'),
    ])
  })

  it('masks its text with the last piece', () => {
    expect(runField([chunk(0, { content: '41' }), chunk(0, { content: '11' }, 'stop')])).toStrictEqual([
      chunk(0, { content: '' }),
      chunk(0, { content: '<4111>' }, 'stop'),
    ])
  })

  it('leaves others', () => {
    expect(runField([inOne('4111', '4111 41'), inTwo('1', '4111')])).toStrictEqual([
      inOne('', '<41114111 41>'),
      inTwo('', '[CARD]'),
      inTwo('<1>', ''),
    ])
  })
})

it('lets nothing through of more channels than there can be', () => {
  const set = makeSet()
  const outcome = [...Array(1_030).keys()].map((i) => {
    const text = chunk(i, { content: 'x' })
    return set.mask({ text, frame: '' }, plan(set, text)).text === text
  })
  expect(outcome.lastIndexOf(true)).toBe(1_023)
  expect(outcome.indexOf(false)).toBe(1_024)
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
