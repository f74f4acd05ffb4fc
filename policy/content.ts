// What a connection declares about the content of calls without a known API (`spec.content`): places as JSON pointers, and media
// types by the names everybody uses. A declaration that contradicts itself is told at its field, before any call is refused for it.
import type { ModelConnectionContent, ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import type { Problem } from './problem.ts'

export type ContentField = NonNullable<ModelConnectionContent['fields']>[number]
export type ContentMedia = NonNullable<ModelConnectionContent['media']>[number]

/** The segments of a JSON pointer (RFC 6901), decoded; undefined when it is none. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (!/^(?:\/(?:[^/~]|~0|~1)*)+$/u.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const synonyms: ReadonlyMap<string, string> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['image/x-png', 'image/png'],
  ['image/x-bmp', 'image/bmp'],
  ['image/x-ms-bmp', 'image/bmp'],
  ['image/heif', 'image/heic'],
  ['audio/x-wav', 'audio/wav'],
  ['audio/wave', 'audio/wav'],
  ['audio/vnd.wave', 'audio/wav'],
  ['audio/mp3', 'audio/mpeg'],
  ['audio/x-mp3', 'audio/mpeg'],
  ['audio/x-flac', 'audio/flac'],
  ['audio/x-aac', 'audio/aac'],
  ['audio/m4a', 'audio/mp4'],
  ['audio/x-m4a', 'audio/mp4'],
  ['video/avi', 'video/x-msvideo'],
  ['application/x-pdf', 'application/pdf'],
  ['application/x-gzip', 'application/gzip'],
  ['application/x-zip-compressed', 'application/zip'],
])

/** The one name of a media type that has several. */
export function toCommonType(type: string): string {
  return synonyms.get(type) ?? type
}

/** Whose width and height can be read from the bytes. */
export const measuredTypes: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/bmp',
  'image/tiff',
  'image/avif',
  'image/heic',
])

const textTypes =
  /^(?:text\/(?:plain|event-stream)|application\/(?:json|x-ndjson|x-www-form-urlencoded)|multipart\/.*)$/u

/** Of protocol HTTP in mode Declared; nothing for any other. */
export function findContentProblems({ protocol, content }: ModelConnectionSpec): readonly Problem[] {
  if (protocol !== 'HTTP' || content?.mode !== 'Declared') return []
  const { fields = [], media = [] } = content
  return [
    ...fields.flatMap((field, i) => findFieldProblem(field, `spec.content.fields[${i}]`)),
    ...fields.flatMap((field, i) => findTwin(fields.slice(0, i), field, `spec.content.fields[${i}]`)),
    ...media.flatMap((entry, i) => findMediaProblem(entry, `spec.content.media[${i}]`)),
    ...findWholeProblem(content),
  ]
}

function findWholeProblem({ fields = [], media = [], descriptorSetRef }: ModelConnectionContent): readonly Problem[] {
  if (descriptorSetRef !== undefined) {
    return [contradiction('spec.content.descriptorSetRef', 'protocol HTTP has no protobuf messages; remove it')]
  }
  const hasBinary = fields.some(({ kind }) => kind === 'Binary')
  if (hasBinary === media.length > 0) return []
  const message = hasBinary
    ? 'a field of kind Binary needs the media types that it may have'
    : 'no field of kind Binary says where these media types may stand'
  return [contradiction('spec.content.media', message)]
}

function contradiction(path: string, message: string): Problem {
  return { path, reason: 'Invalid', message }
}

function findFieldProblem(field: ContentField, path: string): readonly Problem[] {
  if (field.messageField !== undefined) {
    return [
      contradiction(`${path}.messageField`, 'protocol HTTP has no protobuf messages; use pointer, formPart or body'),
    ]
  }
  if (field.formPart !== undefined && field.phase === 'Response') {
    return [contradiction(`${path}.formPart`, 'a response has no form; use pointer or body')]
  }
  if (field.classification !== undefined && field.kind !== 'Text') {
    return [contradiction(`${path}.classification`, 'only text belongs to a data class; remove it, or use kind: Text')]
  }
  if (field.pointer === undefined) return []
  if (parsePointer(field.pointer) === undefined) {
    return [
      contradiction(`${path}.pointer`, 'not a JSON pointer; write it as /inputs/*/text, with ~0 for ~ and ~1 for /'),
    ]
  }
  if (field.kind === 'Text') return []
  return [
    contradiction(`${path}.kind`, 'JSON holds text, so a pointer is of kind Text; use formPart or body for Binary'),
  ]
}

/** Two fields in one place: each call would belong to both, or to neither. */
function findTwin(before: readonly ContentField[], field: ContentField, path: string): readonly Problem[] {
  const place = toPlace(field)
  const twin = before.find((other) => toPlace(other) === place)
  return twin === undefined ? [] : [contradiction(path, `the same place as field ${twin.name}; remove one of them`)]
}

function toPlace({ phase, kind, pointer, formPart, messageField, body }: ContentField): string {
  // Text and binaries may share the whole body: its content type tells which of them it is.
  return JSON.stringify([phase, pointer, formPart, messageField, body && [body, kind]])
}

function findMediaProblem({ type, maxWidth, maxHeight }: ContentMedia, path: string): readonly Problem[] {
  if (textTypes.test(type)) {
    return [contradiction(`${path}.type`, 'text, JSON and forms are declared as fields of kind Text, not as media')]
  }
  const common = toCommonType(type)
  if (common !== type) return [contradiction(`${path}.type`, `write ${common}, which stands for ${type} as well`)]
  if ((maxWidth ?? maxHeight) === undefined || measuredTypes.has(type)) return []
  const key = maxWidth === undefined ? 'maxHeight' : 'maxWidth'
  return [contradiction(`${path}.${key}`, `the size of ${type} cannot be measured; remove it`)]
}
