// LangChain.js with its package for OpenAI, unmodified but for its address and key: over chat completions and Responses.
import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { answerOpenAI, deniedAnswer } from './openai-model.ts'
import type { Reader } from './reading.ts'
import { hear, itStreams } from './reading.ts'
import type { Stage, Way } from './stage.ts'
import { answerMessage, expectSame, raisedBy, requestMessage, startStage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  // It would send traces away if the surroundings said so.
  for (const product of ['LANGSMITH', 'LANGCHAIN']) {
    for (const name of ['TRACING', 'TRACING_V2']) vi.stubEnv(`${product}_${name}`, 'false')
  }
  stage = await startStage({ spec: { protocol: 'OpenAI' }, answer: answerOpenAI, deniedAnswer })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stage[Symbol.asyncDispose]()
})

type ToModel = (way: Way) => ChatOpenAI

const toFields = ({ origin, key }: Way) => ({
  model: 'm',
  apiKey: key,
  maxRetries: 0,
  configuration: { baseURL: `${origin}/v1` },
})
const chat: ToModel = (way) => new ChatOpenAI(toFields(way))
const responses: ToModel = (way) => new ChatOpenAI({ ...toFields(way), useResponsesApi: true })

interface Told {
  readonly finish_reason?: string
  readonly status?: string
  readonly incomplete_details?: { readonly reason: string } | null
}

const toReader =
  (toModel: ToModel): Reader =>
  (way, prompt) =>
    hear(
      () => toModel(way).stream(prompt),
      ({ text, response_metadata: told }: { text: string; response_metadata: Told }) => ({
        text,
        finish: told.finish_reason ?? told.incomplete_details?.reason ?? told.status,
      }),
    )

const denied = { status: 403, code: 'policy_denied', message: `403 ${requestMessage}`, error: { rule: 'deny' } }
const held = { status: 403, code: 'response_denied', message: `403 ${answerMessage}`, error: { rule: 'answers' } }
const errors = {
  denied,
  held,
  limited: { status: 429, code: 'limit_exceeded', error: { rule: 'budget' } },
  cut: { code: 'response_denied', message: answerMessage, error: { rule: 'answers' } },
}

const parameters = { type: 'object', properties: {} }
const toTool = (name: string) => ({
  type: 'function' as const,
  function: { name, description: `It can ${name}.`, parameters },
})
const tools = ['delete', 'list', 'wave'].map(toTool)

async function useTools(model: ChatOpenAI, prompt: string): Promise<unknown> {
  const bound = model.bindTools(tools)
  const asked = new HumanMessage(prompt)
  const calling = await bound.invoke([asked])
  const calls = calling.tool_calls ?? []
  const results = calls.map(({ id = '', name }) => new ToolMessage({ tool_call_id: id, content: `${name}: done` }))
  const { text } = await bound.invoke([asked, calling, ...results])
  return { text, calls: calls.map(({ name, args }) => [name, args]) }
}

const listTools = async (model: ChatOpenAI, prompt: string): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const { tool_call_chunks: chunks = [] } of await model.bindTools(tools).stream(prompt)) {
    names.push(...chunks.flatMap(({ name }) => name ?? []))
  }
  return names
}

const wave = ['wave', { hand: 'left' }]
const remove = ['delete', { path: '/' }]
const list = ['list', { all: true }]

describe.each([
  ['chat completions', chat, { text: 'Zähler', finish: 'stop', finishAtLimit: 'length' }, [remove, list]],
  ['Responses', responses, { text: 'Hello.', finish: 'completed', finishAtLimit: 'max_output_tokens' }, [wave]],
])('LangChain over %s', (_name, toModel, told, calls) => {
  const { text } = told
  itStreams(() => stage, toReader(toModel), { ...errors, ...told })

  it('invokes a model as if it were the model itself', async () => {
    const said = await expectSame(stage, async (way) => {
      const message = await toModel(way).invoke('hi')
      return [message.text, message.usage_metadata, message.response_metadata]
    })
    expect(said).toMatchObject([text, { total_tokens: expect.any(Number) }, {}])
  })

  it('binds tools, and tells the model what they did', async () => {
    expect(await expectSame(stage, (way) => useTools(toModel(way), 'hi'))).toEqual({ text, calls })
  })

  it('reads calls of tools from a stream', async () => {
    const names = await expectSame(stage, (way) => listTools(toModel(way), 'hi'))
    expect(names).toEqual(calls.map(([name]) => name))
  })

  it('is told which rule denies', async () => {
    const before = stage.model.seen.length
    const model = toModel(await stage.through('judged'))
    const error = await raisedBy(model.invoke('something forbidden'))
    expect(error).toMatchObject(denied)
    expect((error as Error).constructor.name).toBe('PermissionDeniedError')
    await expect(useTools(model, 'something forbidden')).rejects.toMatchObject(denied)
    expect(stage.model.seen.length).toBe(before)
  })

  it('is told which rule denies the answer', async () => {
    for (const place of ['held', 'cut'] as const) {
      await expect(toModel(await stage.through(place)).invoke('hi')).rejects.toMatchObject(held)
    }
  })
})

const embed = async (way: Way, text: string) => new OpenAIEmbeddings(toFields(way)).embedDocuments([text, 'Another.'])

it('LangChain embeds, and is told which rule denies', async () => {
  const vectors = await expectSame(stage, (way) => embed(way, 'hi'))
  expect(vectors.map((vector) => vector.map((value) => value.toFixed(3)))).toEqual([
    ['0.100', '-0.200'],
    ['0.100', '-0.200'],
  ])
  await expect(embed(await stage.through('judged'), 'forbidden')).rejects.toMatchObject(denied)
})
