// What OpenAI's own SDK makes of streams that the gateway ends: a proper end where a budget is spent, an error where a rule denies.
// The recorded streams are cut after each of their events.
import { readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { GatewayError } from '../../errors.ts'
import { toRefusal } from '../../reply.ts'
import type { AnswerFormat, AnswerStream, Ending } from '../protocol.ts'
import { chatAnswer } from './chat-answer.ts'
import { completionAnswer } from './completion-answer.ts'
import { toResponseAnswer } from './response-answer.ts'

const head = { status: 200, headers: { 'content-type': 'text/event-stream' } }
const refusal = toRefusal(new GatewayError('response_denied', 'A rule denies this answer.'))
const refused: Ending = { kind: 'Refused', refusal }
const spent: Ending = { kind: 'BudgetSpent' }

interface Recorded {
  readonly answers: readonly { readonly body: { readonly text: string } }[]
}

/** The first answer of a golden case, event by event. */
function recorded(name: string): readonly Uint8Array[] {
  const file = new URL(`../../../test/golden/protocols/openai/${name}.in.yaml`, import.meta.url)
  const { answers }: Recorded = parseYaml(readFileSync(file, 'utf8'))
  const stream = answers.find(({ body }) => typeof body.text === 'string')
  return (stream?.body.text ?? '').split(/(?<=\n\n)/u).map((event) => Buffer.from(event))
}

function open(format: AnswerFormat): AnswerStream {
  const stream = format.openStream(head)
  if (stream === undefined) throw new Error('it did not open')
  return stream
}

/** What a client gets that sees so many events, and then the end. */
function cutAfter(format: AnswerFormat, events: readonly Uint8Array[], count: number, ending: Ending): string {
  const stream = open(format)
  const seen = events.slice(0, count).flatMap((event) => [...stream.push(event)])
  return Buffer.concat([...seen, stream.close(ending)]).toString('utf8')
}

function clientOf(body: string): OpenAI {
  const fetch = async (): Promise<Response> => new Response(body, { headers: head.headers })
  return new OpenAI({ apiKey: 'none', maxRetries: 0, fetch })
}

const ask: Pick<OpenAI.ChatCompletionCreateParams, 'model' | 'messages'> = {
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
}
const responseAnswer = toResponseAnswer({ model: 'm', input: 'hi', instructions: 'Be brief.' })
const chat = recorded('chat-streams')
const responses = recorded('responses-streams')
const counts = (events: readonly unknown[]): readonly number[] => events.map((_, i) => i)

describe('a stream of chat completions that spent its budget', () => {
  it.each(counts(chat))('ends properly after %i events', async (count) => {
    const body = cutAfter(chatAnswer, chat, count, spent)
    expect(body.match(/\[DONE\]/gu)).toHaveLength(1)
    const { choices } = await clientOf(body).chat.completions.stream(ask).finalChatCompletion()
    expect(choices.length).toBeGreaterThan(0)
    for (const choice of choices) expect(['length', 'stop', 'tool_calls']).toContain(choice.finish_reason)
  })

  it('ends each choice once', async () => {
    const reasons: string[] = []
    const stream = await clientOf(cutAfter(chatAnswer, chat, 8, spent)).chat.completions.create({
      ...ask,
      stream: true,
    })
    for await (const { choices } of stream) {
      for (const { index, finish_reason } of choices)
        if (finish_reason !== null) reasons.push(`${index} ${finish_reason}`)
    }
    expect(reasons).toEqual(['1 tool_calls', '0 length'])
  })

  it('has no end after its own', () => {
    expect(cutAfter(chatAnswer, chat, chat.length, spent)).toBe(Buffer.concat(chat).toString('utf8'))
  })
})

it('completions end properly wherever they are cut', async () => {
  const events = recorded('completions')
  for (const count of counts(events)) {
    const client = clientOf(cutAfter(completionAnswer, events, count, spent))
    const last = new Map<number, string | null>()
    for await (const { choices } of await client.completions.create({ model: 'm', prompt: 'hi', stream: true })) {
      for (const { index, finish_reason } of choices) last.set(index, finish_reason)
    }
    for (const reason of last.values()) expect(['length', 'stop']).toContain(reason)
  }
})

describe('a stream of Responses that spent its budget', () => {
  it.each(counts(responses))('ends properly after %i events', async (count) => {
    const body = cutAfter(responseAnswer, responses, count, spent)
    const final = await clientOf(body).responses.stream({ model: 'm', input: 'hi' }).finalResponse()
    expect(final).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    expect('Hello.').toContain(final.output_text)
    const calls = final.output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : []))
    expect(calls.filter((text) => text !== '{"hand":"left"}')).toEqual([])
  })

  it('keeps what was said, and leaves out the call that was not whole', async () => {
    const wholeText = cutAfter(responseAnswer, responses, 13, spent)
    const final = await clientOf(wholeText).responses.stream({ model: 'm', input: 'hi' }).finalResponse()
    expect(final.output_text).toBe('Hello.')
    const inCall = cutAfter(responseAnswer, responses, 20, spent)
    const { output } = await clientOf(inCall).responses.stream({ model: 'm', input: 'hi' }).finalResponse()
    expect(output.map(({ type }) => type)).toEqual(['reasoning', 'message'])
  })

  it('goes on counting', async () => {
    const numbers: number[] = []
    const body = cutAfter(responseAnswer, responses, 12, spent)
    const stream = await clientOf(body).responses.create({ model: 'm', input: 'hi', stream: true })
    for await (const { sequence_number: number } of stream) numbers.push(number)
    expect(numbers).toEqual(numbers.map((_, i) => i))
  })
})

describe('a stream that a rule denies', () => {
  const raised = expect.objectContaining({ code: 'response_denied', message: 'A rule denies this answer.' })

  it.each(counts(chat))('raises our code in chat completions after %i events', async (count) => {
    const body = cutAfter(chatAnswer, chat, count, refused)
    expect(body).not.toContain('[DONE]')
    await expect(clientOf(body).chat.completions.stream(ask).done()).rejects.toThrow(raised)
  })

  it.each(counts(responses))('raises our code in Responses after %i events', async (count) => {
    const client = clientOf(cutAfter(responseAnswer, responses, count, refused))
    await expect(client.responses.stream({ model: 'm', input: 'hi' }).done()).rejects.toThrow(raised)
    const stream = await client.responses.create({ model: 'm', input: 'hi', stream: true })
    await expect(Array.fromAsync(stream)).rejects.toThrow(raised)
  })
})

describe('what a client has seen', () => {
  it('is what was judged before, when a close follows judgement', () => {
    const stream = open(chatAnswer)
    stream.push(chat[1] ?? new Uint8Array())
    stream.facts()
    stream.push(Buffer.from('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'))
    stream.facts()
    expect(Buffer.from(stream.close(spent)).toString()).toContain('"finish_reason":"length"')
    expect(Buffer.from(stream.close(refused)).toString()).toContain('response_denied')
  })

  it('is nothing before the first judgement, and does not count what is denied', () => {
    const stream = open(responseAnswer)
    for (const event of responses.slice(0, 13)) stream.push(event)
    stream.facts()
    const events = Buffer.from(stream.close(spent)).toString()
    expect(events).not.toContain('Hel')
    expect(events.match(/^event: .*$/gmu)).toEqual(['event: response.created', 'event: response.incomplete'])
  })
})
