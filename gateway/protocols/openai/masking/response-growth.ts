// Which text of a stream of Responses an event goes on with or ends, by the same tables as the reader's.
import type { Json, JsonObject } from '../../../../policy/model.ts'
import { isJsonObject } from '../../json/strict-json.ts'
import { inputs, parts, texts } from '../response-events.ts'

export type Phase = 'added' | 'delta' | 'done' | ''

/** What an event is about. */
export interface Told {
  readonly type: string
  /** The type without its phase. */
  readonly name: string
  readonly phase: Phase
  /** The item: `output/0`. */
  readonly item: string
}

const phases: ReadonlySet<string> = new Set(['added', 'delta', 'done'] satisfies Phase[])

export function toTold(said: JsonObject, event: string): Told {
  const type = typeof said['type'] === 'string' ? said['type'] : event
  const dot = type.lastIndexOf('.')
  const phase = type.slice(dot + 1)
  const item = `output/${toPlace(said['output_index'])}`
  return isPhase(phase) ? { type, name: type.slice(0, dot), phase, item } : { type, name: type, phase: '', item }
}

function isPhase(text: string): text is Phase {
  return phases.has(text)
}

export interface Growing {
  /** Within the item: `content/0/text`. */
  readonly path: string
  /** The field of the event that has all of it in the end. */
  readonly field: string
}

/** A text that has events of its own. */
export function toGrowing({ name }: Told, said: JsonObject): Growing | undefined {
  const input = inputs.get(name)
  if (input !== undefined) return { path: input, field: input }
  const [list, field = ''] = texts.get(name) ?? []
  return list === undefined ? undefined : { path: `${toPartPath(list, said)}/${field}`, field }
}

/** The part that an event is about. */
export function toPart({ name }: Told, said: JsonObject): string | undefined {
  const list = parts.get(name)
  return list === undefined ? undefined : toPartPath(list, said)
}

function toPartPath(list: string, said: JsonObject): string {
  return `${list}/${toPlace(said[list === 'summary' ? 'summary_index' : 'content_index'])}`
}

function toPlace(value: Json | undefined): string {
  return typeof value === 'number' ? String(value) : '0'
}

/** Fields of a part that may grow. */
export const partTexts = ['text', 'refusal'] as const

/** What may grow of an item that has just begun. */
export function growsInItem(path: string): boolean {
  return /^(?:(?:content|summary)\/\d+\/(?:text|refusal)|arguments|input|code)$/u.test(path)
}

/** An event that goes on with the text at `path`, which has come in the event that began its item or its part. */
export function toDelta(path: string, begun: JsonObject, delta: string): JsonObject & { readonly type: string } {
  const item = toObject(begun['item'])
  const { output_index = 0, item_id = item['id'] ?? '' } = begun
  const [list = '', place, field] = path.split('/')
  if (field === undefined) return { type: `${toInputType(item, path)}.delta`, item_id, output_index, delta }
  const part = toObject(begun['part'] ?? toMember(item[list], Number(place)))
  const type = `${toTextType(part, list, field)}.delta`
  const index = list === 'summary' ? 'summary_index' : 'content_index'
  return { type, item_id, output_index, [index]: Number(place), delta }
}

function toObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function toMember(list: Json | undefined, place: number): Json | undefined {
  return Array.isArray(list) ? list[place] : undefined
}

function toTextType({ type }: JsonObject, list: string, field: string): string {
  if (field === 'refusal') return 'response.refusal'
  if (list === 'summary') return 'response.reasoning_summary_text'
  return type === 'reasoning_text' ? 'response.reasoning_text' : 'response.output_text'
}

function toInputType({ type }: JsonObject, field: string): string {
  if (field === 'input') return 'response.custom_tool_call_input'
  if (field === 'code') return 'response.code_interpreter_call_code'
  return type === 'mcp_call' ? 'response.mcp_call_arguments' : 'response.function_call_arguments'
}
