import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors.ts'
import { findOperation, readRequest, toUpstreamPath, withModel } from './openai.ts'

const readBody = (body: object): ReturnType<typeof readRequest> => readRequest('chat.completions', JSON.stringify(body))
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
      prompt: 'be kind\nlook\n\nno\n\n\nresult',
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
    expect(facts.messages[1]).toEqual({ role: 'user', name: 'ann', content: 'look\n' })
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
  ])('[RQ2] refuses %s', (_title, change) => {
    expect(() => readBody({ model: 'm', messages: [user], ...change })).toThrow(
      expect.objectContaining({ code: 'body_malformed' }),
    )
  })

  it('[RQ2] throws nothing but refusals, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const body = JSON.stringify({ model: 'm', messages: value })
        expect(['read', 'body_malformed']).toContain(outcomeOf(() => readRequest('chat.completions', body)))
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
    expect(toUpstreamPath(findOperation('POST', '/v1/chat/completions'))).toBe('/chat/completions')
    expect(toUpstreamPath(findOperation('POST', '/chat/completions'))).toBe('/chat/completions')
    for (const path of ['/v1/chat/completions/', '/v1/Chat/completions', '/v1/models', '/constructor', '/']) {
      expect(() => findOperation('POST', path)).toThrow(expect.objectContaining({ code: 'operation_not_supported' }))
    }
    expect(() => findOperation('GET', '/v1/chat/completions')).toThrow('offers POST')
  })
})
