// The answer to a call, before the rules for answers: whole, or event by event as it would come. As in the gateway (gateway/answer/),
// an answer that no rule looks at passes unread, and one that cannot be read is refused where a rule should have looked.
import { toEmptyFacts, toUnreadable } from '../../gateway/answer/mode.ts'
import type { AnswerFormat } from '../../gateway/protocols/protocol.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import type { AnswerJudge } from '../../policy/evaluate.ts'
import type { Denied, ResponseFacts } from '../../policy/model.ts'
import type { AnswerMessage } from './messages.ts'

export interface JudgedAnswer {
  readonly answer: 'Released' | 'Denied'
  /** Absent beside `Denied`: it could not be read. */
  readonly denied?: Denied
  readonly shadow: readonly Denied[]
  /** What was judged last. */
  readonly facts?: ResponseFacts
  /** Why it could not be read. */
  readonly unreadable?: string
}

export function judgeAnswer(
  message: AnswerMessage,
  format: AnswerFormat | undefined,
  judge: AnswerJudge | undefined,
): JudgedAnswer {
  if (format === undefined || judge === undefined) return { answer: 'Released', shadow: [] }
  const asking = new Asking(judge)
  try {
    return readAndAsk(message, format, asking)
  } catch (error) {
    if (!(error instanceof AnswerUnreadable)) throw error
    // Policies in mode Audit never act: what they cannot see passes.
    const answer = judge.acts ? 'Denied' : 'Released'
    return { ...asking.last, answer, unreadable: toUnreadable(error).message }
  }
}

function readAndAsk({ head, pieces }: AnswerMessage, format: AnswerFormat, asking: Asking): JudgedAnswer {
  const body = Buffer.concat(pieces)
  // An answer without a body is the same in every protocol.
  if (body.byteLength === 0) return asking.ask(toEmptyFacts(head.status), false)
  const stream = format.openStream(head)
  if (stream === undefined) return asking.ask(format.readWhole(head, body), false)
  for (const piece of pieces) {
    stream.push(piece)
    const soFar = asking.cuts ? asking.ask(stream.facts(), true) : undefined
    if (soFar?.answer === 'Denied') return soFar
  }
  stream.end()
  return asking.ask(stream.facts(), false)
}

class Asking {
  readonly #judge: AnswerJudge
  last: JudgedAnswer = { answer: 'Released', shadow: [] }

  constructor(judge: AnswerJudge) {
    this.#judge = judge
  }

  get cuts(): boolean {
    return this.#judge.manner === 'Cut'
  }

  ask(facts: ResponseFacts, goesOn: boolean): JudgedAnswer {
    const { denied, shadow } = this.#judge.judge(facts, goesOn)
    const isDenied = this.#judge.acts && denied !== undefined
    this.last = { answer: isDenied ? 'Denied' : 'Released', ...(isDenied ? { denied } : {}), shadow, facts }
    return this.last
  }
}
