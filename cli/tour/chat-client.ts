// Calls a gateway the way the OpenAI SDK does, with nothing but an HTTP client: same path, same headers, same body. Keeps what
// came back as it came, so that a tour can show it.
import { Agent, fetch } from 'undici'

export interface ChatRequest {
  readonly model: string
  readonly content: string
  /** Absent: a call without credentials. */
  readonly token?: string
}

export interface ChatReply {
  readonly status: number
  readonly revision: string
  readonly session: string
  readonly text: string
  /** Undefined where the body is no JSON object. */
  readonly body: Json | undefined
}

export interface StreamReply extends ChatReply {
  /** In how many pieces the body arrived on the wire. */
  readonly arrivals: number
  /** The text of each event, in order. */
  readonly deltas: readonly string[]
  readonly done: boolean
}

export type Json = Readonly<Record<string, unknown>>

export interface ChatClient extends AsyncDisposable {
  /** What SDKs call the base URL, ending in `/v1`. */
  readonly baseUrl: string
  readonly ask: (request: ChatRequest) => Promise<ChatReply>
  readonly stream: (request: ChatRequest) => Promise<StreamReply>
}

type HttpReply = Awaited<ReturnType<typeof fetch>>

export function makeChatClient(baseUrl: string, timeoutMs: number): ChatClient {
  const dispatcher = new Agent()
  const post = async ({ model, content, token }: ChatRequest, stream: boolean): Promise<HttpReply> =>
    fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ model, messages: [{ role: 'user', content }], ...(stream ? { stream } : {}) }),
      signal: AbortSignal.timeout(timeoutMs),
      dispatcher,
    })
  return {
    baseUrl,
    ask: async (request) => {
      const reply = await post(request, false)
      return toReply(reply, await reply.text())
    },
    stream: async (request) => readStream(await post(request, true)),
    [Symbol.asyncDispose]: async () => dispatcher.destroy(),
  }
}

function toReply({ status, headers }: HttpReply, text: string): ChatReply {
  const revision = headers.get('x-portcullis-revision') ?? ''
  const session = headers.get('x-portcullis-session') ?? ''
  return { status, revision, session, text, body: parseObject(text) }
}

async function readStream(reply: HttpReply): Promise<StreamReply> {
  const pieces: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of reply.body ?? []) pieces.push(decoder.decode(toBytes(chunk), { stream: true }))
  const text = pieces.join('')
  const events = text.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []))
  const deltas = events.map((event) => toDelta(parseObject(event))).filter((delta) => delta !== '')
  return { ...toReply(reply, text), arrivals: pieces.length, deltas, done: events.at(-1) === '[DONE]' }
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw new TypeError('a body is made of bytes')
}

function toDelta(event: Json | undefined): string {
  const content = read(event, 'choices', 0, 'delta', 'content')
  return typeof content === 'string' ? content : ''
}

/** Walks down parsed JSON; undefined where the way ends. */
export function read(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = Object.getOwnPropertyDescriptor(at, key)?.value
  }
  return at
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
