// Width and height of a JPEG: segment by segment up to the first scan. A thumbnail inside a segment is stepped over with it.
import type { Dimensions } from './dimensions.ts'
import { largest, maxSteps, none } from './dimensions.ts'
import { u16be, u8 } from './octets.ts'

const startOfScan = 0xda
const endOfImage = 0xd9

export function measureJpeg(bytes: Uint8Array): Dimensions {
  let found = none
  let at = 2
  for (let step = 0; at + 4 <= bytes.length && u8(bytes, at) === 0xff; step += 1) {
    const marker = u8(bytes, at + 1)
    if (marker === startOfScan || marker === endOfImage) break
    if (step === maxSteps) return none
    if (isFrame(marker)) found = largest(found, { width: u16be(bytes, at + 7), height: u16be(bytes, at + 5) })
    at += toLength(bytes, at, marker)
  }
  return found
}

/** SOF0 to SOF15, between which three markers of another kind stand. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

function toLength(bytes: Uint8Array, at: number, marker: number): number {
  if (marker === 0xff) return 1
  if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) return 2
  return 2 + Math.max(2, u16be(bytes, at + 2))
}
