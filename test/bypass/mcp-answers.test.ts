// Where a word may stand in what MCP servers say: every kind of content, copies of the same in two places, and what a server says on
// its own account.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { data, events, whole } from './answer-shapes.ts'
import { attack } from './classes.ts'
import { expectAnswerHeld } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, ModelAnswer, World } from './world.ts'
import { forbidden, startWorld } from './world.ts'

const manners = ['Hold', 'Cut'] as const
const worlds = new Map<string, World>()

beforeAll(async () => {
  for (const answers of manners) {
    const world = await startWorld({
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

function each(attempt: Attempt, cases: readonly Case[]): void {
  describe.each(manners)('%s', (manner) => {
    it.each(cases)('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(worldOf(manner), 'tools', { ask: attempt, toAnswer })
    })
  })
}

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
    tools,
    said.map(([title, toMessage]) => [title, (word) => whole(toMessage(word))]),
  )
  each(
    tools,
    said.map(([title, toMessage]) => [`${title}, streamed`, (word) => events(data(toMessage(word)))]),
  )
  each(tools, [
    ['a batch', (word) => whole([content({ type: 'text', text: 'a' }), content({ type: 'text', text: word })])],
  ])

  it.each(said)('%s, on its own account', async (_title, toMessage) => {
    await expectAnswerHeld(worldOf('Cut'), 'tools', { ask: listen, toAnswer: (word) => events(data(toMessage(word))) })
  })
})

attack('tool calls of an answer', 'MCP', () => {
  each(tools, [
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
  each(tools, [
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
