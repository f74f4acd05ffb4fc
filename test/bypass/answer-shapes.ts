// Answers in the forms of each protocol, whole and streamed, with a word where its text stands.
import type { Json } from '../../policy/model.ts'
import type { ProtocolName } from './class-list.ts'
import type { AskedAnswer } from './held.ts'
import { ask, shapes } from './shapes.ts'
import type { Attempt, ModelAnswer } from './world.ts'

type Value = { readonly [key: string]: Json }

export const whole = (value: Json, more: Partial<ModelAnswer> = {}): ModelAnswer => ({
  pieces: [JSON.stringify(value)],
  ...more,
})

export const events = (...pieces: readonly string[]): ModelAnswer => ({ type: 'text/event-stream', pieces })

export const data = (value: Json): string => `data: ${JSON.stringify(value)}\n\n`

export const named = (value: Value & { readonly type: string }): string => `event: ${value.type}\n${data(value)}`

/** A chunk of a chat that goes on with one choice. */
export const chunk = (delta: Value, index = 0, more: Value = {}): string =>
  data({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index, delta, ...more }] })

export const completion = (messages: readonly Value[]): Value => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: messages.map((message, index) => ({
    index,
    message: { role: 'assistant', ...message },
    finish_reason: 'stop',
  })),
})

export const chatDone = 'data: [DONE]\n\n'

/** Streamed messages of Anthropic around what is said in one block. */
export function messageAround(block: Value, deltas: readonly Value[]): readonly string[] {
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null }
  return [
    named({ type: 'message_start', message: { ...message, usage: { input_tokens: 1, output_tokens: 1 } } }),
    named({ type: 'content_block_start', index: 0, content_block: block }),
    ...deltas.map((delta) => named({ type: 'content_block_delta', index: 0, delta })),
    named({ type: 'content_block_stop', index: 0 }),
    named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }),
    named({ type: 'message_stop' }),
  ]
}

export const messageOf = (...content: readonly Value[]): Value => ({
  id: 'm',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content,
  stop_reason: 'end_turn',
})

/** A whole answer that says this where the protocol's text stands. */
export const saying: Readonly<Record<ProtocolName, (text: string) => Value>> = {
  OpenAI: (content) => completion([{ content }]),
  Anthropic: (text) => messageOf({ type: 'text', text }),
  MCP: (text) => ({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } }),
  OpenInference: (text) => ({
    model_name: 'm',
    outputs: [{ name: 'out', datatype: 'BYTES', shape: [1], data: [text] }],
  }),
  Triton: (text) => ({ model_name: 'm', text_output: text }),
  KServeV1: (text) => ({ predictions: [text] }),
  TensorFlowServing: (text) => ({ predictions: [text] }),
  TorchServe: (text) => ({ label: text }),
  HTTP: (text) => ({ label: text }),
}

/** Streams that say these pieces one after the other; only those of protocols that stream. */
export const streaming: Readonly<Partial<Record<ProtocolName, (pieces: readonly string[]) => readonly string[]>>> = {
  OpenAI: (pieces) => [
    ...pieces.map((content) => chunk({ content })),
    chunk({}, 0, { finish_reason: 'stop' }),
    chatDone,
  ],
  Anthropic: (pieces) =>
    messageAround(
      { type: 'text', text: '' },
      pieces.map((text) => ({ type: 'text_delta', text })),
    ),
  Triton: (pieces) => pieces.map((text) => data({ model_name: 'm', text_output: text })),
  TorchServe: (pieces) => pieces.map((label) => data({ label })),
  HTTP: (pieces) => pieces.map((label) => data({ label })),
}

/** What is asked for a stream. */
export function askStream(protocol: ProtocolName): Attempt {
  if (protocol === 'Triton') return { ...ask(protocol, 'hi'), path: '/v2/models/m/generate_stream' }
  if (protocol !== 'OpenAI' && protocol !== 'Anthropic') return ask(protocol, 'hi')
  const { path, body } = shapes[protocol]
  return { path, body: JSON.stringify({ ...body('hi'), stream: true }) }
}

/** The word cut in two at every place, and letter by letter. */
export function cutsOf(word: string): readonly (readonly string[])[] {
  const cuts = Array.from({ length: word.length - 1 }, (_, i) => [word.slice(0, i + 1), word.slice(i + 1)])
  return [...cuts, word.split('')]
}

/** A stream that holds the word over these cuts; its last piece must not arrive. */
export function overCuts(
  protocol: ProtocolName,
  cut: (word: string) => readonly string[],
  toStream: (pieces: readonly string[]) => readonly string[],
): AskedAnswer {
  const completing = toStream(cut('nightjar')).find((event) => event.includes(JSON.stringify(cut('nightjar').at(-1))))
  return {
    ask: askStream(protocol),
    toAnswer: (word) => events(...toStream(cut(word))),
    ...(completing === undefined ? {} : { completing }),
  }
}
