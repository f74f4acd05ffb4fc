// A JSON body with its texts masked. It is rewritten where something was found and nowhere else: order, spelling and numbers stay, and a
// body without findings stays the same bytes.
import type { Place } from '../../../policy/masking/framing/place.ts'
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import type { Splice } from '../../../policy/masking/framing/sink.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { UpstreamRequest } from '../protocol.ts'

/** `root` is what the protocol says of the places of the document. */
export function maskJsonBytes(bytes: Uint8Array, root: Place, masks: TextMasks): Uint8Array {
  // A byte order mark stays: readers have refused it before, or let it stand.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const { splices } = maskJson(text, masks.over(root), masks.start)
  return splices.length === 0 ? bytes : new TextEncoder().encode(splice(text, splices))
}

/** For requests whose body is one JSON document. */
export function maskJsonRequest(upstream: UpstreamRequest, root: Place, masks: TextMasks): UpstreamRequest {
  if (upstream.body === undefined) return upstream
  const body = maskJsonBytes(upstream.body, root, masks)
  return body === upstream.body ? upstream : { ...upstream, body }
}

function splice(text: string, splices: readonly Splice[]): string {
  const parts: string[] = []
  let at = 0
  for (const { start, end, text: written } of splices) {
    parts.push(text.slice(at, start), written)
    at = end
  }
  return parts.join('') + text.slice(at)
}
