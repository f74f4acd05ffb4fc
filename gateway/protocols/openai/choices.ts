// Answers made of choices, as chat completions and completions give them: whole, or in chunks that each go on with some of them. A
// whole answer is read as one chunk whose message is all there is.
import type { Json, JsonObject, Usage } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { AnswerUnreadable } from '../protocol.ts'
import type { Closing, Spoken, Transcript } from './answer.ts'
import { errorShape, toDataEvent, toUsage } from './answer.ts'
import { Channels } from './channels.ts'
import type { Shape } from './gather.ts'
import { gatherText, gatherTokens } from './gather.ts'
import { ToolCalls } from './tool-calls.ts'

const partShape: Shape = { type: 'Quiet', text: 'Text', refusal: 'Text', thinking: { type: 'Quiet', text: 'Text' } }

const citationShape: Shape = {
  title: 'Text',
  url: 'Text',
  content: 'Text',
  start_index: 'Quiet',
  end_index: 'Quiet',
}

/** OpenAI's fields, and those in which other servers tell what the model thought. */
export const messageShape: Shape = {
  role: 'Quiet',
  content: partShape,
  refusal: 'Text',
  reasoning: 'Text',
  reasoning_content: 'Text',
  reasoning_details: {
    type: 'Quiet',
    id: 'Quiet',
    format: 'Quiet',
    index: 'Quiet',
    text: 'Text',
    summary: 'Text',
    data: 'Opaque',
    signature: 'Opaque',
  },
  audio: { id: 'Quiet', data: 'Opaque', transcript: 'Text', expires_at: 'Quiet' },
  annotations: { type: 'Quiet', url_citation: citationShape },
  tool_calls: 'Skipped',
  function_call: 'Skipped',
}

export const choiceShape: Shape = {
  index: 'Quiet',
  finish_reason: 'Quiet',
  delta: 'Skipped',
  message: 'Skipped',
  text: 'Skipped',
  logprobs: 'Skipped',
  stop_reason: 'Text',
  content_filter_results: 'Quiet',
}

export const chunkShape: Shape = {
  id: 'Quiet',
  object: 'Quiet',
  created: 'Quiet',
  model: 'Quiet',
  provider: 'Quiet',
  service_tier: 'Quiet',
  system_fingerprint: 'Quiet',
  choices: 'Skipped',
  usage: 'Quiet',
  moderation: 'Quiet',
  prompt_filter_results: 'Quiet',
  timings: 'Quiet',
  // Random letters that hide how long each piece is.
  obfuscation: 'Opaque',
  error: errorShape,
}

export const callShape: Shape = {
  id: 'Quiet',
  type: 'Quiet',
  index: 'Quiet',
  function: { name: 'Skipped', arguments: 'Skipped' },
  custom: { name: 'Skipped', input: 'Skipped' },
}

export class Choices implements Transcript {
  readonly #channels = new Channels()
  readonly #calls = new ToolCalls()
  /** By index, why it ended. */
  readonly #ends = new Map<number, string>()
  #usage: Usage | undefined

  readonly take = (chunk: JsonObject): void => {
    gatherText(chunk, chunkShape, { path: '', found: this.#channels.tell })
    this.#usage = toUsage(chunk['usage'], 'prompt_tokens', 'completion_tokens') ?? this.#usage
    const choices = chunk['choices'] ?? []
    if (!Array.isArray(choices)) throw new AnswerUnreadable('The choices of the answer are no list.')
    choices.forEach((choice: Json, place) => this.#takeChoice(choice, place))
  }

  readonly tell = (text: string): void => {
    this.#channels.tell('', text)
  }

  readonly spoken = (): Spoken => ({
    text: this.#channels.text(),
    toolCalls: this.#calls.list(),
    finishReason: this.#finishReason(),
    ...(this.#usage && { usage: this.#usage }),
  })

  #takeChoice(choice: Json, place: number): void {
    if (!isJsonObject(choice)) throw new AnswerUnreadable('A choice of the answer is no object.')
    const index = toIndex(choice['index'], place)
    const path = `choices/${index}`
    const { append, tell } = this.#channels
    this.#takeMessage(choice['delta'], `${path}/delta`)
    this.#takeMessage(choice['message'], `${path}/message`)
    gatherText(choice['text'], 'Text', { path: `${path}/text`, found: append, foundKey: tell })
    gatherText(choice, choiceShape, { path, found: tell })
    gatherTokens(choice['logprobs'], { path: `${path}/logprobs`, found: append, foundKey: tell })
    this.#ends.set(index, this.#ends.get(index) || toReason(choice))
  }

  #takeMessage(message: Json | undefined, path: string): void {
    if (message === undefined || message === null) return
    if (!isJsonObject(message)) throw new AnswerUnreadable('A message of the answer is no object.')
    this.#gatherPieces(message, messageShape, path)
    const calls = message['tool_calls'] ?? []
    if (!Array.isArray(calls)) throw new AnswerUnreadable('The tool calls of the answer are no list.')
    calls.forEach((call: Json, place) => {
      if (!isJsonObject(call)) throw new AnswerUnreadable('A tool call of the answer is no object.')
      this.#takeCall(call, `${path}/tool_calls/${toIndex(call['index'], place)}`)
    })
    const legacy = message['function_call'] ?? null
    if (legacy !== null) this.#takeCall({ function: legacy }, `${path}/function_call`)
  }

  #takeCall(call: JsonObject, path: string): void {
    this.#gatherPieces(call, callShape, path)
    const { function: declared = null, custom = null, id } = call
    if (isJsonObject(custom)) this.#calls.append(`${path}/custom`, { id, name: custom['name'], input: custom['input'] })
    if (!isJsonObject(declared)) return
    this.#calls.append(`${path}/function`, { id, name: declared['name'], input: declared['arguments'] })
  }

  #gatherPieces(value: JsonObject, shape: Shape, path: string): void {
    gatherText(value, shape, { path, found: this.#channels.append, foundKey: this.#channels.tell })
  }

  #finishReason(): string {
    const ended = [...this.#ends].filter(([, reason]) => reason !== '').toSorted(([one], [other]) => one - other)
    return ended[0]?.[1] ?? ''
  }
}

export function toIndex(value: Json | undefined, place: number): number {
  return typeof value === 'number' ? value : place
}

export function toReason({ finish_reason: reason }: JsonObject): string {
  return typeof reason === 'string' ? reason : ''
}

interface SeenChoices {
  readonly head: JsonObject
  /** By index, whether they have ended. */
  readonly choices: ReadonlyMap<number, boolean>
}

/** A choice that goes on with nothing, and one that begins with nothing. */
export interface EmptyChoices {
  readonly next: JsonObject
  readonly first: JsonObject
}

export function toClosing(object: string, { next, first }: EmptyChoices): Closing<SeenChoices> {
  return {
    nothing: { head: { id: '', object, created: 0, model: '' }, choices: new Map() },
    see: ({ head, choices: known }, chunk) => ({ head: seeHead(head, chunk), choices: seeChoices(known, chunk) }),
    endEarly: ({ head, choices }) => {
      const open = [...choices].filter(([, hasEnded]) => !hasEnded).map(([index]) => ({ ...next, index }))
      const ends = (choices.size === 0 ? [{ ...first, index: 0 }] : open).map((choice) =>
        toDataEvent({ ...head, choices: [{ ...choice, finish_reason: 'length' }] }),
      )
      return [...ends, 'data: [DONE]\n\n'].join('')
    },
    // Without `[DONE]`: what is refused has not come to its end.
    refuse: (_seen, error) => toDataEvent({ error }),
  }
}

function seeHead(head: JsonObject, chunk: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(head).map(([key, known]) => [key, chunk[key] ?? known]))
}

/** More than anybody asks for; each chunk copies them. */
const maxSeen = 256

function seeChoices(known: ReadonlyMap<number, boolean>, chunk: JsonObject): ReadonlyMap<number, boolean> {
  const said: readonly Json[] = Array.isArray(chunk['choices']) ? chunk['choices'] : []
  const changed = said.flatMap((choice, place) => {
    if (!isJsonObject(choice)) return []
    const index = toIndex(choice['index'], place)
    const hasEnded = toReason(choice) !== '' || known.get(index) === true
    const isTooMany = known.size >= maxSeen && !known.has(index)
    return isTooMany || known.get(index) === hasEnded ? [] : [[index, hasEnded] as const]
  })
  return changed.length === 0 ? known : new Map([...known, ...changed])
}
