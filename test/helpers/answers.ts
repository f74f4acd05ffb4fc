// A small protocol of answers, and a model server without sockets: what it sends and when is the test's to say.
import type { Forwarded, UpstreamCall } from '../../gateway/upstream/call.ts'
import type { CallerSignal, ReplyHeaders, ReplySink } from '../../gateway/exchange.ts'
import { GatewayError } from '../../gateway/errors.ts'
import { SseReader } from '../../gateway/protocols/framing/sse.ts'
import type { AnswerFormat } from '../../gateway/protocols/protocol.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import type { AnswerJudge } from '../../policy/evaluate.ts'
import type { Denied, ResponseFacts } from '../../policy/model.ts'

function toFacts(status: number, text: string): ResponseFacts {
  if (text.includes('GARBAGE')) throw new AnswerUnreadable('it is garbage.')
  const usage = /USAGE (\d+) (\d+)/u.exec(text)
  return {
    status,
    text,
    toolCalls: [],
    finishReason: '',
    body: null,
    ...(usage === null ? {} : { usage: { inputTokens: Number(usage[1]), outputTokens: Number(usage[2]) } }),
  }
}

/** Text as it stands, or the data of server-sent events. `GARBAGE` in it cannot be read, `USAGE 3 4` is what it cost. */
export const plainFormat: AnswerFormat = {
  readWhole: ({ status }, body) => toFacts(status, Buffer.from(body).toString()),
  openStream: ({ status, headers }) => {
    if (!headers['content-type']?.startsWith('text/event-stream')) return undefined
    const reader = new SseReader()
    let text = ''
    const read = (events: ReturnType<SseReader['push']>): readonly Uint8Array[] =>
      events.map(({ raw, data }) => {
        toFacts(status, data ?? '')
        text += data ?? ''
        return raw
      })
    return {
      push: (bytes) => read(reader.push(bytes)),
      end: () => read(reader.end()),
      facts: () => toFacts(status, text),
      close: (ending) =>
        Buffer.from(ending.kind === 'Refused' ? `data: [${ending.refusal.code}]\n\n` : 'data: [length]\n\n'),
    }
  },
}

export const eventStream = { 'content-type': 'text/event-stream' }
export const plainText = { 'content-type': 'text/plain' }

export function toEvents(...words: readonly string[]): Buffer {
  return Buffer.from(words.map((word) => `data: ${word}\n\n`).join(''))
}

const denied: Denied = {
  effect: 'Deny',
  reason: 'DeniedByRule',
  policy: 'team-a/answers',
  rule: 'words',
  message: 'No.',
}

interface JudgeOptions {
  readonly manner?: AnswerJudge['manner']
  readonly mode?: 'Enforce' | 'Audit'
}

export interface CountingJudge extends AnswerJudge {
  /** The texts it was shown. */
  readonly shown: string[]
}

/** Denies an answer that holds `word`. */
export function denyWord(word: string, { manner = 'Cut', mode = 'Enforce' }: JudgeOptions = {}): CountingJudge {
  const shown: string[] = []
  return {
    manner,
    acts: mode === 'Enforce',
    shown,
    judge: ({ text }) => {
      shown.push(text)
      if (!text.includes(word)) return { shadow: [] }
      return mode === 'Enforce' ? { denied, shadow: [] } : { shadow: [denied] }
    },
  }
}

export interface FakeAnswer {
  readonly status?: number
  readonly headers?: ReplyHeaders
  readonly pieces: readonly Uint8Array[]
  /** After the last piece it breaks off. */
  readonly breaks?: GatewayError
}

export interface FakeModel {
  readonly forward: (permit: unknown, call: UpstreamCall, reply: ReplySink) => Promise<Forwarded>
  /** Pieces that were taken. */
  readonly sent: () => number
  readonly cancelled: () => boolean
}

/** Sends as transfer.ts does: piece by piece, pausing where the sink asks for it, cut where nobody waits any more. */
export function makeModel(answer: FakeAnswer): FakeModel {
  const sending = new Sending(answer)
  return {
    forward: async (_permit, { signal }, reply) => sending.begin(signal, reply),
    sent: () => sending.sent,
    cancelled: () => sending.cancelled,
  }
}

class Sending {
  readonly #answer: FakeAnswer
  readonly #settled = Promise.withResolvers<Forwarded>()
  #reply: ReplySink | undefined
  #over = false
  sent = 0
  cancelled = false

  constructor(answer: FakeAnswer) {
    this.#answer = answer
  }

  async begin(signal: CallerSignal, reply: ReplySink): Promise<Forwarded> {
    const { status = 200, headers = eventStream } = this.#answer
    const leave = (): void => {
      this.cancelled = !this.#over
      this.#cut(new GatewayError('client_closed', 'The caller went away.'))
    }
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    if (!this.#over) reply.head(status, headers)
    this.#reply = reply
    this.#pump()
    return this.#settled.promise
  }

  readonly #pump = (): void => {
    const { pieces, breaks } = this.#answer
    while (!this.#over && this.sent < pieces.length) {
      const piece = pieces[this.sent] ?? new Uint8Array()
      this.sent += 1
      if (this.#reply?.write(piece) === false && !this.#over) {
        this.#reply.onDrain(this.#pump)
        return
      }
    }
    if (this.#over) return
    if (breaks !== undefined) {
      this.#cut(breaks)
      return
    }
    this.#reply?.end()
    this.#over = true
    this.#settled.resolve(this.#toForwarded())
  }

  #cut(error: GatewayError): void {
    if (this.#over) return
    this.#over = true
    if (this.#reply === undefined) {
      this.#settled.reject(error)
      return
    }
    this.#reply.destroy()
    this.#settled.resolve({ ...this.#toForwarded(), outcome: 'Cut', error })
  }

  #toForwarded(): Forwarded {
    return { outcome: 'Completed', status: this.#answer.status ?? 200, endpoint: 'e', responseBytes: this.sent }
  }
}
