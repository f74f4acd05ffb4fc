// Bounded decompression: what grows beyond its limit is refused, never half read.
import { gunzipSync } from 'node:zlib'

/** Undefined when the bytes are damaged or grow beyond `maxBytes`. */
export function gunzipText(bytes: Uint8Array, maxBytes: number): string | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes }).toString('utf8')
  } catch {
    return undefined
  }
}
