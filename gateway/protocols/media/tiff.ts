// Width and height of a TIFF: all pages, each by its own directory. BigTIFF, whose numbers are wider, is not measured.
import type { Dimensions } from './dimensions.ts'
import { largest, none } from './dimensions.ts'
import { u16be, u16le, u32be, u32le, u8 } from './octets.ts'

const maxPages = 256
const maxEntries = 512
const imageWidth = 256
const imageLength = 257
const short = 3

interface Order {
  readonly u16: (bytes: Uint8Array, at: number) => number
  readonly u32: (bytes: Uint8Array, at: number) => number
}

export function measureTiff(bytes: Uint8Array): Dimensions {
  const order: Order = u8(bytes, 0) === 0x49 ? { u16: u16le, u32: u32le } : { u16: u16be, u32: u32be }
  if (order.u16(bytes, 2) !== 42) return none
  let found = none
  let at = order.u32(bytes, 4)
  for (let page = 0; at !== 0; page += 1) {
    const entries = order.u16(bytes, at)
    if (page === maxPages || entries > maxEntries || at + 2 > bytes.length) return none
    found = largest(found, measurePage(bytes, order, at))
    at = order.u32(bytes, at + 2 + entries * 12)
  }
  return found
}

function measurePage(bytes: Uint8Array, { u16, u32 }: Order, at: number): Dimensions {
  let found = none
  const end = at + 2 + u16(bytes, at) * 12
  for (let entry = at + 2; entry < end; entry += 12) {
    const tag = u16(bytes, entry)
    const value = u16(bytes, entry + 2) === short ? u16(bytes, entry + 8) : u32(bytes, entry + 8)
    if (tag === imageWidth) found = largest(found, { width: value, height: 0 })
    if (tag === imageLength) found = largest(found, { width: 0, height: value })
  }
  return found
}
