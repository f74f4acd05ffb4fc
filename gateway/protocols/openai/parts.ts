// Parts of a message: texts, and images, sounds and documents beside them. Which part it is its type says; what it holds its keys
// say, all of them, because some servers look at the one and some at the others.
import type { Json, JsonObject, MediaFacts } from '../../../policy/model.ts'
import { assertPlainKeys, malformed, readString } from '../json/fields.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { readMedia } from '../media/media.ts'
import type { Shape } from './gather.ts'
import { listText } from './gather.ts'

export interface Content {
  readonly text: string
  readonly media: readonly MediaFacts[]
}

const inline = { data: 'Skipped', format: 'Skipped' } as const
const file = { file_data: 'Skipped', file_id: 'Skipped', file_url: 'Skipped', filename: 'Text' } as const

const partShape: Shape = {
  type: 'Quiet',
  text: 'Text',
  refusal: 'Text',
  detail: 'Quiet',
  image_url: { url: 'Skipped', detail: 'Quiet' },
  input_audio: inline,
  file,
  ...file,
  prompt_cache_breakpoint: 'Quiet',
}

const keySets = new WeakMap<Shape, ReadonlySet<string>>()

/** No key that another reader would take for one that the shape knows. */
export function assertPlainShape(object: JsonObject, shape: Shape): void {
  const keys = keySets.get(shape) ?? new Set(Object.keys(shape))
  keySets.set(shape, keys)
  assertPlainKeys(object, keys)
}

/** Which text each type of part must have. */
export type PartTypes = Readonly<Record<string, 'text' | 'refusal' | undefined>>

export function readContent(value: Json | undefined, types: PartTypes): Content {
  if (value === undefined || value === null) return { text: '', media: [] }
  if (typeof value === 'string') return { text: value, media: [] }
  if (!Array.isArray(value)) throw malformed('The content of a message must be text or a list of parts.')
  const parts = value.map((part: Json) => readPart(part, types))
  return { text: parts.map(({ text }) => text).join('\n'), media: parts.flatMap(({ media }) => media) }
}

function readPart(part: Json, types: PartTypes): Content {
  if (!isJsonObject(part)) throw malformed('Every part of a message must be an object.')
  const type = readString(part, 'type')
  if (!Object.hasOwn(types, type)) throw malformed('A message has a part of a type that is not known here.')
  const needed = types[type]
  if (needed !== undefined) readString(part, needed)
  return readHolder(part)
}

/** Whatever may stand in a part. */
export function readHolder(part: JsonObject): Content {
  const texts = listText(part, textsOf(part), assertPlainShape)
  const media = listMedia(part)
  const inside = media.flatMap(({ text }) => (text === undefined ? [] : [text]))
  return { text: [...texts, ...inside].join('\n'), media: media.map(({ facts }) => facts) }
}

/** The URL of an image may stand where its object would. */
function textsOf({ image_url: url }: JsonObject): Shape {
  return typeof url === 'string' ? imageUrlShape : partShape
}

const imageUrlShape: Shape = { ...partShape, image_url: 'Skipped' }

type Read = ReturnType<typeof readMedia>

function listMedia(part: JsonObject): readonly Read[] {
  const image = part['image_url'] ?? null
  const sound = part['input_audio'] ?? null
  const document = part['file'] ?? null
  return [
    ...(image === null ? [] : readLink('image_url', isJsonObject(image) ? image['url'] : image)),
    ...(sound === null ? [] : [readSound(sound)]),
    ...(document === null ? [] : readFile(document)),
    ...readFile(part),
  ]
}

function readLink(name: string, url: Json = ''): readonly Read[] {
  if (url !== null && typeof url !== 'string') throw malformed(`The URL of \`${name}\` must be a string.`)
  return url === null || url === '' ? [] : [readMedia(name, url)]
}

const format = /^[a-z0-9.+-]{1,40}$/iu

function readSound(sound: Json): Read {
  if (!isJsonObject(sound)) throw malformed('`input_audio` must be an object.')
  const type = readString(sound, 'format')
  if (!format.test(type)) throw malformed('`format` of `input_audio` must be the name of one.')
  return readMedia('input_audio', `data:audio/${type};base64,${readString(sound, 'data')}`)
}

function readFile(holder: Json): readonly Read[] {
  if (!isJsonObject(holder)) throw malformed('`file` must be an object.')
  if ((holder['file_id'] ?? null) !== null) {
    throw malformed('`file_id` refers to a file that nobody here can judge; send the file itself.')
  }
  const data = holder['file_data'] ?? null
  const url = holder['file_url'] ?? null
  return [...(data === null ? [] : [readFileData(data)]), ...(url === null ? [] : readLink('file_url', url))]
}

function readFileData(data: Json): Read {
  if (typeof data !== 'string') throw malformed('`file_data` must be a string.')
  const isUrl = /^data:/iu.test(data)
  return readMedia('file_data', isUrl ? data : `data:;base64,${data}`)
}
