// What an MCP server says: one message, or a stream of them. All text counts: results, descriptions of tools, errors, and what the
// server asks of the client on its own account.
import type { Json, JsonObject, ResponseFacts } from '../../../policy/model.ts'
import type { SseEvent } from '../framing/sse.ts'
import { SseReader } from '../framing/sse.ts'
import { openSseMask } from '../framing/sse-mask.ts'
import { isEventStream, readAnswerBody, readEventJson } from '../json/answer-json.ts'
import { freeKeys, gatherFields, gatherText } from '../json/gather-text.ts'
import { maskJsonBytes } from '../json/mask-body.ts'
import { isJsonObject, parseStrictJson } from '../json/strict-json.ts'
import type { AnswerFormat, AnswerHead, AnswerStream, Ending } from '../protocol.ts'
import { gatherBinaryText } from './binary-text.ts'
import { toErrorMessage } from './error.ts'
import { wire } from './keys.ts'
import type { MessageId } from './message.ts'
import { answerPlace } from './places.ts'

/** `id` of the request that is answered; absent where the stream answers none. */
export function toMcpAnswer(id: MessageId | undefined): AnswerFormat {
  return {
    readWhole,
    openStream: (head) => (isEventStream(head) ? new MessageStream(head.status, id) : undefined),
    maskWhole: (head, bytes, masks) => {
      const { json } = readAnswerBody(head, bytes)
      return maskJsonBytes(bytes, answerPlace(json, masks.start, id), masks)
    },
    // Every event is a message of its own; no text goes on in another one.
    openMask: (head, masks) => {
      if (!isEventStream(head)) return undefined
      return openSseMask(masks, { plan: ({ said }) => ({ places: answerPlace(said, masks.start, id), ends: [] }) })
    },
  }
}

function readWhole(head: AnswerHead, bytes: Uint8Array): ResponseFacts {
  const { text, json } = readAnswerBody(head, bytes)
  return json === undefined ? toFacts(head.status, [text], null) : toFacts(head.status, gatherMessage(json), json)
}

function toFacts(status: number, texts: readonly string[], body: Json): ResponseFacts {
  return { status, text: texts.join('\n'), toolCalls: [], finishReason: '', body }
}

const resultKey: ReadonlySet<string> = new Set(['result'])
const structuredKey: ReadonlySet<string> = new Set(['structuredContent'])

function gatherMessage(message: Json): readonly string[] {
  return [...gatherWords(message), ...gatherBinaryText(message)]
}

function gatherWords(message: Json): readonly string[] {
  if (Array.isArray(message)) return message.flatMap((one: Json) => gatherWords(one))
  if (!isJsonObject(message)) return gatherText(message, freeKeys)
  const { result } = message
  if (!isJsonObject(result)) return gatherFields(message, wire, new Set())
  const texts = [...gatherFields(message, wire, resultKey), ...gatherFields(result, wire, structuredKey)]
  return isRepeated(result) ? texts : [...texts, ...gatherText(result['structuredContent'], freeKeys)]
}

/** Servers say the same twice, as a value and as the JSON of it. Where escapes could hide a word in the one, both count. */
function isRepeated({ structuredContent = null, content }: JsonObject): boolean {
  if (structuredContent === null || !Array.isArray(content)) return false
  const same = JSON.stringify(structuredContent)
  return content.some((block: Json) => {
    const text = isJsonObject(block) && block['type'] === 'text' ? block['text'] : undefined
    if (typeof text !== 'string' || text.includes('\\')) return false
    const parsed = parseStrictJson(text)
    return 'value' in parsed && JSON.stringify(parsed.value) === same
  })
}

class MessageStream implements AnswerStream {
  readonly #status: number
  readonly #id: MessageId | undefined
  readonly #reader = new SseReader()
  readonly #texts: string[] = []

  constructor(status: number, id: MessageId | undefined) {
    this.#status = status
    this.#id = id
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#take(this.#reader.push(bytes))
  }

  end(): readonly Uint8Array[] {
    return this.#take(this.#reader.end())
  }

  facts(): ResponseFacts {
    return toFacts(this.#status, this.#texts, null)
  }

  close(ending: Ending): Uint8Array {
    const message = ending.kind === 'Refused' ? this.#toLastWord(ending) : this.#toSpent()
    return new TextEncoder().encode(message === undefined ? '' : `event: message\ndata: ${message}\n\n`)
  }

  /** A stream that answers no request has nobody to tell an error; clients show or ignore what a server logs. */
  #toLastWord({ refusal }: Extract<Ending, { kind: 'Refused' }>): string {
    if (this.#id !== undefined) return toErrorMessage(this.#id, refusal)
    const { code, message, policy, rule } = refusal
    const data = { code, message, ...(policy === undefined ? {} : { policy }), ...(rule === undefined ? {} : { rule }) }
    return JSON.stringify({
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { level: 'error', logger: 'portcullis', data },
    })
  }

  #toSpent(): string | undefined {
    if (this.#id === undefined) return undefined
    const message = 'The answer is longer than a limit allows.'
    return toErrorMessage(this.#id, { status: 429, code: 'limit_exceeded', message })
  }

  #take(events: readonly SseEvent[]): readonly Uint8Array[] {
    for (const { data, others = [] } of events) {
      for (const text of others) this.#texts.push(text)
      const message = readEventJson(data)
      if (message === undefined) continue
      for (const text of gatherMessage(message)) this.#texts.push(text)
    }
    return events.map(({ raw }) => raw)
  }
}
