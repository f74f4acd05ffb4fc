// The head of one part of a form: which field it is, what file, of which type. Servers read these lines in many ways (RFC 2047
// words, RFC 5987 values, backslashes, folded lines); whatever is not plain to all of them is refused.
import { malformed } from '../json/fields.ts'
import type { MediaType } from '../media/media-type.ts'
import { parseMediaType, readParameters } from '../media/media-type.ts'

export interface PartHead {
  readonly name: string
  /** Undefined: a field, no file. */
  readonly fileName: string | undefined
  /** Undefined: nothing is said. */
  readonly mediaType: MediaType | undefined
  /** What `content-length` says; undefined: nothing. */
  readonly length: string | undefined
}

const knownHeaders = new Set(['content-disposition', 'content-type', 'content-length'])
const line = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*)$/u

export function readPartHead(text: string): PartHead {
  const headers = new Map<string, string>()
  for (const one of text.split('\r\n')) {
    const [, name = '', value = ''] = line.exec(one) ?? []
    const key = name.toLowerCase()
    if (!knownHeaders.has(key)) throw malformed('A part of the form has a header that is not known here.')
    if (headers.has(key)) throw malformed('A part of the form has the same header twice.')
    headers.set(key, value.trimEnd())
  }
  const disposition = headers.get('content-disposition')
  if (disposition === undefined) throw malformed('A part of the form has no content-disposition.')
  return { ...readDisposition(disposition), mediaType: readType(headers), length: headers.get('content-length') }
}

function readType(headers: ReadonlyMap<string, string>): MediaType | undefined {
  const header = headers.get('content-type')
  if (header === undefined) return undefined
  const mediaType = parseMediaType(header)
  if (mediaType === undefined) throw malformed('A part of the form has a content-type that is none.')
  const [kind] = mediaType.type.split('/')
  if (kind === 'multipart' || kind === 'message') throw malformed('A part of the form holds parts of its own.')
  return mediaType
}

const kind = /^form-data(?=[ \t]*;)/iu
const parameter = /[ \t]*;[ \t]*(name|filename|filename\*)=(?:([\w!#$%&'*+.^`|~-]+)|"([^"\\]*)")/iuy

function readDisposition(disposition: string): Pick<PartHead, 'name' | 'fileName'> {
  const from = kind.exec(disposition)?.[0].length
  const found = from === undefined ? undefined : readParameters(disposition, from, parameter)
  if (found === undefined) throw malformed('A part of the form has a content-disposition that is not plain form-data.')
  const name = found.get('name') ?? ''
  if (name === '') throw malformed('A part of the form has no name.')
  if (confusing.test(name)) throw malformed('A part of the form has a name that servers read differently.')
  return { name, fileName: readFileName(found.get('filename'), found.get('filename*')) }
}

function readFileName(fileName: string | undefined, extended: string | undefined): string | undefined {
  if (extended !== undefined && (fileName === undefined || decodeExtended(extended) !== fileName)) {
    throw malformed('A part of the form has two file names.')
  }
  if (fileName !== undefined && (confusing.test(fileName) || /[/\\]/u.test(fileName))) {
    throw malformed('A part of the form has a file name that servers read differently.')
  }
  return fileName
}

// Control characters of both sets and line separators; encoded words, which mail parsers decode; quotes and line ends as browsers
// write them, which some servers decode; and a replacement character, which stands where a reader gave up.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const confusing = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]|=\?|%(?:22|0d|0a|00)/iu

/** RFC 5987, as .NET sends it beside the plain name. */
function decodeExtended(value: string): string | undefined {
  const encoded = /^utf-8''(.*)$/iu.exec(value)?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
