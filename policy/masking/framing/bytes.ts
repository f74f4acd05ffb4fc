// A stream of bytes under a mask for text: cut anywhere, also inside of a character. Bytes that are no UTF-8 go through the mask as
// characters that UTF-8 does not have, and come out as they were.
import type { Masker } from '../masker.ts'
import { endsInHalf } from './sink.ts'
import { endOfWhole, join, toBytes, toText } from './surrogate-escape.ts'

/** Concat(push...) + end() is what the masker makes of all bytes as one text. After `end` it is spent. */
export interface ByteMasker {
  readonly push: (bytes: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array
  readonly counts: () => Readonly<Record<string, number>>
}

export function startBytes(masker: Masker): ByteMasker {
  /** The first bytes of a character whose other bytes have not come. */
  let held: Uint8Array = new Uint8Array()
  /** Half of a surrogate pair. */
  let half = ''
  const release = (text: string): Uint8Array => {
    const all = half + text
    const whole = endsInHalf(all) ? all.length - 1 : all.length
    half = all.slice(whole)
    return toBytes(all.slice(0, whole))
  }
  return {
    push: (bytes) => {
      const all = held.length === 0 ? bytes : join([held, bytes])
      const end = endOfWhole(all)
      // A copy: what the bytes stand in may be used again by who gave them.
      held = all.slice(end)
      return release(masker.push(toText(all.subarray(0, end))))
    },
    end: () => {
      const last = masker.push(toText(held)) + masker.end()
      held = new Uint8Array()
      return join([release(last), toBytes(half)])
    },
    counts: masker.counts,
  }
}
