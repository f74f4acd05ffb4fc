// Where a word may stand in answers of Anthropic's API and of MCP servers: every block and channel, fragments of what tools are
// called with, copies of the same in two places, and what a server says on its own account.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { askStream, cutsOf, data, events, messageAround, messageOf, named, overCuts, whole } from './answer-shapes.ts'
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
      tools: { spec: { protocol: 'MCP' }, answers },
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

function each(connection: string, attempt: Attempt, cases: readonly Case[]): void {
  describe.each(manners)('%s', (manner) => {
    it.each(cases)('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(worldOf(manner), connection, { ask: attempt, toAnswer })
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
    'claude',
    plain,
    blocks.map(([title, toBlock]) => [title, (word) => whole(messageOf({ type: 'text', text: 'a' }, toBlock(word)))]),
  )
  each(
    'claude',
    stream,
    blocks.map(([title, toBlock]) => [`${title}, streamed`, (word) => events(...messageAround(toBlock(word), []))]),
  )
  each('claude', stream, [
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

  each('claude', plain, [
    ['input', (word) => whole(messageOf({ type: 'tool_use', id: 't', name: 'f', input: { deep: [word] } }))],
    ['a key of the input', (word) => whole(messageOf({ type: 'tool_use', id: 't', name: 'f', input: { [word]: 1 } }))],
    ['name', (name) => whole(messageOf({ type: 'tool_use', id: 't', name, input: {} }))],
    [
      'a tool of the server',
      (word) => whole(messageOf({ type: 'server_tool_use', id: 't', name: 'web_search', input: { query: word } })),
    ],
  ])
  each('claude', stream, [
    [
      'input that is told when it begins',
      (word) => events(...messageAround({ type: 'tool_use', id: 't', name: 'f', input: { q: word } }, [])),
    ],
  ])
})

const tools = ask('MCP', 'hi')
const listen: Attempt = {
  method: 'GET',
  path: '/mcp',
  headers: { accept: 'text/event-stream', 'content-type': undefined },
}
const result = (one: Body): Body => ({ jsonrpc: '2.0', id: 1, result: one })
const content = (one: Body): Body => result({ content: [one] })
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const long = 'all that is known about it is this: '

const said: readonly (readonly [string, (word: string) => Body])[] = [
  ['text', (text) => content({ type: 'text', text })],
  [
    'the second content',
    (text) =>
      result({
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text },
        ],
      }),
  ],
  ['a resource', (text) => content({ type: 'resource', resource: { uri: 'a:b', text } })],
  [
    'a resource in base64',
    (word) => content({ type: 'resource', resource: { uri: 'a:b', blob: base64(`the ${word}`) } }),
  ],
  [
    'a large resource in base64',
    (word) => result({ contents: [{ uri: 'a:b', mimeType: 'text/plain', blob: base64(`${long}${long}${word}`) }] }),
  ],
  [
    'text that calls itself an image',
    (word) => content({ type: 'image', mimeType: 'image/png', data: base64(`${long}${long}${word}`) }),
  ],
  ['a link', (word) => content({ type: 'resource_link', uri: `a:${word}`, name: 'a' })],
  ['a value', (word) => result({ content: [], structuredContent: { deep: [word] } })],
  [
    'description of a tool',
    (description) => result({ tools: [{ name: 'f', description, inputSchema: { type: 'object' } }] }),
  ],
  [
    'description of a parameter',
    (description) =>
      result({ tools: [{ name: 'f', inputSchema: { type: 'object', properties: { q: { description } } } }] }),
  ],
  ['name of a tool', (name) => result({ tools: [{ name, inputSchema: { type: 'object' } }] })],
  ['instructions', (instructions) => result({ protocolVersion: '2025-06-18', capabilities: {}, instructions })],
  ['a prompt', (text) => result({ messages: [{ role: 'user', content: { type: 'text', text } }] })],
  ['an error', (message) => ({ jsonrpc: '2.0', id: 1, error: { code: -1, message } })],
  ['data of an error', (word) => ({ jsonrpc: '2.0', id: 1, error: { code: -1, message: '', data: [word] } })],
  ['what comes along', (word) => result({ _meta: { note: word } })],
  [
    'what it asks of a person',
    (message) => ({ jsonrpc: '2.0', id: 9, method: 'elicitation/create', params: { message, requestedSchema: {} } }),
  ],
  [
    'what it asks of a model',
    (systemPrompt) => ({
      jsonrpc: '2.0',
      id: 9,
      method: 'sampling/createMessage',
      params: { messages: [], systemPrompt },
    }),
  ],
  [
    'a line of its log',
    (word) => ({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: word } }),
  ],
  [
    'progress',
    (message) => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 1, progress: 1, message },
    }),
  ],
  ['a method of its own', (word) => ({ jsonrpc: '2.0', method: 'news', params: { deep: [word] } })],
]

attack('channels of an answer', 'MCP', () => {
  each(
    'tools',
    tools,
    said.map(([title, toMessage]) => [title, (word) => whole(toMessage(word))]),
  )
  each(
    'tools',
    tools,
    said.map(([title, toMessage]) => [`${title}, streamed`, (word) => events(data(toMessage(word)))]),
  )
  each('tools', tools, [
    ['a batch', (word) => whole([content({ type: 'text', text: 'a' }), content({ type: 'text', text: word })])],
  ])

  it.each(said)('%s, on its own account', async (_title, toMessage) => {
    await expectAnswerHeld(worldOf('Cut'), 'tools', { ask: listen, toAnswer: (word) => events(data(toMessage(word))) })
  })
})

attack('tool calls of an answer', 'MCP', () => {
  each('tools', tools, [
    [
      'a call that a model of the client should make',
      (word) =>
        whole({
          jsonrpc: '2.0',
          id: 9,
          method: 'sampling/createMessage',
          params: { messages: [{ role: 'assistant', content: { type: 'tool_use', name: 'f', input: { q: word } } }] },
        }),
    ],
  ])
})

attack('text told twice', 'MCP', () => {
  each('tools', tools, [
    [
      'a value and its JSON',
      (word) =>
        whole(
          result({ content: [{ type: 'text', text: JSON.stringify({ q: word }) }], structuredContent: { q: word } }),
        ),
    ],
    [
      'a value and another JSON',
      (word) => whole(result({ content: [{ type: 'text', text: '{"q":"a"}' }], structuredContent: { q: word } })),
    ],
    [
      'a value and its JSON with escapes',
      (word) =>
        whole(
          result({
            content: [{ type: 'text', text: `{"q":"\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}"}` }],
            structuredContent: { q: word },
          }),
        ),
    ],
  ])
})

attack('text over cuts', 'MCP', () => {
  it.each(manners)('every cut of the bytes at once, %s', async (manner) => {
    await expectAnswerHeld(worldOf(manner), 'tools', {
      ask: tools,
      toAnswer: (word) => events(...`: hi\n\nid: 1\n${data(content({ type: 'text', text: word }))}`.split('')),
    })
  })
})

attack('unknown events', 'MCP', () => {
  it.each<[string, (word: string) => string]>([
    ['a name of its own', (word) => `event: news\n${data({ text: word })}`],
    ['a string', (word) => data(word)],
    ['a list', (word) => data([word])],
    ['a field that nobody knows', (word) => `note: ${word}\n\n`],
    ['a name that speaks', (word) => `event: see the ${word}\n${data({})}`],
  ])('%s', async (_title, toEvent) => {
    await expectAnswerHeld(worldOf('Cut'), 'tools', { ask: tools, toAnswer: (word) => events(toEvent(word)) })
  })
})

attack('after a refusal', 'MCP', () => {
  it('the error of the request is the last message', async () => {
    const world = worldOf('Cut')
    world.answer = events(
      data(content({ type: 'text', text: forbidden })),
      data(content({ type: 'text', text: 'after' })),
    )
    const { body } = await world.send('tools', tools)
    const last = body.toString().trimEnd().split('\n\n').at(-1) ?? ''
    expect(JSON.parse(last.slice(last.indexOf('{')))).toMatchObject({ id: 1, error: { code: -32_010 } })
    expect(body.toString()).not.toContain('after')
  })
})
