// Where a word may stand in answers of Anthropic's API: every block and channel, and fragments of what tools are called with.
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { askStream, cutsOf, events, messageAround, messageOf, named, overCuts, whole } from './answer-shapes.ts'
import { attack } from './classes.ts'
import { expectAnswerHeld } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, ModelAnswer, World } from './world.ts'
import { forbidden, startWorld } from './world.ts'

const manners = ['Hold', 'Cut'] as const
const worlds = new Map<string, World>()

beforeAll(async () => {
  const calls = `response.toolCalls.exists(c, c.arguments.contains("${forbidden}") || c.name.contains("${forbidden}"))`
  for (const answers of manners) {
    const world = await startWorld({
      claude: { spec: { protocol: 'Anthropic' }, answers, denyAnswer: [calls] },
    })
    worlds.set(answers, world)
  }
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

function each(attempt: Attempt, cases: readonly Case[]): void {
  describe.each(manners)('%s', (manner) => {
    it.each(cases)('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(worldOf(manner), 'claude', { ask: attempt, toAnswer })
    })
  })
}

const plain = ask('Anthropic', 'hi')
const stream = askStream('Anthropic')

const blocks: readonly (readonly [string, (word: string) => Body])[] = [
  ['text', (text) => ({ type: 'text', text })],
  ['a thought', (thinking) => ({ type: 'thinking', thinking, signature: '' })],
  ['a citation', (word) => ({ type: 'text', text: 'a', citations: [{ type: 'char_location', cited_text: word }] })],
  [
    'a title of a search',
    (title) => ({
      type: 'web_search_tool_result',
      tool_use_id: 't',
      content: [{ type: 'web_search_result', title, url: 'u', encrypted_content: '' }],
    }),
  ],
  [
    'output of code',
    (stdout) => ({
      type: 'code_execution_tool_result',
      tool_use_id: 't',
      content: { type: 'code_execution_result', stdout, stderr: '', return_code: 0, content: [] },
    }),
  ],
  ['a block of a type that nobody knows', (word) => ({ type: 'news', news: { deep: [word] } })],
  ['a sealed value that is none', (word) => ({ type: 'redacted_thinking', data: `the ${word}` })],
  ['a key that nobody knows', (word) => ({ type: 'text', text: 'a', [word]: 1 })],
]

attack('channels of an answer', 'Anthropic', () => {
  each(
    plain,
    blocks.map(([title, toBlock]) => [title, (word) => whole(messageOf({ type: 'text', text: 'a' }, toBlock(word)))]),
  )
  each(
    stream,
    blocks.map(([title, toBlock]) => [`${title}, streamed`, (word) => events(...messageAround(toBlock(word), []))]),
  )
  each(stream, [
    [
      'a thought in pieces',
      (word) =>
        events(...messageAround({ type: 'thinking', thinking: '' }, [{ type: 'thinking_delta', thinking: word }])),
    ],
    [
      'a citation in pieces',
      (word) =>
        events(
          ...messageAround({ type: 'text', text: '' }, [
            { type: 'citations_delta', citation: { type: 'char_location', cited_text: word } },
          ]),
        ),
    ],
    [
      'a piece of a kind that nobody knows',
      (word) => events(...messageAround({ type: 'text', text: '' }, [{ type: 'news_delta', news: word }])),
    ],
    [
      'a piece of a block that never began',
      (text) => events(named({ type: 'content_block_delta', index: 9, delta: { type: 'text_delta', text } })),
    ],
    [
      'the message as it begins',
      (text) =>
        events(
          named({ type: 'message_start', message: { type: 'message', content: [{ type: 'text', text }], usage: {} } }),
        ),
    ],
    [
      'after the end',
      (text) =>
        events(
          ...messageAround({ type: 'text', text: 'a' }, []),
          named({ type: 'content_block_start', index: 1, content_block: { type: 'text', text } }),
        ),
    ],
    [
      'a sequence that stopped it',
      (word) =>
        events(
          named({ type: 'message_delta', delta: { stop_reason: 'end_turn', note: word }, usage: { output_tokens: 1 } }),
        ),
    ],
  ])
})

const inCall = (pieces: readonly string[]): readonly string[] =>
  messageAround(
    { type: 'tool_use', id: 't', name: 'f', input: {} },
    pieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
  )
const inThought = (pieces: readonly string[]): readonly string[] =>
  messageAround(
    { type: 'thinking', thinking: '' },
    pieces.map((thinking) => ({ type: 'thinking_delta', thinking })),
  )

attack('text over cuts', 'Anthropic', () => {
  it.each(cutsOf(forbidden).map((_, i) => i))('cut %d of a thought', async (i) => {
    await expectAnswerHeld(
      worldOf('Cut'),
      'claude',
      overCuts('Anthropic', (word) => cutsOf(word)[i] ?? [], inThought),
    )
  })
})

attack('tool calls of an answer', 'Anthropic', () => {
  it.each(cutsOf(forbidden).map((_, i) => i))('cut %d of streamed input', async (i) => {
    await expectAnswerHeld(
      worldOf('Cut'),
      'claude',
      overCuts('Anthropic', (word) => cutsOf(word)[i] ?? [], inCall),
    )
  })

  each(plain, [
    ['input', (word) => whole(messageOf({ type: 'tool_use', id: 't', name: 'f', input: { deep: [word] } }))],
    ['a key of the input', (word) => whole(messageOf({ type: 'tool_use', id: 't', name: 'f', input: { [word]: 1 } }))],
    ['name', (name) => whole(messageOf({ type: 'tool_use', id: 't', name, input: {} }))],
    [
      'a tool of the server',
      (word) => whole(messageOf({ type: 'server_tool_use', id: 't', name: 'web_search', input: { query: word } })),
    ],
  ])
  each(stream, [
    [
      'input that is told when it begins',
      (word) => events(...messageAround({ type: 'tool_use', id: 't', name: 'f', input: { q: word } }, [])),
    ],
  ])
})
