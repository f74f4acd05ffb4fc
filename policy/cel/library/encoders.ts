// The encoders extension: base64, with or without padding when reading.
import type { Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail, unitsPerText } from '../failure.ts'

function encode(bytes: Uint8Array, meter: Meter): string {
  meter.charge(bytes.length * unitsPerText)
  return bytes.toBase64()
}

function decode(text: string, meter: Meter): Uint8Array {
  meter.charge(text.length * unitsPerText)
  try {
    return Uint8Array.fromBase64(text)
  } catch {
    return fail('conversion')
  }
}

export const encoders: Library = {
  global: [
    ['base64.encode(bytes): string', encode],
    ['base64.decode(string): bytes', decode],
  ],
}
