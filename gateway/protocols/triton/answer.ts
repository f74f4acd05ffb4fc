// Answers of Triton's generate extension: one JSON object with `text_output` and whatever else the model has, or a stream of server-sent
// events with one such object each. Pieces of one key belong together across events, so that nothing hides between two of them.
import type { Json, ResponseFacts, TensorFacts } from '../../../policy/model.ts'
import type { SseEvent } from '../framing/sse.ts'
import { SseReader } from '../framing/sse.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { toFacts } from '../open-inference/answer.ts'
import { parseAnswerJson, readAnswerBody } from '../open-inference/answer-json.ts'
import { toErrorJson } from '../open-inference/error.ts'
import type { AnswerFormat, AnswerHead, AnswerStream, Ending } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { toTensors } from './generate.ts'
import { maskGenerated, openGeneratedMask } from './mask-answer.ts'

export const generateAnswer: AnswerFormat = {
  readWhole: (head, bytes) => {
    const { body, text } = readAnswerBody(head, bytes)
    const said = new Said()
    said.take(body)
    return toFacts(head, { body, outputs: said.outputs(), texts: [text, ...said.texts()] })
  },
  openStream: (head) => (isEventStream(head) ? new GenerateStream(head) : undefined),
  maskWhole: maskGenerated,
  openMask: (head, masks) => (isEventStream(head) ? openGeneratedMask(masks) : undefined),
}

function isEventStream({ headers }: AnswerHead): boolean {
  return /^text\/event-stream(?:[ \t]*;|$)/iu.test(headers['content-type'] ?? '')
}

class GenerateStream implements AnswerStream {
  readonly #head: AnswerHead
  readonly #reader = new SseReader()
  readonly #said = new Said()

  constructor(head: AnswerHead) {
    this.#head = head
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#reader.push(bytes).map((event) => this.#take(event))
  }

  end(): readonly Uint8Array[] {
    return this.#reader.end().map((event) => this.#take(event))
  }

  #take({ raw, data, others = [] }: SseEvent): Uint8Array {
    for (const text of others) this.#said.take(text)
    const body = data === undefined || data === '' ? null : parseAnswerJson(data)
    if (body === undefined) throw new AnswerUnreadable('The stream has an event that is not JSON that all read alike.')
    this.#said.take(body)
    return raw
  }

  facts(): ResponseFacts {
    return toFacts(this.#head, { body: null, outputs: this.#said.outputs(), texts: this.#said.texts() })
  }

  /** The protocol has no word for a spent budget: the stream ends as it does when the model has finished. */
  close(ending: Ending): Uint8Array {
    if (ending.kind === 'BudgetSpent') return new Uint8Array()
    return new TextEncoder().encode(`data: ${toErrorJson(ending.refusal)}\n\n`)
  }
}

const maxPlaces = 10_000

/** Which model it was, as every answer of Triton says, and that it failed: no tensors. */
const notTensors: ReadonlySet<string> = new Set(['model_name', 'model_version', 'id', 'error'])

/** Of one answer or of all events so far; what comes to a place later continues what was there. */
class Said {
  /** By the place in which they stand, its keys quoted, so that no key looks like another place. */
  #texts = new Map<string, string>([['"text_output"', '']])
  #outputs = new Map<string, TensorFacts>()

  take(body: Json): void {
    if (!isJsonObject(body)) return this.#visit(body, '')
    for (const [key, value] of Object.entries(body)) {
      const isName = notTensors.has(key) && key !== 'error' && typeof value === 'string'
      if (!isName) this.#visit(value, JSON.stringify(key))
    }
    for (const tensor of toTensors(body)) if (!notTensors.has(tensor.name)) this.#continueOutput(tensor)
    if (this.#texts.size + this.#outputs.size > maxPlaces) {
      throw new AnswerUnreadable('The answer has more texts than can be told apart.')
    }
  }

  texts(): readonly string[] {
    return [...this.#texts.values()]
  }

  outputs(): readonly TensorFacts[] {
    return [...this.#outputs.values()]
  }

  #visit(value: Json, place: string): void {
    if (typeof value === 'string') this.#texts.set(place, (this.#texts.get(place) ?? '') + value)
    else if (Array.isArray(value)) value.forEach((item: Json, i) => this.#visit(item, `${place}/${i}`))
    else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        const quoted = JSON.stringify(key)
        this.#texts.set(`${place}#${quoted}`, key)
        this.#visit(item, `${place}/${quoted}`)
      }
    }
  }

  /** Its texts run on, value by value; the counts are those of all events. */
  #continueOutput({ name, datatype, elements, bytes, text }: TensorFacts): void {
    const before = this.#outputs.get(name)
    const count = (before?.elements ?? 0) + elements
    this.#outputs.set(name, {
      name,
      datatype: datatype === '' ? (before?.datatype ?? '') : datatype,
      shape: [count],
      elements: count,
      bytes: (before?.bytes ?? 0) + bytes,
      text: runOn(before?.text ?? [], text),
    })
  }
}

function runOn(before: readonly string[], after: readonly string[]): readonly string[] {
  const length = Math.max(before.length, after.length)
  return Array.from({ length }, (_, i) => (before[i] ?? '') + (after[i] ?? ''))
}
