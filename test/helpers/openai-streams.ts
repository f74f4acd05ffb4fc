// Streams of OpenAI's API as tests write and read them: of chosen texts cut into chosen pieces, and back.
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import type { AnswerFormat, AnswerHead } from '../../gateway/protocols/protocol.ts'
import { isJsonObject } from '../../gateway/protocols/json/strict-json.ts'

export const streamHead: AnswerHead = { status: 200, headers: { 'content-type': 'text/event-stream' } }

export function toEvent(data: JsonObject): string {
  const { type } = data
  return `${typeof type === 'string' ? `event: ${type}\n` : ''}data: ${JSON.stringify(data)}\n\n`
}

export const doneMark = 'data: [DONE]\n\n'

/** One chunk of a chat completion. */
export function toChunk(index: number, delta: JsonObject, finish: string | null = null): string {
  const choices = [{ index, delta, logprobs: null, finish_reason: finish }]
  return toEvent({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices })
}

/** What reaches the caller of what a model server sends, read by the protocol and then masked. */
export function maskStream(format: AnswerFormat, masks: TextMasks, events: readonly string[]): string {
  const stream = format.openStream(streamHead)
  const mask = format.openMask?.(streamHead, masks)
  if (stream === undefined || mask === undefined) throw new Error('the answer is no stream that can be masked')
  const read = [...events.flatMap((event) => [...stream.push(new TextEncoder().encode(event))]), ...stream.end()]
  const decoder = new TextDecoder()
  return [...read.map(mask.push), mask.end()].map((bytes) => decoder.decode(bytes)).join('')
}

/** The data of each event, but for marks. */
export function parseEvents(sent: string): readonly JsonObject[] {
  return sent
    .split('\n\n')
    .flatMap((event) => /^data: (.*)$/mu.exec(event)?.slice(1) ?? [])
    .filter((data) => data !== '[DONE]')
    .map((data) => {
      const said: Json = JSON.parse(data)
      if (!isJsonObject(said)) throw new Error('an event is no object')
      return said
    })
}

/** Follows names and numbers into a value. Undefined: there is nothing. */
export function at(value: Json | undefined, ...steps: readonly (string | number)[]): Json | undefined {
  return steps.reduce<Json | undefined>((inner, step) => {
    if (Array.isArray(inner)) return typeof step === 'number' ? inner[step] : undefined
    return isJsonObject(inner) ? inner[step] : undefined
  }, value)
}

/** The choice with this index in each chunk, in their order. */
export function choicesOf(sent: string, index: number): readonly JsonObject[] {
  return parseEvents(sent).flatMap(({ choices }) => {
    const list: readonly Json[] = Array.isArray(choices) ? choices : []
    return list.filter((choice) => isJsonObject(choice)).filter((choice) => choice['index'] === index)
  })
}

export function joinTexts(values: readonly (Json | undefined)[]): string {
  return values.filter((value) => typeof value === 'string').join('')
}
