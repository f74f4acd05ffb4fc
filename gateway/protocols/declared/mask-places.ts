// What a connection declares, as places of a mask: a declared field is masked as masks say of it, with all that stands in it, and the rest
// of a document like any text.
import { enter, isKnownName, settle, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { toDataPlace } from './data-place.ts'
import type { Declaration, PlaceNode } from './declaration.ts'
import { maskText, startHeld } from './mask-bytes.ts'

/** A text may be in several fields: what masks say of each is done, one after the other. */
export function toFieldStart(names: readonly string[], masks: TextMasks): Start {
  const starts = [...new Set(names.map(masks.field))].filter((start) => start !== masks.start)
  const [first = masks.start] = starts
  if (starts.length < 2) return first
  return (at) => startHeld((text) => starts.reduce((masked, start) => maskText(masked, start, at), text))
}

/** Where masks speak of the field itself, nothing in it is structure. */
export function toFieldPlace(names: readonly string[], masks: TextMasks): Place {
  const start = toFieldStart(names, masks)
  return start === masks.start ? toDataPlace(start) : { kind: 'Mask', start, keys: true, numbers: true, words: true }
}

/** Of a whole document. */
export function toDeclaredPlace(declaration: Declaration | undefined, masks: TextMasks): Place {
  const whole = toWholeNames(declaration)
  const root = toFieldPlace(whole, masks)
  return declaration?.places === undefined ? root : lay(root, [declaration.places], { whole, masks })
}

export function toWholeNames(declaration: Declaration | undefined): readonly string[] {
  return declaration?.wholeText === undefined ? [] : [declaration.wholeText]
}

interface Around {
  readonly whole: readonly string[]
  readonly masks: TextMasks
}

/** `nodes` as walkPlaces has them: steps that were declared, by name and for every element. */
function lay(above: Place, nodes: readonly PlaceNode[], around: Around): Place {
  const names = nodes.flatMap(({ fields }) => fields)
  const here = names.length === 0 ? above : toFieldPlace([...names, ...around.whole], around.masks)
  if (nodes.every(({ children, any }) => children.size === 0 && any === undefined)) return here
  return {
    kind: 'Over',
    enter: (step) => {
      const next = nodes.flatMap(({ children, any }) => [children.get(String(step)) ?? [], any ?? []].flat())
      return next.length === 0 ? enter(here, step) : lay(enter(here, step), next, around)
    },
    settle: (isString) => settle(here, isString),
    knows: (name) => isKnownName(here, name) || nodes.some(({ children }) => children.has(name)),
  }
}
