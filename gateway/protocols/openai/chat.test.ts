import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import { GatewayError } from '../../errors.ts'
import { readJsonObject } from '../json/fields.ts'
import { withModel } from '../json/model-name.ts'
import { Protocols } from '../find.ts'
import type { RequestPlan } from '../protocol.ts'
import { readChat } from './chat.ts'

const readText = (text: string): ReturnType<typeof readChat> => readChat(readJsonObject(Buffer.from(text)).body)
const readBody = (body: object): ReturnType<typeof readChat> => readText(JSON.stringify(body))
const user = { role: 'user', content: 'hi' }

function outcomeOf(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof GatewayError ? error.code : 'crashed'
  }
}

describe('facts of a chat completion', () => {
  it('gathers every text that a model would read', () => {
    const facts = readBody({
      model: 'm',
      messages: [
        { role: 'system', content: 'be kind' },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'x' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          refusal: 'no',
          tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        },
        { role: 'assistant', function_call: { name: 'old', arguments: '{}' } },
        { role: 'assistant', tool_calls: [{ id: '2', type: 'custom', custom: { name: 'c', input: 'free text' } }] },
        { role: 'tool', tool_call_id: '1', content: 'result' },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'does' } }],
      functions: [{ name: 'old' }],
      temperature: 1,
    })
    expect(facts).toMatchObject({
      operation: 'chat.completions',
      model: 'm',
      stream: false,
      prompt: 'be kind\nlook\n\nno\n\n\nresult\nann\nf\n{"a":1}\nold\n{}\nc\nfree text\nf\ndoes\nold',
      toolCalls: [
        { id: '1', name: 'f', arguments: '{"a":1}' },
        { id: '', name: 'old', arguments: '{}' },
        { id: '2', name: 'c', arguments: 'free text' },
      ],
      tools: [
        { type: 'function', name: 'f', description: 'does' },
        { type: 'function', name: 'old', description: '' },
      ],
      parameters: { temperature: 1 },
      maxTokens: 0,
    })
    expect(facts.messages?.[1]).toEqual({ role: 'user', name: 'ann', content: 'look\n' })
  })

  it.each([
    ['a message', { messages: [{ ...user, reasoning_content: 'hidden' }] }],
    ['a list in a message', { messages: [{ ...user, annotations: [{ url_citation: { title: 'hidden' } }] }] }],
    ['a key in a message', { messages: [{ ...user, context: { hidden: 1 } }] }],
    ['a part', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', note: 'hidden' }] }] }],
    ['a picture', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {}, text: 'hidden' }] }] }],
    ['documents', { documents: [{ title: 'a', text: 'hidden' }] }],
    ['a prediction', { prediction: { type: 'content', content: 'hidden' } }],
    ['a template', { chat_template: '{{ hidden }}' }],
  ])('finds text in %s that no list knows', (_title, change) => {
    expect(readBody({ model: 'm', messages: [user], ...change }).prompt).toContain('hidden')
  })

  it('shows what a vendor’s tool or call says', () => {
    const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{}', note: 'hidden' }, extra: 'too' }
    const facts = readBody({
      model: 'm',
      messages: [{ role: 'assistant', tool_calls: [call] }],
      tools: [{ type: 'web_search', web_search: { context: 'hidden' } }, { type: 'constructor' }],
    })
    expect(facts.tools).toEqual([
      { type: 'web_search', name: '', description: 'context\nhidden' },
      { type: 'constructor', name: '', description: '' },
    ])
    expect(facts.toolCalls?.[0]?.arguments).toBe('{}\ntoo\nhidden')
  })

  it('takes names that every object inherits for nothing but names', () => {
    const text = '{"model":"m","messages":[{"role":"user","content":"hi"}],"__proto__":{"tools":1},"constructor":"x"}'
    const facts = readText(text)
    expect(facts.tools).toEqual([])
    expect(Object.keys(facts.parameters ?? {})).toEqual(['__proto__', 'constructor'])
    expect(({} as { tools?: unknown }).tools).toBeUndefined()
  })

  it('takes the larger of both token limits', () => {
    expect(readBody({ model: 'm', messages: [user], max_tokens: 5, max_completion_tokens: 9 }).maxTokens).toBe(9)
  })

  it.each([
    ['a negative limit', { max_tokens: -1 }],
    ['a fraction of a token', { max_completion_tokens: 1.5 }],
    ['tools that are no list', { tools: {} }],
    ['an empty conversation', { messages: [] }],
    ['a name that is no string', { messages: [{ ...user, name: 3 }] }],
    ['a function without its declaration', { tools: [{ type: 'function', name: 'f' }] }],
    ['a function without a name', { tools: [{ type: 'function', function: { description: 'x' } }] }],
    [
      'a tool call of a type that every object inherits',
      { messages: [{ ...user, tool_calls: [{ type: '__proto__' }] }] },
    ],
    ['a legacy call that is no object', { messages: [{ ...user, function_call: 'f' }] }],
    ['a known key in capitals', { Tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['a known key beside itself', { Model: 'n' }],
    ['a known key with a letter that folds', { 'me\u017f\u017fages': [user] }],
    ['a known key with a Kelvin sign', { 'max_to\u212aens': 9 }],
    ['a known key that ends at a NUL', { 'tools\0x': [] }],
    ['more keys than anybody has parameters', Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`k${i}`, 1]))],
    ['two unknown keys that are one', { vendor_a: 1, Vendor_A: 2 }],
    ['a content in capitals', { messages: [{ ...user, Content: 'hidden' }] }],
    ['a text in capitals', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', Text: 'hidden' }] }] }],
    ['a name of a tool in capitals', { tools: [{ type: 'function', function: { name: 'f', Name: 'g' } }] }],
  ])('[RQ2] refuses %s', (_title, change) => {
    expect(() => readBody({ model: 'm', messages: [user], ...change })).toThrow(
      expect.objectContaining({ code: 'body_malformed' }),
    )
  })

  it('[RQ2] throws nothing but refusals, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const body = JSON.stringify({ model: 'm', messages: value })
        expect(['read', 'body_malformed']).toContain(outcomeOf(() => readText(body)))
      }),
    )
  })
})

describe('what goes on', () => {
  it('[RQ3] replaces the model and no other byte', () => {
    const text = '{ "n":1.0,"x":12345678901234567890 ,"model" : "small", "messages":[{"model":"small"}]}'
    expect(withModel(text, 'vendor/"big"')).toBe(text.replace('"model" : "small"', '"model" : "vendor/\\"big\\""'))
  })

  it('goes to one path, and only POST', () => {
    const [connection] = makeSnapshot(makeBundle({ connections: [makeConnection()] })).connections.values()
    if (connection === undefined) throw new Error('the connection did not compile')
    const protocol = new Protocols().of(connection)
    const plan = (method: string, path: string): RequestPlan =>
      protocol.plan({ method, path, query: '', headers: { 'content-type': 'application/json' } })
    const body = Buffer.from(JSON.stringify({ model: 'm', messages: [user] }))
    expect(plan('POST', '/v1/chat/completions').read(body).upstream).toEqual({
      path: '/chat/completions',
      query: '',
      body,
    })
    expect(plan('POST', '/chat/completions').read(body).upstream.path).toBe('/chat/completions')
    for (const path of ['/v1/chat/completions/', '/v1/Chat/completions', '/v1/nothing', '/constructor', '/']) {
      expect(() => plan('POST', path)).toThrow(expect.objectContaining({ code: 'operation_not_supported' }))
    }
    expect(() => plan('GET', '/v1/chat/completions')).toThrow('offers POST')
  })
})
