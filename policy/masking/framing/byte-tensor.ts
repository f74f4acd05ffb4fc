// BYTES tensors as servers of the Open Inference Protocol write them: each value after its length, four bytes, little-endian. Values
// are masked as text, and their lengths follow.
import { join, toBytes, toText } from './surrogate-escape.ts'

const lengthBytes = 4

/**
 * The very same bytes when nothing was found; otherwise the caller owes the new length to whatever names it. Undefined: a value is
 * longer than what follows, so that nobody can say what is text.
 */
export function maskByteTensor(bytes: Uint8Array, mask: (text: string) => string): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = []
  let kept = 0
  for (let at = 0; at < bytes.length;) {
    const start = at + lengthBytes
    const end = start > bytes.length ? Infinity : start + view.getUint32(at, true)
    if (end > bytes.length) return undefined
    const text = toText(bytes.subarray(start, end))
    const masked = mask(text)
    if (masked !== text) {
      const value = toBytes(masked)
      parts.push(bytes.subarray(kept, at), toLength(value.length), value)
      kept = end
    }
    at = end
  }
  return parts.length === 0 ? bytes : join([...parts, bytes.subarray(kept)])
}

function toLength(length: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  new DataView(bytes.buffer).setUint32(0, length, true)
  return bytes
}
