// A form in parts under a mask: what changed is spliced between boundaries that stay as they were, and the head of a part follows. What comes
// out is read once more, because a text that lost its middle may have become a boundary, which would make parts that nobody judged.
import { join } from '../../../policy/masking/framing/surrogate-escape.ts'
import { GatewayError } from '../../errors.ts'
import { readMultipart, type Part } from './multipart.ts'

export interface PartMasks {
  readonly content: (part: Part) => Uint8Array
  /** What the part is called. */
  readonly name: (name: string) => string
  /** Of its file's name, and of what it says of its type. */
  readonly text: (text: string) => string
}

/** `bytes` were read before. The very same bytes when nothing changes. */
export function maskMultipart(bytes: Uint8Array, boundary: string, masks: PartMasks): Uint8Array {
  const parts = readMultipart(bytes, boundary)
  const masked = parts.map((part) => maskPart(part, masks))
  if (masked.every(({ head, content }, i) => head === undefined && content === parts[i]?.content)) return bytes
  const pieces: Uint8Array[] = []
  let kept = 0
  for (const [i, { head, content }] of parts.entries()) {
    const after = masked[i]
    pieces.push(bytes.subarray(kept, offsetIn(bytes, head)), after?.head ?? head)
    pieces.push(
      bytes.subarray(offsetIn(bytes, head) + head.length, offsetIn(bytes, content)),
      after?.content ?? content,
    )
    kept = offsetIn(bytes, content) + content.length
  }
  const result = join([...pieces, bytes.subarray(kept)])
  assertSame(result, boundary, masked)
  return result
}

interface MaskedPart {
  readonly name: string
  readonly fileName: string | undefined
  /** Undefined: as it was. */
  readonly head: Uint8Array | undefined
  readonly content: Uint8Array
}

function maskPart(part: Part, masks: PartMasks): MaskedPart {
  const content = masks.content(part)
  const name = maskQuoted(part.name, masks.name)
  const fileName = part.fileName === undefined ? undefined : maskQuoted(part.fileName, masks.text)
  const before = new TextDecoder().decode(part.head)
  const after = before
    .split('\r\n')
    .map((line) => maskLine(line, { part, masks, name, fileName, content }))
    .join('\r\n')
  return { name, fileName, content, head: after === before ? undefined : new TextEncoder().encode(after) }
}

/** Stands in quotes without being read in two ways. */
function maskQuoted(text: string, mask: (text: string) => string): string {
  const masked = mask(text)
  return masked === text ? text : masked.replaceAll(/["\\/\r\n]/gu, '_')
}

interface PartWork {
  readonly part: Part
  readonly masks: PartMasks
  readonly name: string
  readonly fileName: string | undefined
  readonly content: Uint8Array
}

function maskLine(line: string, { part, masks, name, fileName, content }: PartWork): string {
  const colon = line.indexOf(':')
  const header = line.slice(0, colon)
  switch (header.toLowerCase()) {
    case 'content-disposition': {
      if (name === part.name && fileName === part.fileName) return line
      const file = fileName === undefined ? '' : `; filename="${fileName}"`
      return `${header}: form-data; name="${name}"${file}`
    }
    case 'content-type':
      return masks.text(line.slice(colon + 1)) === line.slice(colon + 1) ? line : `${header}: application/octet-stream`
    case 'content-length':
      return content.length === part.content.length ? line : `${header}: ${content.length}`
    default:
      return line
  }
}

function offsetIn(bytes: Uint8Array, part: Uint8Array): number {
  return part.byteOffset - bytes.byteOffset
}

function assertSame(bytes: Uint8Array, boundary: string, expected: readonly MaskedPart[]): void {
  const found = readAgain(bytes, boundary)
  const isSame = expected.every(({ name, fileName, content }, i) => {
    const part = found[i]
    return part?.name === name && part.fileName === fileName && Buffer.compare(part.content, content) === 0
  })
  if (!isSame || found.length !== expected.length) throw unmaskable()
}

function readAgain(bytes: Uint8Array, boundary: string): readonly Part[] {
  try {
    return readMultipart(bytes, boundary)
  } catch (cause) {
    throw unmaskable(cause)
  }
}

function unmaskable(cause?: unknown): GatewayError {
  return new GatewayError('masking_unavailable', 'Masked, the form would have other parts than it had.', { cause })
}
