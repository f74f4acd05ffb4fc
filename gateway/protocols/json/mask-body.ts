// A JSON body with its texts masked. It is rewritten where something was found and nowhere else: order, spelling and numbers stay, and a
// body without findings stays the same bytes.
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import { specialNames, type Place } from '../../../policy/masking/framing/place.ts'
import type { Splice } from '../../../policy/masking/framing/sink.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { UpstreamRequest } from '../protocol.ts'

/** `root` is what the protocol says of the places of the document. */
export function maskJsonBytes(bytes: Uint8Array, root: Place, masks: TextMasks): Uint8Array {
  return maskSource(bytes, decode(bytes), root, masks)
}

/** For requests whose body is one JSON document, which their reader found to be valid. */
export function maskJsonRequest(upstream: UpstreamRequest, root: Place, masks: TextMasks): UpstreamRequest {
  if (upstream.body === undefined) return upstream
  const source = decode(upstream.body)
  if (isClean(source, root, masks)) return upstream
  const body = maskSource(upstream.body, source, root, masks)
  return body === upstream.body ? upstream : { ...upstream, body }
}

/** Most requests hold nothing, which shows sooner than where each of their texts stands. */
function isClean(source: string, root: Place, masks: TextMasks): boolean {
  const special = masks.isClean === undefined ? undefined : specialNames(root, masks.start)
  return special !== undefined && masks.isClean?.(source, special) === true
}

/** A byte order mark stays: readers have refused it before, or let it stand. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

function maskSource(bytes: Uint8Array, source: string, root: Place, masks: TextMasks): Uint8Array {
  const { splices } = maskJson(source, masks.over(root), masks.start)
  return splices.length === 0 ? bytes : new TextEncoder().encode(splice(source, splices))
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
