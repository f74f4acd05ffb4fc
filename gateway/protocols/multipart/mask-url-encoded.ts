// A form in one line under a mask: pairs that change are written anew, the others stay as they were.
import { GatewayError } from '../../errors.ts'
import { readUrlEncoded } from './url-encoded.ts'

type Pair = readonly [name: string, value: string]

/** `bytes` were read before. The very same bytes when nothing changes. */
export function maskUrlEncoded(bytes: Uint8Array, mask: (pair: Pair) => Pair): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  const written = text.split('&')
  const masked = readUrlEncoded(text).map((pair, i) => {
    const [name, value] = mask(pair)
    return name === pair[0] && value === pair[1] ? (written[i] ?? '') : toPair(name, value)
  })
  const result = masked.join('&')
  return result === text ? bytes : new TextEncoder().encode(result)
}

function toPair(name: string, value: string): string {
  if (name === '') throw new GatewayError('masking_unavailable', 'Masked, the form would have a field without a name.')
  return `${encode(name)}=${encode(value)}`
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+')
}
