// The tour's HTTP client against the mock model, which answers as OpenAI does.
import { describe, expect, it } from 'vitest'
import { makeChatClient, read } from './chat-client.ts'
import { startMockModel } from '../mock-model.ts'

const options = { pauseMs: 1, now: () => 0 }
const request = { model: 'm', content: 'one two three', token: 'secret-token' }

describe('makeChatClient', () => {
  it('asks as the OpenAI SDK does and reads the answer', async () => {
    await using model = await startMockModel(options)
    await using client = makeChatClient(`${model.origin}/v1`, 5_000)
    const reply = await client.ask(request)
    expect(reply).toMatchObject({ status: 200, revision: '', session: '' })
    expect(read(reply.body, 'choices', 0, 'message', 'content')).toBe('You said: one two three')
    const seen = await (
      await fetch(`${model.origin}/seen/search`, { method: 'POST', body: 'Bearer secret-token' })
    ).json()
    expect(seen).toEqual({ calls: 1, containing: 1 })
  })

  it('reads a stream piece by piece', async () => {
    await using model = await startMockModel(options)
    await using client = makeChatClient(`${model.origin}/v1`, 5_000)
    const reply = await client.stream(request)
    expect(reply.deltas.join('')).toBe('You said: one two three')
    expect(reply.deltas).toHaveLength(5)
    expect(reply.arrivals).toBeGreaterThan(1)
    expect(reply.done).toBe(true)
  })

  it('keeps a body that is no JSON as text', async () => {
    await using model = await startMockModel(options)
    await using client = makeChatClient(`${model.origin}/users/none`, 5_000)
    const reply = await client.ask(request)
    expect(reply.status).toBe(200)
    expect(reply.text).toContain('"mock":true')
  })
})

describe('read', () => {
  it.each([
    [['a', 0, 'b'], 1],
    [['a', 1, 'b'], undefined],
    [['a', 0, 'b', 'c'], undefined],
    [['constructor'], undefined],
  ])('follows %j', (path, expected) => {
    expect(read({ a: [{ b: 1 }] }, ...path)).toBe(expected)
  })
})
