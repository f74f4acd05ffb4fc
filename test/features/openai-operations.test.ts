// OpenAI's SDKs, the plain one and Azure's, call every operation through a real gateway; each answer is held for a rule.
import OpenAI, { AzureOpenAI } from 'openai'
import { describe, expect, it } from 'vitest'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

const message = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed' }
const part = { type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }
const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', tools: [], error: null }
const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }

const responseEvents = [
  { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
  { type: 'response.output_item.added', output_index: 0, item: { ...message, status: 'in_progress', content: [] } },
  { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
  { type: 'response.output_text.delta', ...place, delta: 'Hel', logprobs: [] },
  { type: 'response.output_text.delta', ...place, delta: 'lo', logprobs: [] },
  { type: 'response.output_text.done', ...place, text: 'Hello', logprobs: [] },
  { type: 'response.content_part.done', ...place, part },
  { type: 'response.output_item.done', output_index: 0, item: { ...message, content: [part] } },
  {
    type: 'response.completed',
    response: { ...response, status: 'completed', output: [{ ...message, content: [part] }] },
  },
].map((event, sequence_number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)

const answers: Readonly<Record<string, object>> = {
  '/chat/completions': { id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' } }] },
  '/completions': { id: 'c', choices: [{ index: 0, text: 'Hello', finish_reason: 'stop' }] },
  '/embeddings': { object: 'list', data: [{ object: 'embedding', index: 0, embedding: 'AACAPwAAAEA=' }] },
  '/responses': { ...response, status: 'completed', output: [{ ...message, content: [part] }] },
  '/models': { object: 'list', data: [{ id: 'm', object: 'model' }] },
  '/models/m': { id: 'm', object: 'model' },
}

async function startModel(): Promise<Upstream> {
  return startUpstream((request, reply) => {
    void readText(request).then((body) => {
      const path = (request.url ?? '')
        .replace(/\?.*$/u, '')
        .replace(/^\/(?:v1|openai\/deployments\/m|openai)(?=\/)/u, '')
      if (!body.includes('"stream":true')) {
        reply.writeHead(200, { 'content-type': 'application/json' })
        return reply.end(JSON.stringify(answers[path]))
      }
      reply.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of responseEvents) reply.write(event)
      return reply.end()
    })
  })
}

const secret = denyWhen('response.text.contains("Hello") && request.prompt.contains("forbidden")', 'no greetings')
const policies = [makePolicy({ rules: [allowAll, { ...secret, phase: 'Response', onStream: 'Cut' }] })]

interface Running extends AsyncDisposable {
  readonly gw: TestGateway
  readonly client: OpenAI
}

async function startAll(models: readonly { readonly name: string }[] = [], basePath = ''): Promise<Running> {
  const upstream = await startModel()
  const endpoints = [{ name: 'main', origin: upstream.origin, basePath, weight: 1, place: 'External' } as const]
  const spec = models.length === 0 ? {} : { models: [...models] }
  const gw = await startGateway({ connections: [makeConnection(spec, { endpoints })], policies })
  return {
    gw,
    client: new OpenAI({ baseURL: `${gw.origin}/team-a/chat/v1`, apiKey: gw.token, maxRetries: 0 }),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe('OpenAI’s SDK', () => {
  it('gets completions, embeddings, responses and models', async () => {
    await using running = await startAll()
    const { client } = running
    expect((await client.completions.create({ model: 'm', prompt: 'hi' })).choices[0]?.text).toBe('Hello')
    expect((await client.embeddings.create({ model: 'm', input: ['hi'] })).data[0]?.embedding).toEqual([1, 2])
    expect((await client.responses.create({ model: 'm', input: 'hi' })).output_text).toBe('Hello')
    expect((await client.models.list()).data).toMatchObject([{ id: 'm' }])
    expect(await client.models.retrieve('m')).toMatchObject({ id: 'm' })
  })

  it('streams responses', async () => {
    await using running = await startAll()
    const stream = running.client.responses.stream({ model: 'm', input: 'hi', store: false })
    expect((await stream.finalResponse()).output_text).toBe('Hello')
  })

  it('raises what a rule says of an answer, whole or streamed', async () => {
    await using running = await startAll()
    const ask = { model: 'm', input: 'a forbidden question' }
    const raised = expect.objectContaining({
      code: 'response_denied',
      message: expect.stringContaining('no greetings'),
    })
    await expect(running.client.responses.create(ask)).rejects.toThrow(raised)
    await expect(running.client.responses.stream(ask).done()).rejects.toThrow(raised)
    await expect(running.client.completions.create({ model: 'm', prompt: 'forbidden' })).rejects.toThrow(raised)
  })

  it('is told which models there are by the gateway, where they are declared', async () => {
    await using running = await startAll([{ name: 'small' }, { name: 'team:big' }])
    const { client } = running
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['small', 'team:big'])
    expect(await client.models.retrieve('team:big')).toMatchObject({ id: 'team:big', owned_by: 'portcullis' })
    await expect(client.models.retrieve('m')).rejects.toThrow(expect.objectContaining({ code: 'model_not_found' }))
  })

  it('is refused what cannot be judged', async () => {
    await using running = await startAll()
    const { client } = running
    const malformed = expect.objectContaining({ code: 'body_malformed', status: 400 })
    await expect(client.responses.create({ model: 'm', input: 'hi', previous_response_id: 'r' })).rejects.toThrow(
      malformed,
    )
    await expect(client.embeddings.create({ model: 'm', input: [1, 2] })).rejects.toThrow(malformed)
    const unknown = expect.objectContaining({ code: 'operation_not_supported' })
    await expect(client.responses.retrieve('resp_1')).rejects.toThrow(unknown)
    await expect(client.responses.delete('resp_1')).rejects.toThrow(unknown)
    await expect(client.files.list()).rejects.toThrow(unknown)
  })

  it('reaches Azure’s deployments as Azure’s own', async () => {
    await using running = await startAll([], '/openai')
    const client = new AzureOpenAI({
      endpoint: `${running.gw.origin}/team-a/chat`,
      apiKey: running.gw.token,
      apiVersion: '2024-10-21',
      maxRetries: 0,
    })
    const messages = [{ role: 'user', content: 'hi' }] as const
    expect(
      (await client.chat.completions.create({ model: 'm', messages: [...messages] })).choices[0]?.message.content,
    ).toBe('Hello')
    expect((await client.embeddings.create({ model: 'm', input: 'hi' })).data).toHaveLength(1)
    expect((await client.responses.create({ model: 'm', input: 'hi' })).output_text).toBe('Hello')
  })
})
