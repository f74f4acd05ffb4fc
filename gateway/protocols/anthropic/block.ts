// One block of a streamed message while it grows. Pieces of one kind are one text, however they were cut.
import type { Json, JsonObject, ToolCallFacts } from '../../../policy/model.ts'
import { toInput } from '../json/fields.ts'
import { gatherFields, gatherText, isSealed } from '../json/gather-text.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { callTypes } from './content.ts'
import { wire } from './keys.ts'

const inputKey: ReadonlySet<string> = new Set(['input'])
const none: ReadonlySet<string> = new Set()

export class Block {
  readonly #first: Json
  readonly #isCall: boolean
  /** By the field that grows: `text`, `thinking` ... What it began with is its first piece. */
  readonly #grown = new Map<string, string>()
  readonly #others: string[] = []
  #input: Json | undefined
  isClosed = false

  constructor(first: Json) {
    this.#first = first
    const type = isJsonObject(first) ? first['type'] : undefined
    this.#isCall = typeof type === 'string' && callTypes.has(type)
    if (!isJsonObject(first)) {
      this.#say(gatherText(first, wire))
      return
    }
    // A block of text has its text under the name of its type, and so have those of thoughts.
    const begun = typeof type === 'string' ? first[type] : undefined
    const grows = typeof begun === 'string' ? type : undefined
    if (typeof grows === 'string') this.#grow(grows, readWord(first, grows))
    this.#others.push(
      ...gatherFields(first, wire, this.#isCall ? inputKey : new Set(typeof grows === 'string' ? [grows] : [])),
    )
  }

  grow(delta: Json): void {
    if (!isJsonObject(delta)) {
      this.#say(gatherText(delta, wire))
      return
    }
    for (const [key, value] of Object.entries(delta)) {
      if (typeof value === 'string' && key !== 'type') this.#grow(key, value)
      else this.#say(gatherFields({ [key]: value }, wire, none))
    }
  }

  close(): void {
    this.isClosed = true
  }

  texts(): readonly string[] {
    const grown = [...this.#grown]
      .filter(([key, text]) => text !== '' && !(this.#isCall && key === 'partial_json'))
      .filter(([key, text]) => !(wire.sealed.has(key) && isSealed(text)))
    return [...grown.map(([, text]) => text), ...this.#others]
  }

  toolCalls(): readonly ToolCallFacts[] {
    if (!this.#isCall || !isJsonObject(this.#first)) return []
    const text = this.#grown.get('partial_json') ?? ''
    return [{ id: readWord(this.#first, 'id'), name: readWord(this.#first, 'name'), ...this.#toInput(text) }]
  }

  /** Servers that do not stream the input tell it when the block begins. */
  #toInput(text: string): Pick<ToolCallFacts, 'arguments' | 'input'> {
    const first = isJsonObject(this.#first) ? (this.#first['input'] ?? null) : null
    if (text === '') return { arguments: JSON.stringify(first), input: first }
    // Half of a value is none; the whole is read once.
    if (this.isClosed) this.#input ??= toInput(text)
    return { arguments: text, input: this.#input ?? null }
  }

  /** Not spread into one call: a hostile event has more texts than a call takes arguments. */
  #say(texts: readonly string[]): void {
    for (const text of texts) this.#others.push(text)
  }

  #grow(key: string, piece: string): void {
    this.#grown.set(key, (this.#grown.get(key) ?? '') + piece)
  }
}

function readWord(from: JsonObject, key: string): string {
  const value = from[key]
  return typeof value === 'string' ? value : ''
}
