// The places of a value in a protocol's own shape, for shapes that are larger than any list of their fields: gather-text.ts says what of
// it counts as text, this says what of it is masked. Names that the protocol knows stay, and so do counts; whatever stands under another
// name is data, and masked with its names and numbers.
import { maskEverywhere, type OverPlace, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { keptIf } from './kept-texts.ts'
import { isJsonObject } from './strict-json.ts'

export type DataPlace = (value: Json | undefined, name?: string) => Place

export interface WireRules {
  readonly start: Start
  readonly isName: (name: string) => boolean
  /** What stands under a name of `owner`. Undefined: under a known name text, or more in the protocol's own shape; else data. */
  readonly at: (name: string, owner: JsonObject) => Place | undefined
  /** Of data, under a name of any sort. Everything in it is masked; some of it may need to be decoded for that. */
  readonly data: DataPlace
  /** Whether a number under a known name is a count, and says nothing. Anywhere else it may be an account. */
  readonly isCount: (name: string) => boolean
}

/** `value` is what stands there; the tree follows it. */
export function wirePlace(value: Json | undefined, rules: WireRules, isCount = false): OverPlace {
  const { start, isName } = rules
  return {
    kind: 'Over',
    enter: (step) => enterWire(value, step, rules),
    settle: () => ({ kind: 'Mask', start, keys: true, numbers: !isCount }),
    knows: isName,
  }
}

function enterWire(value: Json | undefined, step: string | number, rules: WireRules): Place {
  if (typeof step === 'number') {
    return Array.isArray(value) ? wirePlace(value[step], rules) : rules.data(undefined)
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, step)) return rules.data(undefined)
  const place = rules.at(step, value)
  if (place !== undefined) return place
  return rules.isName(step) ? wirePlace(value[step], rules, rules.isCount(step)) : rules.data(value[step], step)
}

/** Values of one kind under names that the caller gave them. */
export function membersPlace(
  members: Json | undefined,
  toPlace: (member: Json | undefined, name: string) => Place,
  start: Start,
): OverPlace {
  return {
    kind: 'Over',
    enter: (step) =>
      isJsonObject(members) && typeof step === 'string' && Object.hasOwn(members, step)
        ? toPlace(members[step], step)
        : maskEverywhere(start),
    settle: () => maskEverywhere(start),
    knows: () => false,
  }
}

/** Of JSON Schema: what they say is said to the model or the tool, how it is said is not. */
const keywords: ReadonlySet<string> = new Set([
  '$defs',
  '$ref',
  '$schema',
  'additionalProperties',
  'allOf',
  'anyOf',
  'const',
  'default',
  'definitions',
  'description',
  'enum',
  'examples',
  'format',
  'items',
  'maxItems',
  'maxLength',
  'maximum',
  'minItems',
  'minLength',
  'minimum',
  'not',
  'oneOf',
  'pattern',
  'properties',
  'required',
  'title',
  'type',
])

const types: ReadonlySet<string> = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'])
const schemaLists: ReadonlySet<string> = new Set(['$defs', 'definitions', 'properties'])
const plainKeywords: ReadonlySet<string> = new Set(['additionalProperties', 'allOf', 'anyOf', 'items', 'not', 'oneOf'])

/** A schema that a caller or a tool wrote: keywords stay, and all else is masked, names of properties and numbers as well. */
export function schemaPlace(schema: Json | undefined, { start, data }: Pick<WireRules, 'start' | 'data'>): Place {
  const rules: WireRules = {
    start,
    data,
    isCount: () => false,
    isName: (name) => keywords.has(name),
    at: (name, owner) => {
      if (schemaLists.has(name))
        return membersPlace(
          owner[name],
          (one, called) => (isJsonObject(one) ? schemaPlace(one, rules) : data(one, called)),
          start,
        )
      if (plainKeywords.has(name)) return undefined
      return name === 'type' && typeof owner[name] === 'string'
        ? keptIf((text) => types.has(text), start)
        : data(owner[name], name)
    },
  }
  return wirePlace(schema, rules)
}
