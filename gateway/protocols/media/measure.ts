// Width and height of images, from their headers alone; pixels are never decoded. Where a file states several sizes (a second
// header, frames beyond the canvas, pages) decoders differ in which one they believe, so the largest of each counts.
import { measureBoxes } from './boxes.ts'
import type { Dimensions } from './dimensions.ts'
import { largest, maxSteps, none } from './dimensions.ts'
import { measureJpeg } from './jpeg.ts'
import { latin1, u16le, u24le, u32be, u32le, u8 } from './octets.ts'
import { measureTiff } from './tiff.ts'

const measures: ReadonlyMap<string, (bytes: Uint8Array) => Dimensions> = new Map([
  ['image/png', measurePng],
  ['image/jpeg', measureJpeg],
  ['image/gif', measureGif],
  ['image/webp', measureWebp],
  ['image/bmp', measureBitmap],
  ['image/tiff', measureTiff],
  ['image/avif', measureBoxes],
  ['image/heic', measureBoxes],
])

/** Zeros: the type has none, or they do not stand where they should. */
export function measure(bytes: Uint8Array, sniffedType: string): Dimensions {
  return measures.get(sniffedType)?.(bytes) ?? none
}

/** Some readers take the last IHDR, some the first. */
function measurePng(bytes: Uint8Array): Dimensions {
  let found = none
  let at = 8
  for (let step = 0; at + 8 <= bytes.length; step += 1) {
    if (step === maxSteps) return none
    const type = latin1(bytes, at + 4, 4)
    if (type === 'IHDR') found = largest(found, { width: u32be(bytes, at + 8), height: u32be(bytes, at + 12) })
    if (type === 'IDAT' || type === 'IEND') break
    at += 12 + u32be(bytes, at)
  }
  return found
}

/** Readers grow the canvas to a frame that leaves it. */
function measureGif(bytes: Uint8Array): Dimensions {
  let found: Dimensions = { width: u16le(bytes, 6), height: u16le(bytes, 8) }
  let at = 13 + colorTable(u8(bytes, 10))
  while (at < bytes.length) {
    const introducer = u8(bytes, at)
    if (introducer !== 0x2c && introducer !== 0x21) break
    if (introducer === 0x2c) found = largest(found, toFrame(bytes, at))
    at += introducer === 0x2c ? 11 + colorTable(u8(bytes, at + 9)) : 2
    // Data stand in blocks of up to 255 bytes; an empty one ends them.
    while (u8(bytes, at) !== 0) at += 1 + u8(bytes, at)
    at += 1
  }
  return found
}

function toFrame(bytes: Uint8Array, at: number): Dimensions {
  return { width: u16le(bytes, at + 1) + u16le(bytes, at + 5), height: u16le(bytes, at + 3) + u16le(bytes, at + 7) }
}

function colorTable(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}

function measureWebp(bytes: Uint8Array): Dimensions {
  let found = none
  let at = 12
  for (let step = 0; at + 8 <= bytes.length; step += 1) {
    if (step === maxSteps) return none
    found = largest(found, measureWebpChunk(bytes, latin1(bytes, at, 4), at + 8))
    const size = u32le(bytes, at + 4)
    at += 8 + size + (size % 2)
  }
  return found
}

function measureWebpChunk(bytes: Uint8Array, type: string, at: number): Dimensions {
  if (type === 'VP8X') return { width: u24le(bytes, at + 4) + 1, height: u24le(bytes, at + 7) + 1 }
  if (type === 'ANMF') return { width: u24le(bytes, at + 6) + 1, height: u24le(bytes, at + 9) + 1 }
  if (type === 'VP8 ' && latin1(bytes, at + 3, 3) === '\x9d\x01*') {
    return { width: u16le(bytes, at + 6) & 0x3fff, height: u16le(bytes, at + 8) & 0x3fff }
  }
  if (type !== 'VP8L' || u8(bytes, at) !== 0x2f) return none
  const bits = u32le(bytes, at + 1)
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
}

/** A negative height is that of an image stored from the top. */
function measureBitmap(bytes: Uint8Array): Dimensions {
  if (u32le(bytes, 14) < 40) return { width: u16le(bytes, 18), height: u16le(bytes, 20) }
  return { width: Math.abs(u32le(bytes, 18) | 0), height: Math.abs(u32le(bytes, 22) | 0) }
}
