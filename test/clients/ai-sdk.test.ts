// The AI SDK with its provider for OpenAI, unmodified but for its address and key: over chat completions, Responses and completions.
import { createOpenAI } from '@ai-sdk/openai'
import type { LanguageModel } from 'ai'
import { APICallError, embedMany, generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { answerOpenAI, deniedAnswer } from './openai-model.ts'
import type { Reader } from './reading.ts'
import { hear, itStreams } from './reading.ts'
import type { Stage, Way } from './stage.ts'
import { answerMessage, expectSame, raisedBy, requestMessage, startStage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  vi.stubGlobal('AI_SDK_LOG_WARNINGS', false)
  stage = await startStage({ spec: { protocol: 'OpenAI' }, answer: answerOpenAI, deniedAnswer })
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await stage[Symbol.asyncDispose]()
})

type ToModel = (way: Way) => LanguageModel

const toProvider = ({ origin, key }: Way) => createOpenAI({ baseURL: `${origin}/v1`, apiKey: key })
const chat: ToModel = (way) => toProvider(way).chat('m')
const responses: ToModel = (way) => toProvider(way).responses('m')
const completion: ToModel = (way) => toProvider(way).completion('m')

const settings = { maxRetries: 0, onError: () => {} }

/** Errors are parts of its stream. */
const toReader =
  (toModel: ToModel): Reader =>
  (way, prompt) =>
    hear(
      () => streamText({ ...settings, model: toModel(way), prompt }).stream,
      (part) => {
        if (part.type === 'error') throw part.error
        if (part.type === 'text-delta') return { text: part.text }
        return part.type === 'finish' ? { finish: part.finishReason } : {}
      },
    )

const toRefusal = (statusCode: number, code: string, rule: string) => ({
  name: 'AI_APICallError',
  statusCode,
  data: { error: { code } },
  responseBody: expect.stringContaining(`"rule":"${rule}"`),
})
const errors = {
  denied: { ...toRefusal(403, 'policy_denied', 'deny'), message: requestMessage, isRetryable: false },
  held: { ...toRefusal(403, 'response_denied', 'answers'), message: answerMessage, isRetryable: false },
  limited: toRefusal(429, 'limit_exceeded', 'budget'),
  cut: { name: 'AI_StreamProviderError', statusCode: 403, code: 'response_denied', message: answerMessage },
  finishAtLimit: 'length',
}

describe.each([
  ['chat completions', chat, { ...errors, text: 'Zähler', finish: 'stop' }],
  ['Responses', responses, { ...errors, text: 'Hello.', finish: 'tool-calls' }],
  ['completions', completion, { ...errors, text: ' a time', finish: 'length' }],
])('streamText of the AI SDK over %s', (_name, toModel, expected) => {
  itStreams(() => stage, toReader(toModel), expected)
})

const inputSchema = jsonSchema<object>({ type: 'object', properties: {} })
const toTool = (name: string) => tool({ description: `It can ${name}.`, inputSchema, execute: () => `${name}: done` })
const tools = { delete: toTool('delete'), list: toTool('list'), wave: toTool('wave') }

/** Without `store: false` the provider refers to earlier items of Responses by their names. */
const unstored = { openai: { store: false } }

const runTools = async (model: LanguageModel, prompt: string, providerOptions = unstored): Promise<unknown> => {
  const stopWhen = isStepCount(3)
  const { steps, text } = await generateText({ ...settings, model, prompt, tools, stopWhen, providerOptions })
  return { text, results: steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output)) }
}

const streamTools = async (model: LanguageModel, prompt: string): Promise<unknown> => {
  const stopWhen = isStepCount(3)
  const stream = streamText({ ...settings, model, prompt, tools, stopWhen, providerOptions: unstored })
  const [steps, text] = await Promise.all([stream.steps, stream.text])
  return { text, results: steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output)) }
}

const cat = jsonSchema<object>({ type: 'object', properties: { colour: { type: 'string' } } })

describe.each([
  ['chat completions', chat, 'Zähler', ['delete: done', 'list: done']],
  ['Responses', responses, 'Hello.', ['wave: done']],
])('generateText of the AI SDK over %s', (_name, toModel, text, results) => {
  it('gets text, its end and its usage as from the model itself', async () => {
    const said = await expectSame(stage, async (way) => {
      const result = await generateText({ ...settings, model: toModel(way), prompt: 'hi' })
      return [result.text, result.finishReason, result.usage, result.reasoningText]
    })
    expect(said.slice(0, 2)).toEqual([text, 'stop'])
  })

  it('runs tools as with the model itself', async () => {
    expect(await expectSame(stage, (way) => runTools(toModel(way), 'hi'))).toEqual({ text, results })
  })

  it('runs tools from a stream as with the model itself', async () => {
    expect(await expectSame(stage, (way) => streamTools(toModel(way), 'hi'))).toMatchObject({ text })
  })

  it('gets an object', async () => {
    const output = Output.object({ schema: cat })
    const given = await expectSame(
      stage,
      async (way) => (await generateText({ ...settings, model: toModel(way), prompt: 'hi', output })).output,
    )
    expect(given).toEqual({ colour: 'black' })
  })

  it('is told which rule denies, in its own error', async () => {
    const before = stage.model.seen.length
    const model = toModel(await stage.through('judged'))
    const error = await raisedBy(generateText({ ...settings, model, prompt: 'forbidden' }))
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject(errors.denied)
    await expect(runTools(model, 'forbidden')).rejects.toMatchObject(errors.denied)
    expect(stage.model.seen.length).toBe(before)
  })

  it('is told which rule denies the answer', async () => {
    for (const place of ['held', 'cut'] as const) {
      const model = toModel(await stage.through(place))
      await expect(generateText({ ...settings, model, prompt: 'hi' })).rejects.toMatchObject(errors.held)
    }
  })
})

it('the AI SDK is told what to do where it would refer to items that the model server has stored', async () => {
  const model = responses(await stage.through('judged'))
  const error = await raisedBy(runTools(model, 'hi', { openai: { store: true } }))
  expect(error).toMatchObject({
    name: 'AI_APICallError',
    statusCode: 400,
    message: expect.stringContaining('store: false'),
  })
})

const embedValues = async (way: Way, values: string[]) =>
  (await embedMany({ ...settings, model: toProvider(way).embedding('m'), values })).embeddings

it('embedMany of the AI SDK gets vectors, and is told which rule denies', async () => {
  expect(await expectSame(stage, (way) => embedValues(way, ['hi', 'Another.']))).toEqual([
    [0.1, -0.2],
    [0.1, -0.2],
  ])
  await expect(embedValues(await stage.through('judged'), ['forbidden'])).rejects.toMatchObject(errors.denied)
})
