// A mock model that speaks OpenAI chat completions, whole and streamed, and answers every model name by repeating what it was
// told; on other paths it says what it received. It remembers what reached it, so that anybody can ask whether a given text
// (a token, a key) ever did.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoopbackServer } from './loopback-server.ts'
import { startLoopbackServer } from './loopback-server.ts'

export interface MockModelOptions {
  /** Between two pieces of a stream, so that streaming can be seen. */
  readonly pauseMs: number
  /** Seconds since the epoch, for `created`. */
  readonly now: () => number
  /** Absent: any free one. */
  readonly port?: number
}

/** What a call looked like on arrival. Values of headers stay inside: real credentials may come by. */
interface Arrival {
  readonly path: string
  readonly model?: string
  readonly headers: readonly string[]
  /** Everything that arrived, as one text to search in; never sent anywhere. */
  readonly everything: string
}

interface Chat {
  readonly model: string
  readonly stream: boolean
  readonly usage: boolean
  readonly answer: string
}

const maxArrivals = 100

export async function startMockModel(options: MockModelOptions): Promise<LoopbackServer> {
  const arrivals: Arrival[] = []
  return startLoopbackServer((app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    addChat(app, arrivals, options)
    addAnythingElse(app, arrivals)
    addQuestions(app, arrivals)
  }, options.port)
}

function addChat(app: FastifyInstance, arrivals: Arrival[], options: MockModelOptions): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const chat = parseChat(toText(request.body))
    remember(arrivals, request, chat?.model)
    if (chat === undefined) return refuse(reply)
    const id = `chatcmpl-mock-${arrivals.length}`
    if (!chat.stream) return reply.send(toCompletion(chat, id, options.now()))
    const events = toEvents(chat, { id, created: options.now(), pauseMs: options.pauseMs })
    return reply.type('text/event-stream; charset=utf-8').send(Readable.from(events))
  }
  for (const path of ['/v1/chat/completions', '/chat/completions']) app.post(path, answer)
}

function remember(arrivals: Arrival[], { url, raw, body }: FastifyRequest, model?: string): void {
  const headers = raw.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  if (arrivals.length >= maxArrivals) arrivals.shift()
  const everything = [url, ...raw.rawHeaders, toText(body)].join('\n')
  arrivals.push({ path: url, headers, everything, ...(model === undefined ? {} : { model }) })
}

/** For connections declared Opaque, whose paths nobody knows. */
function addAnythingElse(app: FastifyInstance, arrivals: Arrival[]): void {
  const handler = async (request: FastifyRequest): Promise<object> => {
    remember(arrivals, request)
    return { mock: true, method: request.method, path: request.url, bytes: Buffer.byteLength(toText(request.body)) }
  }
  app.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url: '/*', handler })
}

function toText(body: unknown): string {
  return typeof body === 'string' ? body : ''
}

/** How a person asks: `GET /seen` for names, `POST /seen/search` with a text for "in how many of the last calls did this arrive?" */
function addQuestions(app: FastifyInstance, arrivals: readonly Arrival[]): void {
  app.get('/seen', async () => ({
    calls: arrivals.map(({ path, model, headers }) => ({ path, model, headers })),
  }))
  app.post('/seen/search', async (request, reply) => {
    const wanted = toText(request.body).trim()
    if (wanted === '') return reply.code(400).send({ error: 'send the text to look for as the body' })
    const found = arrivals.filter(({ everything }) => everything.includes(wanted)).length
    return { calls: arrivals.length, containing: found }
  })
}

function parseChat(text: string): Chat | undefined {
  const body = parseJson(text)
  if (!isRecord(body) || typeof body['model'] !== 'string' || !Array.isArray(body['messages'])) return undefined
  const options = body['stream_options']
  return {
    model: body['model'],
    stream: body['stream'] === true,
    usage: isRecord(options) && options['include_usage'] === true,
    answer: `You said: ${toLastText(body['messages'])}`,
  }
}

function toLastText(messages: readonly unknown[]): string {
  const last = messages.findLast((message) => isRecord(message) && message['role'] === 'user')
  const content = isRecord(last) ? last['content'] : undefined
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return 'nothing'
  return content.flatMap((part) => (isRecord(part) && typeof part['text'] === 'string' ? [part['text']] : [])).join(' ')
}

function refuse(reply: FastifyReply): FastifyReply {
  const message = 'the mock model needs a JSON object with "model" and "messages"'
  return reply.code(400).send({ error: { message, type: 'invalid_request_error', param: null, code: null } })
}

function toCompletion(chat: Chat, id: string, created: number): object {
  return {
    id,
    object: 'chat.completion',
    created,
    model: chat.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: chat.answer, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: toUsage(chat),
  }
}

interface Pace {
  readonly id: string
  readonly created: number
  readonly pauseMs: number
}

/** One word per event, as models do with tokens; the reader's back-pressure and its going away both stop the generator. */
async function* toEvents(chat: Chat, { id, created, pauseMs }: Pace): AsyncGenerator<string> {
  const event = (fields: object): string => {
    const chunk = { id, object: 'chat.completion.chunk', created, model: chat.model, ...fields }
    return `data: ${JSON.stringify(chunk)}\n\n`
  }
  const choice = (delta: object, reason: string | null): string =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }] })
  yield choice({ role: 'assistant', content: '' }, null)
  for (const word of toWords(chat.answer)) {
    await delay(pauseMs)
    yield choice({ content: word }, null)
  }
  yield choice({}, 'stop')
  if (chat.usage) yield event({ choices: [], usage: toUsage(chat) })
  yield 'data: [DONE]\n\n'
}

function toWords(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? []
}

function toUsage({ answer }: Chat): object {
  const tokens = toWords(answer).length
  return { prompt_tokens: tokens, completion_tokens: tokens, total_tokens: 2 * tokens }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
