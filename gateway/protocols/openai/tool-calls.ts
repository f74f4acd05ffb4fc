// Tool calls of an answer, whole or in the pieces of a stream. Clients differ in how they join ids and names, so a call that changes
// either is one that they would not all read alike.
import type { Json, ToolCallFacts } from '../../../policy/model.ts'
import { toInput } from '../json/fields.ts'
import { AnswerUnreadable } from '../protocol.ts'

export interface CallPiece {
  readonly id?: Json | undefined
  readonly name?: Json | undefined
  /** Text as it is; of any other value its JSON. */
  readonly input?: Json | undefined
}

interface Call {
  readonly id: string
  readonly name: string
  readonly text: string
}

const maxCalls = 1_000

export class ToolCalls {
  readonly #calls = new Map<string, Call>()

  /** The pieces of one call have one path. Some servers make a new id for each piece; a name in it would begin another call. */
  append(path: string, { id, name, input }: CallPiece): void {
    const call = this.#callAt(path)
    const known = call.id !== '' && toText(name) === '' ? call.id : join(call.id, id)
    this.#calls.set(path, { id: known, name: join(call.name, name), text: call.text + toText(input) })
  }

  /**
   * The whole of a call whose pieces may have come before. What is no text has no pieces: it grows while the call goes on, and what
   * it was before is given back.
   */
  settle(path: string, { id, name, input }: CallPiece): string {
    const call = this.#callAt(path)
    const text = toText(input)
    const isOther = call.text !== '' && text !== '' && text !== call.text
    if (isOther && typeof input === 'string') {
      throw new AnswerUnreadable('The stream ends a tool call with other arguments than its pieces had.')
    }
    this.#calls.set(path, { id: join(call.id, id), name: join(call.name, name), text: text === '' ? call.text : text })
    return isOther ? call.text : ''
  }

  #callAt(path: string): Call {
    const known = this.#calls.get(path)
    if (known === undefined && this.#calls.size >= maxCalls) {
      throw new AnswerUnreadable(`The answer has more than ${maxCalls} tool calls.`)
    }
    return known ?? { id: '', name: '', text: '' }
  }

  has({ name, input }: CallPiece): boolean {
    return [...this.#calls.values()].some((call) => call.name === name && call.text === toText(input))
  }

  list(): readonly ToolCallFacts[] {
    return [...this.#calls.values()].map(({ id, name, text }) => ({ id, name, arguments: text, input: toInput(text) }))
  }
}

export function toText(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function join(known: string, said: Json | undefined): string {
  const told = toText(said)
  if (told === '' || told === known) return known
  if (known === '') return told
  throw new AnswerUnreadable('A tool call of the answer changes its name or id.')
}
