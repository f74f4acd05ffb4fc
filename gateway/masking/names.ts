// What goes to a model server and cannot be changed, for by another name there is nothing there: the path, and the name of the model.
// What a mask finds in them it cannot hide.
import type { Start } from '../../policy/masking/framing/place.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { ReadRequest } from '../protocols/protocol.ts'

export function isInNames({ declared }: CompiledConnection, { facts, upstream }: ReadRequest, start: Start): boolean {
  // Out of a list that its owner wrote, the caller tells nothing by choosing.
  if ((declared.spec.models ?? []).length > 0) return false
  const isInModel = isChanged(start, 'model', facts.model)
  return isChanged(start, 'path', decode(upstream.path + upstream.query)) || isInModel
}

/** No pointer into a body looks like the name of a place that is none. */
function isChanged(start: Start, place: string, text: string): boolean {
  const masker = start({ key: undefined, path: () => place })
  return masker.push(text) + masker.end() !== text
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
