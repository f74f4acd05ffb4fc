// What a model server of OpenAI's protocol answers, from its recordings: a tool is called once where one is offered, then there is
// text. The words that rules deny always come in two pieces.
import type { Recording, Seen } from '../helpers/recorded-model.ts'
import { edit, goOn, readRecording, toJson } from '../helpers/recorded-model.ts'

interface Asked {
  readonly stream?: boolean
  readonly tools?: readonly unknown[]
  readonly response_format?: unknown
  readonly text?: { readonly format?: { readonly type?: string } }
  readonly encoding_format?: string
  readonly input?: string | readonly { readonly type?: string }[]
  readonly messages?: readonly { readonly role: string }[]
}

interface Completed {
  readonly response: { readonly output: readonly { readonly type: string }[] }
}

export const deniedAnswer = '["Zähler", "Hello", " a time"].exists(words, response.text.contains(words))'

const choicesAndCalls = readRecording('openai/chat-streams', 'choices and tool calls in turns, and usage')
const chatText = edit(choicesAndCalls, (piece) => (piece.includes('"choices":[{"index":1') ? undefined : piece))
const chatCalls = edit(choicesAndCalls, (piece) =>
  piece.includes('"choices":[{"index":0') ? undefined : piece.replace('"choices":[{"index":1', '"choices":[{"index":0'),
)
const completionStream = edit(readRecording('openai/completions', 'a stream'), (piece) =>
  piece.includes('"index":1') ? undefined : piece,
)
const responseStream = readRecording('openai/responses-streams', 'all that is told, and told again')
const completed: Completed = JSON.parse(String(responseStream.pieces.at(-1)).replace(/^event: .*\ndata: /u, ''))
const [embedded] = readRecording('openai/embeddings', 'vectors as numbers and as base64').pieces

const toCompletion = (message: object, finish_reason: string): Recording =>
  toJson({
    id: 'chatcmpl-C1',
    object: 'chat.completion',
    created: 1763676000,
    model: 'gpt-5.2-2025-12-11',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', refusal: null, content: null, ...message },
        logprobs: null,
        finish_reason,
      },
    ],
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  })

const calls = [
  { id: 'call_1', type: 'function', function: { name: 'delete', arguments: '{"path":"/"}' } },
  { id: 'call_2', type: 'function', function: { name: 'list', arguments: '{"all":true}' } },
]

const toResponse = (...types: readonly string[]): Recording => {
  const { response } = completed
  return toJson({ ...response, output: response.output.filter(({ type }) => types.includes(type)) })
}

/** Not the end of a choice: nothing may come after it. */
const sayMore = /"delta":"lo\."|"content":"hler"|"text":" a"/u

export function answerOpenAI({ method, url, body }: Seen): Recording {
  if (method === 'GET') return answerModels(url)
  const text = body.toString()
  const asked: Asked = JSON.parse(text)
  if (url === '/v1/embeddings') return answerEmbeddings(asked)
  const recording = answerText(url, asked)
  if (text.includes('at length')) return goOn(recording, sayMore, 3000)
  if (text.includes('a mishap')) return breakOff(recording, url)
  return recording
}

function answerModels(url: string): Recording {
  const list = readRecording('openai/models-forwarded', 'a list')
  if (url === '/v1/models') return list
  const { data }: { data: readonly object[] } = JSON.parse(String(list.pieces[0]))
  return toJson({ ...data[0], id: decodeURIComponent(url.slice('/v1/models/'.length)) })
}

/** Both vectors in the form that was asked for. */
function answerEmbeddings({ encoding_format: form = 'float' }: Asked): Recording {
  const said: { data: { embedding: unknown }[] } = JSON.parse(String(embedded))
  const embedding = form === 'base64' ? 'zczMPc3MTL4=' : [0.1, -0.2]
  return toJson({ ...said, data: said.data.map((one) => ({ ...one, embedding })) })
}

function answerText(url: string, asked: Asked): Recording {
  switch (url) {
    case '/v1/chat/completions':
      return answerChat(asked)
    case '/v1/completions':
      return asked.stream === true
        ? completionStream
        : readRecording('openai/completions', 'texts, and the same as tokens')
    case '/v1/responses':
      return answerResponse(asked)
    default:
      return toJson({ error: { message: 'Unknown request URL', type: 'invalid_request_error', code: null } }, 404)
  }
}

function answerChat({ stream, tools, messages = [], response_format: form }: Asked): Recording {
  const isCalling = tools !== undefined && !messages.some(({ role }) => role === 'tool')
  if (stream === true) return isCalling ? chatCalls : chatText
  if (isCalling) return toCompletion({ tool_calls: calls }, 'tool_calls')
  return toCompletion({ content: form === undefined ? 'Zähler' : '{"colour":"black"}' }, 'stop')
}

function answerResponse({ stream, tools, input, text }: Asked): Recording {
  if (stream === true) return responseStream
  if (text?.format?.type === 'json_schema') {
    return edit(toResponse('message'), (piece) => piece.replace('"Hello."', '"{\\"colour\\":\\"black\\"}"'))
  }
  const isAnswered = Array.isArray(input) && input.some(({ type }) => type === 'function_call_output')
  return tools === undefined || isAnswered
    ? toResponse('reasoning', 'message')
    : toResponse('reasoning', 'function_call')
}

/** After some text it has an error of its own to tell. */
function breakOff({ pieces, ...head }: Recording, url: string): Recording {
  const isResponse = url === '/v1/responses'
  const broken = readRecording(
    isResponse ? 'openai/responses-streams' : 'openai/chat-streams',
    'an error in the middle',
  )
  return { ...head, pieces: [...pieces.slice(0, isResponse ? 12 : 2), ...broken.pieces.slice(-1)] }
}
