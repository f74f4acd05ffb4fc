// Forms in parts (RFC 7578), read whole and strictly. Parsers disagree about preambles, bare line feeds, blanks after a boundary,
// nesting and encodings, so a form that uses one of them is refused: what is judged here is what any server sees.
import { GatewayError } from '../../errors.ts'
import { malformed } from '../json/fields.ts'
import type { MediaType } from '../media/media-type.ts'
import type { PartHead } from './part-head.ts'
import { readPartHead } from './part-head.ts'

export interface Part extends Omit<PartHead, 'length'> {
  /** Its lines as they stand in the body, without the blank one. */
  readonly head: Uint8Array
  readonly content: Uint8Array
}

const maxParts = 256
const maxHeadBytes = 4_096
/** Of the characters that RFC 2046 allows, those that need no quotes anywhere. */
const plainBoundary = /^[\w'+.-]{1,70}$/u

/** Throws `content_type_unsupported`. */
export function readBoundary({ parameters }: MediaType): string {
  const boundary = parameters.get('boundary')
  if (boundary === undefined || parameters.size > 1 || !plainBoundary.test(boundary)) {
    throw new GatewayError(
      'content_type_unsupported',
      "The content type of a form needs a boundary of letters, digits and `'+_.-`, and no other parameter.",
    )
  }
  return boundary
}

/** In order; a name may come more than once. Throws `body_malformed`. */
export function readMultipart(bytes: Uint8Array, boundary: string): readonly Part[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const starts = findDelimiters(body, delimiter)
  return starts.slice(0, -1).map((start, i) => {
    const from = start + delimiter.length + 2
    const to = (starts[i + 1] ?? from) - 2
    return readPart(body.subarray(from, Math.max(from, to)))
  })
}

/** Wherever the boundary's bytes stand, they must be a boundary in every reader's eyes. */
function findDelimiters(body: Buffer, delimiter: Buffer): readonly number[] {
  const starts: number[] = []
  let isClosed = false
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    const after = at + delimiter.length
    const isFirst = starts.length === 0
    isClosed = isCloseDelimiter(body, after)
    const isPlain = isFirst ? at === 0 : hasLineEnd(body, at - 2)
    if (!isPlain || (!isClosed && !hasLineEnd(body, after)) || (isFirst && isClosed)) throw malformed(notPlain)
    starts.push(at)
    if (starts.length > maxParts + 1) throw malformed(`The form has more than ${maxParts} parts.`)
  }
  if (!isClosed) throw malformed(notPlain)
  return starts
}

const notPlain =
  'The form does not begin with its boundary, does not end with it, or has it where it does not stand between two line ends.'

/** Two hyphens, at most one line end, nothing more. */
function isCloseDelimiter(body: Buffer, after: number): boolean {
  if (body[after] !== 0x2d || body[after + 1] !== 0x2d) return false
  return after + 2 === body.length || (after + 4 === body.length && hasLineEnd(body, after + 2))
}

function hasLineEnd(body: Buffer, at: number): boolean {
  return body[at] === 0x0d && body[at + 1] === 0x0a
}

function readPart(bytes: Buffer): Part {
  const end = bytes.subarray(0, maxHeadBytes).indexOf('\r\n\r\n')
  if (end < 0) throw malformed('A part of the form has no head, or a very large one.')
  const head = bytes.subarray(0, end)
  const { length, ...told } = readPartHead(readHeadText(head))
  const content = bytes.subarray(end + 4)
  if (length !== undefined && length !== String(content.length)) {
    throw malformed('A part of the form has another length than it says.')
  }
  return { ...told, head, content }
}

function readHeadText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new GatewayError('body_malformed', 'The head of a part of the form is not valid UTF-8.', { cause })
  }
}
