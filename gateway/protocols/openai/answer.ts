// What the answers of all operations have in common: whole as JSON, as a stream of events that end in `[DONE]`, or as an error in
// whatever form a model server gives.
import type { Place } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json, JsonObject, ResponseFacts, Usage } from '../../../policy/model.ts'
import type { SseEvent } from '../framing/sse.ts'
import { SseReader } from '../framing/sse.ts'
import { openSseMask, type SsePlans } from '../framing/sse-mask.ts'
import { maskJsonBytes } from '../json/mask-body.ts'
import type { JsonBounds } from '../json/strict-json.ts'
import { isJsonObject, parseStrictJson } from '../json/strict-json.ts'
import type { AnswerFormat, AnswerHead, AnswerStream, Ending } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { toErrorObject } from './error.ts'
import type { Shape } from './gather.ts'
import { listText } from './gather.ts'

export type Spoken = Pick<ResponseFacts, 'text' | 'toolCalls' | 'finishReason' | 'usage'>

/** What has been said so far. A whole answer is one taking. */
export interface Transcript {
  /** Throws AnswerUnreadable. */
  readonly take: (said: JsonObject, event: string) => void
  /** Text outside of every object that is known. */
  readonly tell: (text: string) => void
  readonly spoken: () => Spoken
}

/** How a stream is ended for clients that have seen some of it. */
export interface Closing<Seen> {
  readonly nothing: Seen
  readonly see: (seen: Seen, said: JsonObject, event: string) => Seen
  /** Events that end what is open, as if the model had met its own limit of tokens; empty when all has ended. */
  readonly endEarly: (seen: Seen) => string
  /** The event that SDKs raise as an error. */
  readonly refuse: (seen: Seen, error: JsonObject) => string
}

export const errorShape: Shape = { message: 'Text', type: 'Quiet', code: 'Quiet', param: 'Quiet' }

/** Where texts stand in the answer. Without `plans` the operation does not stream. */
export interface AnswerMasking {
  readonly whole: (masks: TextMasks) => Place
  readonly plans?: (masks: TextMasks) => SsePlans
}

/** Each answer has a transcript of its own. Without `closing` the operation does not stream. */
export function toAnswerFormat<Seen>(
  open: () => Transcript,
  { whole, plans }: AnswerMasking,
  closing?: Closing<Seen>,
): AnswerFormat {
  return {
    readWhole: (head, bytes) => readWhole(head, bytes, open()),
    openStream: (head) => (closing && isStream(head) ? new Events(head.status, open(), closing) : undefined),
    maskWhole: (_head, bytes, masks) => maskJsonBytes(withoutMark(bytes), whole(masks), masks),
    openMask: (head, masks) => (plans && isStream(head) ? openSseMask(masks, plans(masks)) : undefined),
  }
}

/** SDKs read errors whole, whatever they say that they are. */
function isStream(head: AnswerHead): boolean {
  return head.status < 400 && hasType(head, eventStream)
}

/** JSON has no byte order mark; the reader has looked past it. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

const json = /^application\/(?:[\w.-]+\+)?json[ \t]*(?:;|$)/iu
const eventStream = /^text\/event-stream[ \t]*(?:;|$)/iu

function hasType({ headers }: AnswerHead, type: RegExp): boolean {
  return type.test(headers['content-type'] ?? '')
}

/** Vectors and probabilities have many more values than requests; there is a bound, because reading holds up other calls. */
const bounds: JsonBounds = { values: 4_000_000, containers: 400_000, keys: 400_000 }

function readWhole(head: AnswerHead, bytes: Uint8Array, transcript: Transcript): ResponseFacts {
  const text = decode(bytes)
  const failed = head.status >= 400
  if (!failed && text !== '' && !hasType(head, json)) {
    throw new AnswerUnreadable('The answer is neither JSON nor a stream of events.')
  }
  const body = text === '' ? undefined : parseWhole(text, failed)
  if (isJsonObject(body)) transcript.take(body, '')
  // A list of errors, or a page in HTML: readers see it as it is.
  else if (body === undefined) transcript.tell(text)
  else if (failed) for (const one of listText(body, { error: errorShape })) transcript.tell(one)
  else throw new AnswerUnreadable('The answer is no JSON object.')
  return { status: head.status, ...transcript.spoken(), body: body ?? null }
}

/** Undefined: no JSON, which only errors may be. */
function parseWhole(text: string, failed: boolean): Json | undefined {
  const parsed = parseStrictJson(text, bounds)
  if ('value' in parsed) return parsed.value
  if (failed && !isJson(text)) return undefined
  throw new AnswerUnreadable('The answer is not JSON that every reader reads alike.')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AnswerUnreadable('The answer is not valid UTF-8.', { cause })
  }
}

/** What a client may have seen, and whether `[DONE]` was in it. */
interface Progress<Seen> {
  readonly seen: Seen
  readonly isDone: boolean
}

class Events<Seen> implements AnswerStream {
  readonly #status: number
  readonly #transcript: Transcript
  readonly #closing: Closing<Seen>
  readonly #reader = new SseReader()
  /**
   * Whoever judges a stream asks for its facts, and then either lets go what they are of or closes. So at a close that follows at
   * once, the client has seen what had been judged before, and nothing later.
   */
  #latest: Progress<Seen>
  #judged: Progress<Seen>
  #sent: Progress<Seen>
  #isJudged = false

  constructor(status: number, transcript: Transcript, closing: Closing<Seen>) {
    this.#status = status
    this.#transcript = transcript
    this.#closing = closing
    this.#latest = { seen: closing.nothing, isDone: false }
    this.#judged = this.#latest
    this.#sent = this.#latest
  }

  readonly push = (bytes: Uint8Array): readonly Uint8Array[] => this.#take(this.#reader.push(bytes))

  readonly end = (): readonly Uint8Array[] => this.#take(this.#reader.end())

  readonly facts = (): ResponseFacts => {
    this.#sent = this.#judged
    this.#judged = this.#latest
    this.#isJudged = true
    return { status: this.#status, ...this.#transcript.spoken(), body: null }
  }

  readonly sent = (): void => {
    this.#sent = this.#latest
    this.#judged = this.#latest
  }

  readonly close = (ending: Ending): Uint8Array => {
    const { seen, isDone } = this.#isJudged ? this.#sent : this.#latest
    if (isDone) return new Uint8Array()
    const { endEarly, refuse } = this.#closing
    const events = ending.kind === 'BudgetSpent' ? endEarly(seen) : refuse(seen, toErrorObject(ending.refusal))
    return new TextEncoder().encode(events)
  }

  #take(events: readonly SseEvent[]): readonly Uint8Array[] {
    if (events.length > 0) this.#isJudged = false
    for (const event of events) this.#takeOne(event)
    return events.map(({ raw }) => raw)
  }

  /** SDKs stop at `[DONE]`, others may not: what comes after it is judged too. */
  #takeOne({ event, data, others = [] }: SseEvent): void {
    for (const line of others) this.#takeLine(line)
    if (data === '[DONE]') this.#latest = { ...this.#latest, isDone: true }
    else if (data !== undefined && data !== '') this.#takeData(data, event)
  }

  #takeData(data: string, event: string): void {
    const parsed = parseStrictJson(data, bounds)
    if ('refused' in parsed) throw new AnswerUnreadable('The stream has an event that is not JSON that all read alike.')
    if (isJsonObject(parsed.value)) {
      this.#transcript.take(parsed.value, event)
      this.#latest = { ...this.#latest, seen: this.#closing.see(this.#latest.seen, parsed.value, event) }
    } else for (const text of listText(parsed.value, 'Text')) this.#transcript.tell(text)
  }

  /** Some servers tell their errors in a field of their own beside `data`. */
  #takeLine(line: string): void {
    const said = /^error:[ ]?(.*)$/u.exec(line)?.[1]
    const parsed = said === undefined ? undefined : parseStrictJson(said)
    const texts = parsed !== undefined && 'value' in parsed ? listText(parsed.value, errorShape) : [said ?? line]
    for (const text of texts) this.#transcript.tell(text)
  }
}

/** One event without a name, as chat completions and completions have them. */
export function toDataEvent(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

/** Undefined: the server does not tell, or not in whole numbers. */
export function toUsage(value: Json | undefined, inputKey: string, outputKey: string): Usage | undefined {
  if (!isJsonObject(value)) return undefined
  const inputTokens = toCount(value[inputKey])
  const outputTokens = toCount(value[outputKey] ?? 0)
  return inputTokens === undefined || outputTokens === undefined ? undefined : { inputTokens, outputTokens }
}

function toCount(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
