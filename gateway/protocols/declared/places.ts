// A walk over JSON beside the tree of declared places: each text with the fields it belongs to, each object with the keys that are
// declared for it. Numbers, switches and nulls are passed over, however many.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { PlaceNode } from './declaration.ts'

export interface Place {
  /** Declared steps that lead here; a key and `*` may both. */
  readonly nodes: readonly PlaceNode[]
  /** The longest declared pointer on the way; never a key of the body. */
  readonly under: string
  /** Where this is in the body itself. */
  readonly path: string
}

export interface Visitor {
  readonly text: (text: string, place: Place) => void
  /** Before its keys and what stands under them. */
  readonly object?: (object: JsonObject, place: Place) => void
  /** Each key that is not declared, whatever it holds. */
  readonly key: (key: string) => void
}

export function walkPlaces(value: Json, root: PlaceNode | undefined, visitor: Visitor): void {
  walk(value, { nodes: root === undefined ? [] : [root], under: '', path: '' }, visitor)
}

export function fieldsAt({ nodes }: Place): readonly string[] {
  return nodes.flatMap(({ fields }) => fields)
}

/** Depth is bounded by the parser. */
function walk(value: Json, place: Place, visitor: Visitor): void {
  if (typeof value === 'string') visitor.text(value, place)
  else if (Array.isArray(value)) walkItems(value, place, visitor)
  else if (isJsonObject(value)) {
    visitor.object?.(value, place)
    for (const [key, item] of Object.entries(value)) {
      if (!isDeclared(place, key)) visitor.key(key)
      if (holdsText(item)) walk(item, step(place, key), visitor)
    }
  }
}

function isDeclared({ nodes }: Place, key: string): boolean {
  return nodes.some(({ children }) => children.has(key))
}

function walkItems(items: readonly Json[], place: Place, visitor: Visitor): void {
  for (const [i, item] of items.entries()) if (holdsText(item)) walk(item, step(place, String(i)), visitor)
}

function holdsText(value: Json): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

function step({ nodes, under, path }: Place, segment: string): Place {
  const next = nodes.flatMap(({ children, any }) => [children.get(segment) ?? [], any ?? []].flat())
  return { nodes: next, under: next[0]?.pointer ?? under, path: `${path}/${segment}` }
}
