// Where a word may stand in OpenAI's answers: every choice, every channel, and tool calls in fragments.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { askStream, chatDone, chunk, completion, cutsOf, data, events, overCuts, whole } from './answer-shapes.ts'
import { attack } from './classes.ts'
import { expectAnswerHeld } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, ModelAnswer, World } from './world.ts'
import { forbidden, startWorld } from './world.ts'

const manners = ['Hold', 'Cut'] as const
const worlds = new Map<string, World>()

beforeAll(async () => {
  const denyAnswer = [
    `response.toolCalls.exists(c, c.arguments.contains("${forbidden}") || c.name.contains("${forbidden}"))`,
  ]
  for (const answers of manners) worlds.set(answers, await startWorld({ chat: { answers, denyAnswer } }))
})

afterAll(async () => {
  for (const world of worlds.values()) await world[Symbol.asyncDispose]()
})

const worldOf = (manner: string): World => {
  const world = worlds.get(manner)
  if (world === undefined) throw new Error('not started')
  return world
}

type Body = { readonly [key: string]: Json }
type Case = readonly [title: string, toAnswer: (word: string) => ModelAnswer]

const plain = ask('OpenAI', 'hi')
const stream = askStream('OpenAI')

function each(attempt: Attempt, cases: readonly Case[]): void {
  describe.each(manners)('%s', (manner) => {
    it.each(cases)('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(worldOf(manner), 'chat', { ask: attempt, toAnswer })
    })
  })
}

const four = (word: string, at: number): readonly Body[] =>
  Array.from({ length: 4 }, (_, i) => ({ content: i === at ? word : 'fine' }))

const interleaved = (pieces: readonly string[]): readonly string[] =>
  pieces.flatMap((content) => [0, 1, 2, 3].map((index) => chunk({ content: index === 2 ? content : 'x' }, index)))

attack('choices of an answer', 'OpenAI', () => {
  each(
    plain,
    [0, 1, 2, 3].map((at) => [`choice ${at} of four`, (word) => whole(completion(four(word, at)))]),
  )
  each(
    stream,
    [0, 1, 2, 3].map((at) => [
      `choice ${at} of four, their events interleaved`,
      (word) => events(...four(word, at).map(({ content = '' }, i) => chunk({ content }, i)), chatDone),
    ]),
  )
  each(stream, [
    [
      'a choice with a number of its own',
      (word) => events(chunk({ content: 'a' }), chunk({ content: word }, 7), chatDone),
    ],
    [
      'two choices in one event',
      (word) =>
        events(
          data({
            choices: [
              { index: 0, delta: { content: 'a' } },
              { index: 1, delta: { content: word } },
            ],
          }),
          chatDone,
        ),
    ],
    [
      'after the end of the choice',
      (word) => events(chunk({ content: 'a' }, 0, { finish_reason: 'stop' }), chunk({ content: word }), chatDone),
    ],
  ])

  it.each(cutsOf(forbidden).map((_, i) => i))('cut %d of choice 2 between events of the others', async (i) => {
    const asked = overCuts('OpenAI', (word) => cutsOf(word)[i] ?? [], interleaved)
    await expectAnswerHeld(worldOf('Cut'), 'chat', asked)
  })
})

const channels: readonly (readonly [string, (word: string) => Body])[] = [
  ['content', (content) => ({ content })],
  [
    'content in parts',
    (text) => ({
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text },
      ],
    }),
  ],
  ['a refusal', (refusal) => ({ content: null, refusal })],
  ['reasoning_content', (word) => ({ content: 'a', reasoning_content: word })],
  ['reasoning', (reasoning) => ({ content: 'a', reasoning })],
  ['reasoning_details', (text) => ({ reasoning_details: [{ type: 'reasoning.text', text }] })],
  ['thinking within the content', (text) => ({ content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] })],
  ['a transcript', (transcript) => ({ audio: { id: 'a', data: '', transcript } })],
  [
    'a citation',
    (title) => ({ content: 'a', annotations: [{ type: 'url_citation', url_citation: { title, url: 'u' } }] }),
  ],
  ['a field of a vendor', (word) => ({ content: 'a', vendor: { notes: [word] } })],
]

attack('channels of an answer', 'OpenAI', () => {
  each(
    plain,
    channels.map(([title, toMessage]) => [title, (word) => whole(completion([toMessage(word)]))]),
  )
  each(
    stream,
    channels.map(([title, toDelta]) => [`${title}, streamed`, (word) => events(chunk(toDelta(word)), chatDone)]),
  )
  each(plain, [
    [
      'tokens beside the text',
      (word) =>
        whole({
          choices: [{ index: 0, message: { content: 'a' }, logprobs: { content: [{ token: word, logprob: 0 }] } }],
        }),
    ],
    [
      'tokens that were not chosen',
      (word) =>
        whole({
          choices: [
            {
              index: 0,
              message: { content: 'a' },
              logprobs: { content: [{ token: 'a', logprob: 0, top_logprobs: [{ token: word, logprob: -1 }] }] },
            },
          ],
        }),
    ],
    [
      'tokens of an older answer',
      (word) =>
        whole({ choices: [{ index: 0, text: 'a', logprobs: { tokens: ['a'], top_logprobs: [{ [word]: -1 }] } }] }),
    ],
    [
      'tokens of the prompt',
      (word) => whole({ ...completion([{ content: 'a' }]), prompt_logprobs: [{ 1: { decoded_token: word } }] }),
    ],
    ['a field beside the choices', (word) => whole({ ...completion([{ content: 'a' }]), citations: [word] })],
    ['a reason to stop', (word) => whole({ choices: [{ index: 0, message: { content: 'a' }, stop_reason: word }] })],
    ['an error beside the choices', (word) => whole({ choices: [], error: { message: word } })],
  ])
  each({ path: '/v1/completions', body: '{"model":"m","prompt":"a"}' }, [
    [
      'a completion',
      (text) =>
        whole({
          object: 'text_completion',
          choices: [
            { index: 0, text: 'a' },
            { index: 1, text },
          ],
        }),
    ],
  ])
  each({ path: '/v1/embeddings', body: '{"model":"m","input":"a"}' }, [
    ['a field beside vectors', (word) => whole({ data: [{ index: 0, embedding: [0.1], note: word }] })],
  ])
})

const call = (fn: Body, index = 0): string =>
  chunk({ tool_calls: [{ index, id: `c${index}`, type: 'function', function: fn }] })
const inCall = (pieces: readonly string[]): readonly string[] => [
  call({ name: 'f', arguments: '' }),
  ...pieces.map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
  chatDone,
]

attack('after a refusal', 'OpenAI', () => {
  it('nothing comes after the end of the stream', async () => {
    const world = worldOf('Cut')
    world.answer = events(chunk({ content: 'a' }), chatDone, chunk({ content: forbidden }))
    const { body, text } = await world.send('chat', stream)
    expect(body.toString()).toBe(`${chunk({ content: 'a' })}${chatDone}`)
    expect(text).not.toContain(forbidden)
  })
})

attack('tool calls of an answer', 'OpenAI', () => {
  it.each(cutsOf(forbidden).map((_, i) => i))('cut %d of streamed arguments', async (i) => {
    const asked = overCuts('OpenAI', (word) => cutsOf(word)[i] ?? [], inCall)
    await expectAnswerHeld(worldOf('Cut'), 'chat', asked)
  })

  each(stream, [
    [
      'the second of two calls',
      (word) =>
        events(call({ name: 'f', arguments: '{}' }), call({ name: 'g', arguments: `{"q":"${word}"}` }, 1), chatDone),
    ],
    ['name of a call', (word) => events(call({ name: word, arguments: '{}' }), chatDone)],
    ['an older call', (word) => events(chunk({ function_call: { name: 'f', arguments: word } }), chatDone)],
  ])
  each(plain, [
    [
      'arguments',
      (word) =>
        whole(completion([{ tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: word } }] }])),
    ],
    [
      'arguments as a value',
      (word) =>
        whole(
          completion([
            { tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: { q: word } } }] },
          ]),
        ),
    ],
    [
      'input of a custom tool',
      (word) => whole(completion([{ tool_calls: [{ id: '1', type: 'custom', custom: { name: 'f', input: word } }] }])),
    ],
    [
      'an unknown field of a call',
      (word) =>
        whole(
          completion([
            { tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' }, note: word }] },
          ]),
        ),
    ],
  ])
})

const thoughts = (pieces: readonly string[]): readonly string[] =>
  pieces.flatMap((piece) => [chunk({ reasoning_content: piece }), chunk({ content: 'x' })])

attack('text over cuts', 'OpenAI', () => {
  it.each(cutsOf(forbidden).map((_, i) => i))('cut %d of thoughts between words', async (i) => {
    const asked = overCuts('OpenAI', (word) => cutsOf(word)[i] ?? [], thoughts)
    await expectAnswerHeld(worldOf('Cut'), 'chat', asked)
  })
})
