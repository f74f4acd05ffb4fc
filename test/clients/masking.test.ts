// Clients of models whose requests and answers are masked: none of them may notice more than other text. Streams are valid, what is told
// twice agrees, and arguments of tools are JSON; where pseudonyms stand for data, a client works with the data as if there were none.
import Anthropic from '@anthropic-ai/sdk'
import { createOpenAI } from '@ai-sdk/openai'
import { ChatOpenAI } from '@langchain/openai'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { isStepCount, jsonSchema, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { Json } from '../../policy/model.ts'
import { chatDone, chunk, data, events, messageAround, named, whole } from '../bypass/answer-shapes.ts'
import type { ModelAnswer, Reached, World, WorldConnection } from '../bypass/world.ts'
import { startWorld } from '../bypass/world.ts'
import { allowAll } from '../helpers/make.ts'

const dataClasses = [{ name: 'PII', detectors: ['email', 'card', 'card-plain'] }]
const redact = { name: 'pii', class: 'PII', action: 'Redact' } as const
const pseudonyms = { ...redact, action: 'Pseudonymize', restore: 'Response' } as const

const masked = (
  masking: NonNullable<InferencePolicySpec['masking']>,
  protocol: 'OpenAI' | 'Anthropic' | 'MCP' = 'OpenAI',
): WorldConnection => ({ spec: { protocol }, policy: { rules: [allowAll], dataClasses, masking } })

let world: World
beforeAll(async () => {
  world = await startWorld({
    chat: masked({ request: [redact], response: [redact] }),
    claude: masked({ request: [redact], response: [redact] }, 'Anthropic'),
    tools: masked({ request: [redact], response: [redact] }, 'MCP'),
    'chat-known': masked({ request: [pseudonyms] }),
    'claude-known': masked({ request: [pseudonyms] }, 'Anthropic'),
  })
  world.gateway.gateway.tenantKeys.set(new Map([['team-a', new Uint8Array(32).fill(7)]]))
})
afterAll(async () => world[Symbol.asyncDispose]())

const addressOf = (connection: string): string => `${world.gateway.origin}/team-a/${connection}`
const toOpenAI = (connection: string): OpenAI =>
  new OpenAI({ baseURL: `${addressOf(connection)}/v1`, apiKey: world.gateway.token, maxRetries: 0 })
const toAnthropic = (connection: string): Anthropic =>
  new Anthropic({ baseURL: addressOf(connection), apiKey: world.gateway.token, maxRetries: 0 })
const toAISDK = (connection: string) =>
  createOpenAI({ baseURL: `${addressOf(connection)}/v1`, apiKey: world.gateway.token })
const toLangChain = (connection: string): ChatOpenAI =>
  new ChatOpenAI({
    model: 'm',
    apiKey: world.gateway.token,
    maxRetries: 0,
    configuration: { baseURL: `${addressOf(connection)}/v1` },
  })

/** Bodies that the model gets from now on, which answers each by what stands in it. */
function answerBy(toAnswer: (body: string, call: Reached) => ModelAnswer): readonly string[] {
  const seen: string[] = []
  world.onCall = async (call) => {
    seen.push(call.body.toString())
    world.answer = toAnswer(call.body.toString(), call)
  }
  return seen
}

const token = /PII(?:-[B-DF-HJ-NP-TV-XZ]{4}){5}/u
const tokenIn = (body: string): string => token.exec(body)?.[0] ?? 'none'

const inPieces = (text: string, size = 3): readonly string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size))

const user = (content: string) => ({ model: 'm', messages: [{ role: 'user' as const, content }] })
const input = JSON.stringify({ to: 'ann@example.com', card: 4111111111111111, note: 'say "hi"\n' })
const maskedInput = { to: '[PII]', card: '[PII]', note: 'say "hi"\n' }
const text = 'I write to ann@example.com now, and pay with 4111 1111 1111 1111'
const maskedText = 'I write to [PII] now, and pay with [PII]'

const say = (pieces: readonly string[], index = 0): readonly string[] =>
  pieces.map((content) => chunk({ role: 'assistant', content }, index))
const finish = (reason: string, index = 0): string => chunk({}, index, { finish_reason: reason })
const call = (name: string, index: number, args: string): readonly string[] => [
  chunk({
    role: 'assistant',
    tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }],
  }),
  ...inPieces(args).map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
]
/** One of each in turn. */
const zip = (one: readonly string[], other: readonly string[]): readonly string[] =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, i) => [one[i], other[i]]).flatMap((pair) =>
    pair.filter((piece) => piece !== undefined),
  )

describe('The OpenAI SDK', () => {
  it('reads a masked stream of two choices, each as its whole', async () => {
    answerBy(() =>
      events(...zip(say(inPieces(text, 2)), say(inPieces(text, 5), 1)), finish('stop'), finish('stop', 1), chatDone),
    )
    const stream = toOpenAI('chat').chat.completions.stream({ ...user('hi'), n: 2 })
    const pieces = ['', '']
    for await (const { choices } of stream) {
      for (const { index, delta } of choices) pieces[index] += delta.content ?? ''
    }
    expect(pieces).toEqual([maskedText, maskedText])
    const { choices } = await stream.finalChatCompletion()
    expect(choices.map(({ message, finish_reason: why }) => [message.content, why])).toEqual([
      [maskedText, 'stop'],
      [maskedText, 'stop'],
    ])
  })

  it('gets arguments of two tools that are JSON still', async () => {
    answerBy(() => events(...zip(call('a', 0, input), call('b', 1, input)), finish('tool_calls'), chatDone))
    const stream = toOpenAI('chat').chat.completions.stream(user('hi'))
    const { choices } = await stream.finalChatCompletion()
    const calls = choices[0]?.message.tool_calls?.flatMap((one) => (one.type === 'function' ? [one.function] : []))
    expect(calls?.map(({ name, arguments: args }): unknown => [name, JSON.parse(args)])).toEqual([
      ['a', maskedInput],
      ['b', maskedInput],
    ])
  })

  it('is told the same by deltas, by the end of a text and by the response', async () => {
    const at = { item_id: 'i', output_index: 0, content_index: 0 }
    const part = { type: 'output_text', text, annotations: [] }
    const item = { type: 'message', id: 'i', role: 'assistant', status: 'completed', content: [part] }
    const response = { id: 'r', object: 'response', created_at: 1, model: 'm', status: 'completed', output: [item] }
    const said: readonly { readonly type: string; readonly [key: string]: Json }[] = [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...inPieces(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
      { type: 'response.output_text.done', ...at, text },
      { type: 'response.content_part.done', ...at, part },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response },
    ]
    answerBy(() => events(...said.map((event, sequence_number) => named({ ...event, sequence_number }))))
    const stream = toOpenAI('chat').responses.stream({ model: 'm', input: 'hi' })
    const told = { deltas: '', done: '' }
    stream.on('response.output_text.delta', ({ delta }) => (told.deltas += delta))
    stream.on('response.output_text.done', (event) => (told.done += event.text))
    const final = await stream.finalResponse()
    expect({ ...told, final: final.output_text }).toEqual({ deltas: maskedText, done: maskedText, final: maskedText })
  })

  it('reads a masked stream of completions', async () => {
    answerBy(() =>
      events(
        ...inPieces(text).map((piece) =>
          data({
            id: 'c',
            object: 'text_completion',
            created: 1,
            model: 'm',
            choices: [{ index: 0, text: piece, finish_reason: null }],
          }),
        ),
        chatDone,
      ),
    )
    const stream = await toOpenAI('chat').completions.create({ model: 'm', prompt: 'hi', stream: true })
    let said = ''
    for await (const { choices } of stream) said += choices[0]?.text ?? ''
    expect(said).toBe(maskedText)
  })

  it('runs a tool with data that the model never sees', async () => {
    const seen = answerBy((body) =>
      body.includes('"role":"tool"')
        ? events(...say(inPieces(`Sent to ${tokenIn(body)}.`)), finish('stop'), chatDone)
        : events(...call('send', 0, JSON.stringify({ to: tokenIn(body) })), finish('tool_calls'), chatDone),
    )
    const sent: unknown[] = []
    const send = (args: { to: string }): string => {
      sent.push(args)
      return `sent to ${args.to}`
    }
    const parameters = { type: 'object', properties: {} }
    const runner = toOpenAI('chat-known').chat.completions.runTools({
      ...user('Write to ann@example.com'),
      stream: true,
      tools: [
        {
          type: 'function',
          function: { name: 'send', description: 'Sends.', parameters, parse: JSON.parse, function: send },
        },
      ],
    })
    expect(await runner.finalContent()).toBe('Sent to ann@example.com.')
    expect(sent).toEqual([{ to: 'ann@example.com' }])
    expect(seen).toHaveLength(2)
    expect(seen.join('')).not.toContain('ann@example.com')
    expect(new Set(seen.map(tokenIn))).toEqual(new Set([tokenIn(seen[0] ?? '')]))
  })
})

describe("Anthropic's SDK", () => {
  it('reads a masked stream of a text and a tool as the message that it ends in', async () => {
    const said = messageAround(
      { type: 'text', text: '' },
      inPieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
    )
    const toolUse = messageAround(
      { type: 'tool_use', id: 'toolu_1', name: 'pay', input: {} },
      inPieces(input).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
    ).map((event) => event.replaceAll('"index":0', '"index":1'))
    answerBy(() => events(...said.slice(0, -2), ...toolUse.slice(1)))
    const stream = toAnthropic('claude').messages.stream({ ...user('hi'), max_tokens: 99 })
    const told = { text: '', input: '' }
    stream.on('text', (piece) => (told.text += piece))
    stream.on('inputJson', (piece) => (told.input += piece))
    const { content } = await stream.finalMessage()
    expect(content).toMatchObject([{ text: maskedText }, { name: 'pay', input: maskedInput }])
    expect(told.text).toBe(maskedText)
    expect(JSON.parse(told.input)).toEqual(maskedInput)
  })

  it('gets the input of a tool with data that the model never sees, and gives its result', async () => {
    const seen = answerBy((body) =>
      events(
        ...(body.includes('tool_result')
          ? messageAround({ type: 'text', text: '' }, [{ type: 'text_delta', text: `Sent to ${tokenIn(body)}.` }])
          : messageAround(
              { type: 'tool_use', id: 'toolu_1', name: 'send', input: {} },
              inPieces(JSON.stringify({ to: tokenIn(body) })).map((partial_json) => ({
                type: 'input_json_delta',
                partial_json,
              })),
            )),
      ),
    )
    const client = toAnthropic('claude-known')
    const asked = {
      model: 'm',
      max_tokens: 99,
      messages: [{ role: 'user' as const, content: 'Write to ann@example.com' }],
    }
    const first = await client.messages.stream(asked).finalMessage()
    expect(first.content).toMatchObject([{ input: { to: 'ann@example.com' } }])
    const result = { type: 'tool_result' as const, tool_use_id: 'toolu_1', content: 'sent to ann@example.com' }
    const turns = [...asked.messages, { role: 'assistant' as const, content: first.content }]
    const last = await client.messages
      .stream({ ...asked, messages: [...turns, { role: 'user', content: [result] }] })
      .finalText()
    expect(last).toBe('Sent to ann@example.com.')
    expect(seen.join('')).not.toContain('ann@example.com')
  })
})

describe('The AI SDK', () => {
  it('runs a tool with data that the model never sees', async () => {
    const seen = answerBy((body) =>
      body.includes('"role":"tool"')
        ? events(...say(inPieces(`Sent to ${tokenIn(body)}.`)), finish('stop'), chatDone)
        : events(...call('send', 0, JSON.stringify({ to: tokenIn(body) })), finish('tool_calls'), chatDone),
    )
    const send = tool({
      description: 'Sends.',
      inputSchema: jsonSchema<{ to: string }>({ type: 'object', properties: { to: { type: 'string' } } }),
      execute: ({ to }) => `sent to ${to}`,
    })
    const { steps, text: said } = streamText({
      model: toAISDK('chat-known').chat('m'),
      prompt: 'Write to ann@example.com',
      tools: { send },
      stopWhen: isStepCount(3),
      maxRetries: 0,
    })
    expect(await said).toBe('Sent to ann@example.com.')
    expect((await steps)[0]?.toolResults).toMatchObject([
      { input: { to: 'ann@example.com' }, output: 'sent to ann@example.com' },
    ])
    expect(seen.join('')).not.toContain('ann@example.com')
  })
})

describe('LangChain', () => {
  it('reads a masked stream', async () => {
    const seen = answerBy(() => events(...say(inPieces(text)), finish('stop'), chatDone))
    let said = ''
    for await (const piece of await toLangChain('chat').stream(text)) said += piece.text
    expect(said).toBe(maskedText)
    expect(seen.join('')).toContain(maskedText)
  })
})

const toResult = (method: string): { readonly [key: string]: Json } => {
  if (method === 'tools/call') {
    const structuredContent = { rows: [{ card: '4111 1111 1111 1111' }] }
    return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent }
  }
  return { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'bank', version: '1' } }
}

describe('The SDK of MCP', () => {
  it.each(['whole', 'streamed'])('calls a tool and reads its result, %s, both masked', async (form) => {
    const seen = answerBy((body, { method }) => {
      if (method !== 'POST') return { status: 405, pieces: [''] }
      const asked: { id?: number; method: string } = JSON.parse(body)
      if (asked.id === undefined) return { status: 202, pieces: [''] }
      const message = { jsonrpc: '2.0', id: asked.id, result: toResult(asked.method) }
      return form === 'whole' ? whole(message) : events(data(message))
    })
    const client = new Client({ name: 'test', version: '1.0.0' })
    const transport = new StreamableHTTPClientTransport(new URL(`${addressOf('tools')}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${world.gateway.token}` } },
    })
    await client.connect(transport)
    const { content, structuredContent } = await client.callTool({ name: 'find', arguments: { of: 'ann@example.com' } })
    await client.close()
    expect(structuredContent).toEqual({ rows: [{ card: '[PII]' }] })
    expect(content).toEqual([{ type: 'text', text: JSON.stringify(structuredContent) }])
    expect(seen.find((body) => body.includes('tools/call'))).toContain('"arguments":{"of":"[PII]"}')
  })
})
