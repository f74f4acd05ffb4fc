// What the client of a stream of Responses has seen, so that the stream can be ended as if the model had met its limit: what is open
// is closed, and the last event repeats all that was said.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { Closing } from './answer.ts'

interface Part {
  readonly part: JsonObject
  readonly isDone: boolean
}

interface Item {
  readonly item: JsonObject
  readonly isDone: boolean
  readonly parts: ReadonlyMap<number, Part>
}

const ends: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error'])

const unsaid: JsonObject = {
  id: 'resp_portcullis',
  object: 'response',
  created_at: 0,
  status: 'in_progress',
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model: '',
  output: [],
  parallel_tool_calls: true,
  temperature: null,
  tool_choice: 'auto',
  tools: [],
  top_p: null,
}

interface SeenResponse {
  readonly response: JsonObject | undefined
  readonly items: ReadonlyMap<number, Item>
  readonly nextNumber: number
  readonly hasEnded: boolean
}

export const responseClosing: Closing<SeenResponse> = {
  nothing: { response: undefined, items: new Map(), nextNumber: 0, hasEnded: false },
  see: (seen, said, event) => {
    const { type = event, sequence_number: number, response } = said
    return {
      response: isJsonObject(response) ? response : seen.response,
      items: seeItem(seen.items, toText(type), said),
      nextNumber: typeof number === 'number' ? Math.max(seen.nextNumber, number + 1) : seen.nextNumber,
      hasEnded: seen.hasEnded || ends.has(toText(type)),
    }
  },
  endEarly,
  // As OpenAI sends it, and flat as its SDKs describe it.
  refuse: ({ nextNumber }, error) => {
    const { code = null, message = '' } = error
    return toEvents(nextNumber, [{ type: 'error', code, message, param: null, error }])
  },
}

function endEarly({ response, items, nextNumber, hasEnded }: SeenResponse): string {
  if (hasEnded) return ''
  const { closing, output } = closeItems(items)
  const last = {
    ...(response ?? unsaid),
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output,
  }
  const created = response === undefined ? [{ type: 'response.created', response: unsaid }] : []
  return toEvents(nextNumber, [...created, ...closing, { type: 'response.incomplete', response: last }])
}

function toEvents(nextNumber: number, events: readonly JsonObject[]): string {
  return events.map((event, i) => toEvent({ ...event, sequence_number: nextNumber + i })).join('')
}

/** Calls that are not whole are left out: somebody might carry them out. */
function closeItems(items: ReadonlyMap<number, Item>): {
  readonly closing: readonly JsonObject[]
  readonly output: readonly JsonObject[]
} {
  const closing: JsonObject[] = []
  const output: JsonObject[] = []
  for (const [index, { item, isDone, parts }] of [...items].toSorted(([one], [other]) => one - other)) {
    if (isDone) output.push(item)
    else if (item['type'] === 'message') {
      const place = { item_id: item['id'] ?? '', output_index: index }
      for (const [content_index, part] of parts) closing.push(...closePart(part, { ...place, content_index }))
      const closed = { ...item, status: 'incomplete', content: toParts(item, parts) }
      closing.push({ type: 'response.output_item.done', output_index: index, item: closed })
      output.push(closed)
    }
  }
  return { closing, output }
}

function toParts(item: JsonObject, parts: Item['parts']): Json {
  return parts.size === 0 ? (item['content'] ?? []) : [...parts.values()].map(({ part }) => part)
}

/** Of items, and of parts in one; more than anybody reads. Each event copies them. */
const maxSeen = 256

function withOne<T>(known: ReadonlyMap<number, T>, index: number, one: T): ReadonlyMap<number, T> {
  return known.size >= maxSeen && !known.has(index) ? known : new Map([...known, [index, one]])
}

function seeItem(items: ReadonlyMap<number, Item>, type: string, said: JsonObject): ReadonlyMap<number, Item> {
  const { output_index: index } = said
  const item = typeof index === 'number' ? applyToItem(items.get(index), type, said) : undefined
  return item === undefined || typeof index !== 'number' ? items : withOne(items, index, item)
}

function toEvent(event: JsonObject): string {
  return `event: ${toText(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`
}

function applyToItem(known: Item | undefined, type: string, said: JsonObject): Item | undefined {
  const { item, content_index: place } = said
  if (type.startsWith('response.output_item.') && isJsonObject(item)) {
    return { item, isDone: type.endsWith('.done'), parts: known?.parts ?? new Map() }
  }
  if (known === undefined || typeof place !== 'number') return undefined
  const part = applyToPart(known.parts.get(place), type, said)
  return part && { ...known, parts: withOne(known.parts, place, part) }
}

function applyToPart(known: Part | undefined, type: string, { part, delta }: JsonObject): Part | undefined {
  if (type.startsWith('response.content_part.') && isJsonObject(part)) return { part, isDone: type.endsWith('.done') }
  const field = type === 'response.output_text.delta' ? 'text' : 'refusal'
  if (field === 'refusal' && type !== 'response.refusal.delta') return undefined
  if (known === undefined || typeof delta !== 'string') return undefined
  return { ...known, part: { ...known.part, [field]: toText(known.part[field]) + delta } }
}

function toText(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function closePart({ part, isDone }: Part, place: JsonObject): readonly JsonObject[] {
  if (isDone) return []
  const isRefusal = part['type'] === 'refusal'
  const told = isRefusal
    ? { type: 'response.refusal.done', refusal: toText(part['refusal']) }
    : { type: 'response.output_text.done', text: toText(part['text']), logprobs: [] }
  return [
    { ...told, ...place },
    { type: 'response.content_part.done', ...place, part },
  ]
}
