// The body of a request against the declaration of its connection: each reader takes one content type, gathers what stands at
// declared places, and refuses text that stands anywhere else. Rules DC2 to DC9 of policy/SPEC.md.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { malformed, readText } from '../json/fields.ts'
import { findConfusingKey } from '../json/known-keys.ts'
import { parseStrictJson, tensorBounds } from '../json/strict-json.ts'
import { isText } from '../media/media-type.ts'
import { toText } from '../media/media.ts'
import type { Part } from '../multipart/multipart.ts'
import { readMultipart } from '../multipart/multipart.ts'
import { readUrlEncoded } from '../multipart/url-encoded.ts'
import { collectText } from '../open-inference/collect-text.ts'
import { examineBinary } from './binary.ts'
import type { Binary } from './binary.ts'
import type { Declaration } from './declaration.ts'
import type { Gathering } from './gathering.ts'
import type { Place } from './places.ts'
import { fieldsAt, walkPlaces } from './places.ts'
import { toTexts } from './texts.ts'

/** Of both places that JSON may stand in: a body, and a part of a form. */
export function parseJson(text: string): Json {
  const parsed = parseStrictJson(text, tensorBounds)
  if ('refused' in parsed) throw malformed(parsed.refused)
  return parsed.value
}

export function gatherJson(value: Json, declaration: Declaration, into: Gathering): void {
  const whole = declaration.wholeText === undefined ? [] : [declaration.wholeText]
  walkPlaces(value, declaration.places, {
    text: (text, place) => {
      const fields = [...fieldsAt(place), ...whole]
      if (fields.length === 0) throw undeclared(place)
      into.addText(text, fields)
    },
    object: assertNoTwins,
    key: (key) => {
      if (whole.length > 0) into.addKey(key, whole)
      else if (!plainName.test(key)) throw malformed('The body has a key that is neither declared nor a plain name.')
    },
  })
}

/** Keys that are not declared are read by somebody else, if at all: they must have no room for a sentence. */
const plainName = /^[\w.-]{1,64}$/u

function undeclared({ under }: Place): GatewayError {
  const where = under === '' ? '' : `, under ${under}`
  return malformed(`The body has text at a place that this connection does not declare${where}.`)
}

function assertNoTwins(object: JsonObject, { nodes }: Place): void {
  if (findConfusingKey(object, new Set(nodes.flatMap(({ children }) => [...children.keys()]))) === undefined) return
  throw malformed('The body has two keys that some servers take for one.')
}

export function gatherUrlEncoded(bytes: Uint8Array, { parts }: Declaration, into: Gathering): void {
  for (const [name, value] of readUrlEncoded(readText(bytes))) {
    const field = parts.get(name)
    if (field?.kind !== 'Text') throw malformed(field === undefined ? undeclaredPart : notText)
    for (const text of toTexts(value)) into.addText(text, [field.name])
  }
}

const undeclaredPart = 'The form has a part that this connection does not declare.'
const notText = 'A part of the form is declared as a binary, which this kind of form cannot carry.'

export function gatherMultipart(bytes: Uint8Array, boundary: string, of: Of): void {
  for (const part of readMultipart(bytes, boundary)) {
    const field = of.declaration.parts.get(part.name)
    if (field === undefined) throw malformed(undeclaredPart)
    // A file's name may be read by whoever takes the file.
    if (part.fileName !== undefined) of.into.addText(part.fileName)
    if (field.kind === 'Text') for (const text of readTextPart(part)) of.into.addText(text, [field.name])
    else gatherBinary({ name: field.name, type: part.mediaType?.type ?? '', content: part.content }, of)
  }
}

export interface Of {
  readonly declaration: Declaration
  readonly into: Gathering
}

/** Escapes of JSON would hide what it says. */
export function readTextPart({ mediaType, content }: Pick<Part, 'mediaType' | 'content'>): readonly string[] {
  if (mediaType === undefined || isText(mediaType, 'text/plain')) return toTexts(readText(content))
  if (isText(mediaType, 'application/json')) return collectText(parseJson(readText(content)))
  throw new GatewayError(
    'content_type_unsupported',
    'Text in a part of a form must be text/plain or application/json in UTF-8.',
  )
}

export function gatherBinary(binary: Binary, { declaration, into }: Of): void {
  const examined = examineBinary(binary, declaration.media)
  if ('refused' in examined) throw new GatewayError(examined.refused.code, examined.refused.message)
  into.addMedia(examined.facts)
  // Text that calls itself an image is text to a server that does not look.
  const text = toText(binary.content)
  if (text !== undefined) into.addText(text)
}
