// The mock model on a real socket: what an OpenAI client sees of it, and what it tells about its callers.
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { LoopbackServer } from './loopback-server.ts'
import { startMockModel } from './mock-model.ts'

const start = async (pauseMs = 0): Promise<LoopbackServer> => startMockModel({ pauseMs, now: () => 1_700_000_000 })

const toClient = (model: LoopbackServer): OpenAI =>
  new OpenAI({ baseURL: `${model.origin}/v1`, apiKey: 'a-key-of-the-model', maxRetries: 0 })

const hello = { model: 'large', messages: [{ role: 'user' as const, content: 'hello there, model' }] }

async function search(model: LoopbackServer, body: string): Promise<unknown> {
  const reply = await fetch(`${model.origin}/seen/search`, { method: 'POST', body })
  return reply.json()
}

describe('the mock model', () => {
  it('answers the OpenAI client with the text it was sent', async () => {
    await using model = await start()
    const completion = await toClient(model).chat.completions.create(hello)
    expect(completion.model).toBe('large')
    expect(completion.choices[0]?.message.content).toBe('You said: hello there, model')
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(completion.usage?.completion_tokens).toBe(5)
  })

  it('streams the same text in pieces, with usage when asked for', async () => {
    await using model = await start()
    const options = { ...hello, stream: true as const, stream_options: { include_usage: true } }
    const pieces: string[] = []
    let tokens: number | undefined
    for await (const event of await toClient(model).chat.completions.create(options)) {
      pieces.push(event.choices[0]?.delta.content ?? '')
      tokens = event.usage?.completion_tokens ?? tokens
    }
    expect(pieces.join('')).toBe('You said: hello there, model')
    expect(pieces.filter((piece) => piece !== '')).toHaveLength(5)
    expect(tokens).toBe(5)
  })

  it('reads the text parts of a message in parts', async () => {
    await using model = await start()
    const content = [
      { type: 'text' as const, text: 'two' },
      { type: 'text' as const, text: 'parts' },
    ]
    const completion = await toClient(model).chat.completions.create({
      ...hello,
      messages: [{ role: 'user', content }],
    })
    expect(completion.choices[0]?.message.content).toBe('You said: two parts')
  })

  it.each([['not json'], ['[]'], ['{"model":"m"}'], ['{"model":1,"messages":[]}'], ['']])(
    'refuses %j in the shape of OpenAI errors',
    async (body) => {
      await using model = await start()
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(`${model.origin}/v1/chat/completions`, { method: 'POST', body, headers })
      expect(reply.status).toBe(400)
      expect(await reply.json()).toMatchObject({ error: { type: 'invalid_request_error', code: null } })
    },
  )

  it('says what arrived on paths that mean nothing to it', async () => {
    await using model = await start()
    const headers = { 'content-type': 'application/octet-stream' }
    const reply = await fetch(`${model.origin}/predict?x=1`, { method: 'PUT', body: 'four', headers })
    expect(await reply.json()).toEqual({ mock: true, method: 'PUT', path: '/predict?x=1', bytes: 4 })
  })

  it('knows whether a text ever reached it, in headers, path or body', async () => {
    await using model = await start()
    await toClient(model).chat.completions.create(hello)
    await fetch(`${model.origin}/predict?token=in-the-path`)
    expect(await search(model, 'a-key-of-the-model')).toEqual({ calls: 2, containing: 1 })
    expect(await search(model, 'in-the-path')).toEqual({ calls: 2, containing: 1 })
    expect(await search(model, 'hello there')).toEqual({ calls: 2, containing: 1 })
    expect(await search(model, 'a-token-of-the-caller')).toEqual({ calls: 2, containing: 0 })
  })

  it('shows names of headers, never their values', async () => {
    await using model = await start()
    await toClient(model).chat.completions.create(hello)
    const seen = await (await fetch(`${model.origin}/seen`)).text()
    expect(JSON.parse(seen)).toMatchObject({ calls: [{ path: '/v1/chat/completions', model: 'large' }] })
    expect(seen).toContain('"authorization"')
    expect(seen).not.toContain('a-key-of-the-model')
  })

  it('remembers a bounded number of calls', async () => {
    await using model = await start()
    for (let call = 0; call < 105; call += 1) await fetch(`${model.origin}/predict`)
    expect(await search(model, '/predict')).toEqual({ calls: 100, containing: 100 })
  })
})
