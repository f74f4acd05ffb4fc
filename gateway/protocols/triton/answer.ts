// Answers of Triton's generate extension: one JSON object with `text_output` and whatever else the model has, or a stream of server-sent
// events with one such object each. Pieces of one key belong together across events, so that nothing hides between two of them.
import type { Json, JsonObject, ResponseFacts } from '../../../policy/model.ts'
import type { SseEvent } from '../framing/sse.ts'
import { SseReader } from '../framing/sse.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { toFacts } from '../open-inference/answer.ts'
import { parseAnswerJson, readAnswerBody } from '../open-inference/answer-json.ts'
import { toErrorJson } from '../open-inference/error.ts'
import type { AnswerFormat, AnswerHead, AnswerStream, Ending } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { toTensors } from './generate.ts'

export const generateAnswer: AnswerFormat = {
  readWhole: (head, bytes) => {
    const { body, text } = readAnswerBody(head, bytes)
    const texts = new Texts()
    texts.take(body)
    return toFacts(head, { body, outputs: isJsonObject(body) ? toOutputs(body) : [], texts: [text, ...texts.list()] })
  },
  openStream: (head) =>
    /^text\/event-stream(?:[ \t]*;|$)/iu.test(head.headers['content-type'] ?? '')
      ? new GenerateStream(head)
      : undefined,
}

/** Which model it was, as every answer of Triton says. */
const names: ReadonlySet<string> = new Set(['model_name', 'model_version', 'id'])

function toOutputs(body: JsonObject): ReturnType<typeof toTensors> {
  return toTensors(body).filter(({ name }) => !names.has(name))
}

class GenerateStream implements AnswerStream {
  readonly #head: AnswerHead
  readonly #reader = new SseReader()
  readonly #texts = new Texts()

  constructor(head: AnswerHead) {
    this.#head = head
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#reader.push(bytes).map((event) => this.#take(event))
  }

  end(): readonly Uint8Array[] {
    return this.#reader.end().map((event) => this.#take(event))
  }

  #take({ raw, data }: SseEvent): Uint8Array {
    const body = data === undefined || data === '' ? null : parseAnswerJson(data)
    if (body === undefined) throw new AnswerUnreadable('The stream has an event that is not JSON that all read alike.')
    this.#texts.take(body)
    return raw
  }

  facts(): ResponseFacts {
    return toFacts(this.#head, { body: null, outputs: [], texts: this.#texts.list() })
  }

  /** The protocol has no word for a spent budget: the stream ends as it does when the model has finished. */
  close(ending: Ending): Uint8Array {
    if (ending.kind === 'BudgetSpent') return new Uint8Array()
    return new TextEncoder().encode(`data: ${toErrorJson(ending.refusal)}\n\n`)
  }
}

const maxPlaces = 10_000

/** Texts by the place in which they stand (keys quoted, so that no key is another place); what comes to a place continues it. */
class Texts {
  #byPlace = new Map<string, string>([['"text_output"', '']])

  take(body: Json): void {
    if (!isJsonObject(body)) return this.#visit(body, '')
    for (const [key, value] of Object.entries(body)) {
      if (!names.has(key) || typeof value !== 'string') this.#visit(value, JSON.stringify(key))
    }
  }

  list(): readonly string[] {
    return [...this.#byPlace.values()]
  }

  #visit(value: Json, place: string): void {
    if (typeof value === 'string') this.#add(place, value)
    else if (Array.isArray(value)) value.forEach((item: Json, i) => this.#visit(item, `${place}/${i}`))
    else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        const quoted = JSON.stringify(key)
        this.#byPlace.set(`${place}#${quoted}`, key)
        this.#visit(item, `${place}/${quoted}`)
      }
    }
  }

  #add(place: string, text: string): void {
    this.#byPlace.set(place, (this.#byPlace.get(place) ?? '') + text)
    if (this.#byPlace.size > maxPlaces) throw new AnswerUnreadable('The stream has more texts than can be told apart.')
  }
}
