// Width and height of AVIF and HEIC: boxes in boxes (ISO 14496-12), one `ispe` for each image, tile and thumbnail. The largest
// counts. A box of size zero runs to the end, so every step goes forward.
import type { Dimensions } from './dimensions.ts'
import { latin1, u32be } from './octets.ts'

const maxBoxes = 4_096
/** What stands before the boxes inside: nothing, or version and flags. */
const containers: ReadonlyMap<string, number> = new Map([
  ['meta', 4],
  ['iprp', 0],
  ['ipco', 0],
])

export function measureBoxes(bytes: Uint8Array): Dimensions {
  let width = 0
  let height = 0
  const spans = [{ at: 0, end: bytes.length }]
  let boxes = 0
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    let { at } = span
    while (at + 8 <= span.end) {
      boxes += 1
      if (boxes > maxBoxes) return { width: 0, height: 0 }
      const { type, content, end } = toBox(bytes, at, span.end)
      const inner = containers.get(type)
      if (inner !== undefined) spans.push({ at: content + inner, end })
      if (type === 'ispe') {
        width = Math.max(width, u32be(bytes, content + 4))
        height = Math.max(height, u32be(bytes, content + 8))
      }
      at = end
    }
  }
  return { width, height }
}

interface Box {
  readonly type: string
  readonly content: number
  readonly end: number
}

function toBox(bytes: Uint8Array, at: number, end: number): Box {
  const type = latin1(bytes, at + 4, 4)
  const size = u32be(bytes, at)
  if (size === 1) {
    const wide = u32be(bytes, at + 8) * 2 ** 32 + u32be(bytes, at + 12)
    return { type, content: at + 16, end: Math.min(end, at + Math.max(16, wide)) }
  }
  return { type, content: at + 8, end: size === 0 ? end : Math.min(end, at + Math.max(8, size)) }
}
