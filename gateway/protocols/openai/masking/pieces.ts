// Texts that come in pieces over the events of a stream. Each place that a text may stand in is a channel of its own, named by the
// path to it, as the readers have it: lists number what they go on with.
import type { ChannelSet } from '../../../../policy/masking/framing/channels.ts'
import { instead, items, type Place } from '../../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../../policy/model.ts'
import { isJsonObject } from '../../json/strict-json.ts'
import type { Masking, MaskShape, Places } from './place.ts'

export interface Pieces {
  readonly set: ChannelSet
  readonly places: Places
  readonly choice: string
  /** Its end has been sent. What still comes would join what was said before, unseen by its masker: it is left out. */
  readonly isOver: (path: string) => boolean
  /** Of a text that more may come of. Absent: of all. */
  readonly grows?: (path: string) => boolean
}

/** Every text in `value` that `masking` has as one, or that nobody knows, goes on with its channel. */
export function toPieces(value: Json | undefined, masking: Masking, path: string, pieces: Pieces): Place {
  if (typeof masking === 'string' && masking !== 'Text') return pieces.places.of(masking)
  if (typeof value === 'string') return toPiece(path, pieces)
  if (Array.isArray(value)) {
    const all = value.map((item: Json, i) => toPieces(item, masking, join(path, String(toPosition(item, i))), pieces))
    return items((i) => all[i] ?? pieces.places.other, pieces.places.other)
  }
  if (!isJsonObject(value)) return pieces.places.other
  return toFieldPieces(value, typeof masking === 'string' ? {} : masking, path, pieces)
}

function toFieldPieces(value: JsonObject, shape: MaskShape, path: string, pieces: Pieces): Place {
  const { other } = pieces.places
  const knows = (name: string): boolean => Object.hasOwn(shape, name)
  const all = new Map(
    Object.entries(value).map(([key, inner]) => {
      const masking = knows(key) ? (shape[key] ?? 'Text') : 'Text'
      return [key, toPieces(inner, masking, join(path, escapeStep(key)), pieces)]
    }),
  )
  return {
    kind: 'Over',
    enter: (step) => (typeof step === 'string' ? (all.get(step) ?? other) : other),
    settle: () => other,
    knows,
  }
}

function toPiece(path: string, { set, places, choice, isOver, grows }: Pieces): Place {
  if (grows?.(path) === false) return places.of('Text')
  return isOver(path) ? instead('""') : set.piece({ choice, name: path })
}

/** As in the readers (gather.ts). */
function toPosition(item: Json, place: number): number {
  const index = isJsonObject(item) ? item['index'] : undefined
  return typeof index === 'number' ? index : place
}

function join(path: string, step: string): string {
  return path === '' ? step : `${path}/${step}`
}

function escapeStep(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** `value` with nothing but the text at this path, and what says where it belongs. Undefined: it has no such text. */
export function pickPiece(value: Json | undefined, path: string): Json | undefined {
  if (path === '') return value
  const [step = ''] = path.split('/', 1)
  const rest = path.slice(step.length + 1)
  if (Array.isArray(value)) return pickFromList(value, step, rest)
  if (!isJsonObject(value)) return undefined
  const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
  const inner = Object.hasOwn(value, key) ? pickPiece(value[key], rest) : undefined
  if (inner === undefined) return undefined
  const { type } = value
  return { ...(type !== undefined && { type }), [key]: inner }
}

function pickFromList(list: readonly Json[], step: string, rest: string): Json | undefined {
  const item = list.find((one, i) => String(toPosition(one, i)) === step)
  const inner = pickPiece(item, rest)
  if (inner === undefined) return undefined
  return [isJsonObject(inner) ? { index: Number(step), ...inner } : inner]
}
