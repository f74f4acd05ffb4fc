// A streamed message: named events, blocks that grow piece by piece under an index, a last word about why it ended. Text of an
// event that is not known here counts as text; what cannot be read ends the stream.
import type { Json, JsonObject, ResponseFacts } from '../../../policy/model.ts'
import { SseReader } from '../framing/sse.ts'
import type { SseEvent } from '../framing/sse.ts'
import { readEventJson } from '../json/answer-json.ts'
import { gatherFields, gatherText } from '../json/gather-text.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { AnswerStream, Ending } from '../protocol.ts'
import { Block } from './block.ts'
import { toErrorBody } from './error.ts'
import { wire } from './keys.ts'
import type { Counts } from './usage.ts'
import { mergeUsage, toUsage } from './usage.ts'

type Place = 'BeforeStart' | 'InMessage' | 'Stopping' | 'Ended'

/** How far a message has come, as its reader knows it. */
interface Progress {
  readonly place: Place
  /** Indexes of blocks that have begun and not ended. */
  readonly open: readonly number[]
  readonly outputTokens: number
}

const nothingSeen: Progress = { place: 'BeforeStart', open: [], outputTokens: 0 }

const none: ReadonlySet<string> = new Set()
const reasonKeys: ReadonlySet<string> = new Set(['stop_reason', 'stop_sequence'])

interface EventReader {
  readonly keys: ReadonlySet<string>
  readonly read: (event: JsonObject) => void
}

export class MessageStream implements AnswerStream {
  readonly #status: number
  readonly #reader = new SseReader()
  /** In the order in which they began; an index that begins anew is another block. */
  readonly #blocks: Block[] = []
  readonly #current = new Map<number, Block>()
  readonly #others: string[] = []
  #place: Place = 'BeforeStart'
  #finishReason = ''
  #counts: Counts = {}
  #isCounted = false
  /**
   * Whoever judges a stream asks for its facts, and then either lets go what they are of or closes: at a close that follows at
   * once, the caller has seen what had been judged before, and nothing later.
   */
  #isJudged = false
  #judged = nothingSeen
  #sent = nothingSeen

  /** The fields of an event that are read here; all others are gathered. */
  readonly #readers: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
    ['message_start', { keys: new Set(['message']), read: ({ message = null }) => this.#start(message) }],
    [
      'content_block_start',
      {
        keys: new Set(['content_block']),
        read: (event) => this.#begin(toIndex(event), event['content_block'] ?? null),
      },
    ],
    [
      'content_block_delta',
      { keys: new Set(['delta']), read: (event) => this.#blockAt(toIndex(event)).grow(event['delta'] ?? null) },
    ],
    ['content_block_stop', { keys: none, read: (event) => this.#current.get(toIndex(event))?.close() }],
    ['message_delta', { keys: new Set(['delta', 'usage']), read: (event) => this.#finish(event) }],
    ['message_stop', { keys: none, read: () => this.#end() }],
    ['error', { keys: none, read: () => this.#end() }],
  ])

  constructor(status: number) {
    this.#status = status
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#take(this.#reader.push(bytes))
  }

  end(): readonly Uint8Array[] {
    return this.#take(this.#reader.end())
  }

  facts(): ResponseFacts {
    this.#sent = this.#judged
    this.#judged = this.#toProgress()
    this.#isJudged = true
    // The first event tells counts of a message that has only begun; they are no sum of it.
    const usage = this.#isCounted ? toUsage(this.#counts) : undefined
    return {
      status: this.#status,
      text: [...this.#blocks.flatMap((block) => block.texts()), ...this.#others].join('\n'),
      toolCalls: this.#blocks.flatMap((block) => block.toolCalls()),
      finishReason: this.#finishReason,
      ...(usage === undefined ? {} : { usage }),
      body: null,
    }
  }

  close(ending: Ending): Uint8Array {
    const events =
      ending.kind === 'Refused'
        ? [['error', toErrorBody(ending.refusal)]]
        : this.#toEnd(this.#isJudged ? this.#sent : this.#toProgress())
    return new TextEncoder().encode(events.map(([name, data]) => `event: ${name}\ndata: ${data}\n\n`).join(''))
  }

  #toProgress(): Progress {
    const open = [...this.#current].filter(([, block]) => !block.isClosed).map(([index]) => index)
    return { place: this.#place, open, outputTokens: this.#counts['output_tokens'] ?? 0 }
  }

  /** What is missing until the end, as if the limit of tokens had been met. */
  #toEnd({ place, open, outputTokens }: Progress): readonly (readonly [string, string])[] {
    if (place === 'Ended') return []
    const stop = toEvent({ type: 'message_stop' })
    if (place === 'Stopping') return [stop]
    const start = { ...emptyMessage, usage: { input_tokens: 0, output_tokens: 0 } }
    return [
      ...(place === 'BeforeStart' ? [toEvent({ type: 'message_start', message: start })] : []),
      ...open.map((index) => toEvent({ type: 'content_block_stop', index })),
      toEvent({ ...outOfTokens, usage: { output_tokens: outputTokens } }),
      stop,
    ]
  }

  #take(events: readonly SseEvent[]): readonly Uint8Array[] {
    if (events.length > 0) this.#isJudged = false
    for (const event of events) {
      this.#say(event.others ?? [])
      this.#read(readData(event))
    }
    return events.map(({ raw }) => raw)
  }

  #read(data: Json | undefined): void {
    if (!isJsonObject(data)) return this.#say(gatherText(data, wire))
    const type = typeof data['type'] === 'string' ? data['type'] : ''
    const reader = this.#readers.get(type)
    this.#say(gatherFields(data, wire, reader?.keys ?? none))
    reader?.read(data)
  }

  #start(message: Json): void {
    this.#place = 'InMessage'
    if (isJsonObject(message)) this.#counts = mergeUsage(this.#counts, message['usage'])
    this.#say(gatherText(message, wire))
  }

  #begin(index: number, content: Json): void {
    const block = new Block(content)
    this.#blocks.push(block)
    this.#current.set(index, block)
  }

  #blockAt(index: number): Block {
    if (!this.#current.has(index)) this.#begin(index, null)
    return this.#current.get(index) ?? new Block(null)
  }

  #finish({ delta = null, usage }: JsonObject): void {
    this.#place = 'Stopping'
    this.#counts = mergeUsage(this.#counts, usage)
    this.#isCounted ||= usage !== undefined
    if (!isJsonObject(delta)) return this.#say(gatherText(delta, wire))
    const reason = delta['stop_reason']
    if (typeof reason === 'string') this.#finishReason ||= reason
    this.#say(gatherFields(delta, wire, reasonKeys))
  }

  #end(): void {
    this.#place = 'Ended'
  }

  #say(texts: readonly string[]): void {
    for (const text of texts) this.#others.push(text)
  }
}

const emptyMessage = {
  id: '',
  type: 'message',
  role: 'assistant',
  model: '',
  content: [],
  stop_reason: null,
  stop_sequence: null,
}

const outOfTokens = { type: 'message_delta', delta: { stop_reason: 'max_tokens', stop_sequence: null } }

/** Clients read an error's data even where it is no JSON. */
function readData({ event, data }: SseEvent): Json | undefined {
  return event === 'error' && data !== undefined && !data.trimStart().startsWith('{') ? data : readEventJson(data)
}

function toIndex({ index }: JsonObject): number {
  return typeof index === 'number' ? index : -1
}

function toEvent(data: { readonly type: string; readonly [key: string]: Json }): readonly [string, string] {
  return [data.type, JSON.stringify(data)]
}
