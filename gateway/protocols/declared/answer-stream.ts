// An answer that comes in pieces, each a value or plain text. What stands at the same place of successive pieces is one text, because
// servers send words in fragments; each place is a text of its own.
import type { Json, ResponseFacts } from '../../../policy/model.ts'
import { parseStrictJson, tensorBounds } from '../json/strict-json.ts'
import type { AnswerStream, Ending, RenderError } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import type { Declaration } from './declaration.ts'
import type { Framing, Piece, PieceReader } from './framing.ts'
import { fieldsAt, walkPlaces } from './places.ts'

interface Growing {
  text: string
  readonly fields: readonly string[]
}

const maxPlaces = 2_000
const structured = /^[\s\ufeff]*[{["]/u
/** How OpenAI's streams end, and many that took after them. */
export const sentinel = '[DONE]'

const notJson = { refused: '' }

/** As far as a client would parse it; a fragment of text may begin like JSON and be none. */
export function isJson(data: string): boolean {
  if (!structured.test(data)) return false
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

export interface EventAnswerOptions {
  readonly status: number
  readonly framing: Framing
  readonly declaration: Declaration | undefined
  readonly renderError: RenderError
}

export class EventAnswer implements AnswerStream {
  readonly #options: EventAnswerOptions
  readonly #reader: PieceReader
  readonly #whole: readonly string[]
  readonly #places = new Map<string, Growing>()

  constructor(options: EventAnswerOptions) {
    this.#options = options
    this.#reader = options.framing.open()
    this.#whole = options.declaration?.wholeText === undefined ? [] : [options.declaration.wholeText]
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#take(this.#reader.push(bytes))
  }

  end(): readonly Uint8Array[] {
    return this.#take(this.#reader.end())
  }

  facts(): ResponseFacts {
    const { status, declaration } = this.#options
    const places = [...this.#places.values()]
    const fieldsOf = (name: string): readonly string[] =>
      places.filter(({ fields }) => fields.includes(name)).map(({ text }) => text)
    return {
      status,
      text: places.map(({ text }) => text).join('\n'),
      toolCalls: [],
      finishReason: '',
      ...(declaration && {
        fields: Object.fromEntries(declaration.fields.map((name) => [name, fieldsOf(name)])),
      }),
      body: null,
    }
  }

  /** Nobody knows how this API would say that its budget is spent: it ends. */
  close(ending: Ending): Uint8Array {
    if (ending.kind === 'BudgetSpent') return new Uint8Array()
    const { framing, renderError } = this.#options
    return new TextEncoder().encode(framing.toError(renderError(ending.refusal).body))
  }

  #take(pieces: readonly Piece[]): readonly Uint8Array[] {
    for (const piece of pieces) this.#gather(piece)
    return pieces.map(({ raw }) => raw)
  }

  #gather({ event, data, others = [] }: Piece): void {
    for (const line of others) this.#add('line', `${line}\n`, this.#whole)
    if (event !== '') this.#set(`event ${event}`, event)
    if (data === undefined || data === sentinel) return
    const parsed = structured.test(data) ? parseStrictJson(data.trim(), tensorBounds) : notJson
    if ('value' in parsed) return this.#gatherValue(parsed.value)
    if (isJson(data)) throw new AnswerUnreadable('The answer has a piece of JSON that not every reader reads alike.')
    return this.#add('', data, this.#whole)
  }

  #gatherValue(value: Json): void {
    walkPlaces(value, this.#options.declaration?.places, {
      text: (text, place) => this.#add(`text ${place.path}`, text, [...fieldsAt(place), ...this.#whole]),
      key: (key) => this.#set(`key ${key}`, key),
    })
  }

  #add(place: string, text: string, fields: readonly string[]): void {
    const growing = this.#places.get(place)
    if (growing === undefined) this.#open(place, { text, fields })
    else growing.text += text
  }

  /** The same in each piece: it counts once. */
  #set(place: string, text: string): void {
    if (!this.#places.has(place)) this.#open(place, { text, fields: [] })
  }

  #open(place: string, growing: Growing): void {
    if (this.#places.size === maxPlaces)
      throw new AnswerUnreadable(`The answer has text at more than ${maxPlaces} places.`)
    this.#places.set(place, growing)
  }
}
