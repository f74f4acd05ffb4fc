// One binary against the media types that a connection declares: what it says it is, what its bytes say, how large it may be.
import type { ContentMedia } from '../../../policy/content.ts'
import { toCommonType } from '../../../policy/content.ts'
import type { MediaFacts } from '../../../policy/model.ts'
import type { ErrorCode } from '../../errors.ts'
import { describeMedia } from '../media/media.ts'
import { isSameKind, isUntold } from '../media/signature.ts'

export interface Binary {
  readonly name: string
  /** Empty: nothing is said. */
  readonly type: string
  readonly content: Uint8Array
}

export type ExaminedBinary =
  | { readonly facts: MediaFacts }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } }

export function toMediaFacts({ name, type, content }: Binary): MediaFacts {
  return { name, type, bytes: content.byteLength, url: '', ...describeMedia(content) }
}

export function examineBinary(binary: Binary, allowed: ReadonlyMap<string, ContentMedia>): ExaminedBinary {
  const facts = toMediaFacts(binary)
  const { type, sniffedType } = facts
  if (!isSameKind(type, sniffedType)) return refuse('body_malformed', 'A binary is not of the type that it says it is.')
  // Who says nothing, or that it is bytes, is taken at the word of the bytes.
  const limits = allowed.get(isUntold(type) && sniffedType !== '' ? sniffedType : toCommonType(type))
  if (limits === undefined) {
    return refuse('content_type_unsupported', 'A binary is of a media type that this connection does not take.')
  }
  return findExcess(facts, limits) ?? { facts }
}

function findExcess(facts: MediaFacts, limits: ContentMedia): ExaminedBinary | undefined {
  const { type, maxBytes = Infinity } = limits
  if (facts.bytes > maxBytes) {
    return refuse('body_too_large', `This connection takes ${type} of at most ${maxBytes} bytes.`)
  }
  return (limits.maxWidth ?? limits.maxHeight) === undefined ? undefined : findTooWide(facts, limits)
}

/** A size that cannot be read could be any. */
function findTooWide({ width, height }: MediaFacts, { type, ...limits }: ContentMedia): ExaminedBinary | undefined {
  const { maxWidth = Infinity, maxHeight = Infinity } = limits
  if (width === 0 || height === 0) {
    return refuse('body_malformed', 'The width and height of an image cannot be read from its header.')
  }
  if (width <= maxWidth && height <= maxHeight) return undefined
  const most = [`${maxWidth} pixels wide`, `${maxHeight} pixels high`].filter((one) => !one.startsWith('Infinity'))
  return refuse('body_too_large', `This connection takes ${type} of at most ${most.join(' and ')}.`)
}

function refuse(code: ErrorCode, message: string): ExaminedBinary {
  return { refused: { code, message } }
}
