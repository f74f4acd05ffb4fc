// How many tokens a request costs the model to read, before it has read it: by the tokenizer that its model names, or by a bound that
// needs none. Limits reserve by it and rules may ask for it; what the model server counts in the end replaces it.
import type { InferenceFacts, Json, MediaFacts } from '../../policy/model.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { Tokenizers } from './tokenizers.ts'

export type CountTokens = (
  connection: CompiledConnection,
  inference: InferenceFacts | undefined,
  bodyBytes: number,
) => number

/** What chat templates put around a message, a role included: ChatML, Llama and Harmony take 4 to 7. */
const tokensPerMessage = 8

/** No model server that we know of counts more than one token for a square of so many pixels. */
const pixelsPerToken = 28 * 28

/** A picture whose size is not known here, and anything that the model server fetches by itself. */
const tokensPerUnknownMedia = 4_096

export function buildCountTokens(tokenizers: Pick<Tokenizers, 'find'>): CountTokens {
  return (connection, inference, bodyBytes) => {
    if (inference === undefined) return bodyBytes
    const bound = toBound(inference, bodyBytes)
    const name = connection.tokenizers.get(inference.model)
    const count = name === undefined ? undefined : tokenizers.find(name)
    if (count === undefined) return bound
    const framing = tokensPerMessage * ((inference.messages?.length ?? 0) + 1)
    const counted = count(inference.prompt) + count(toRest(inference.body)) + framing + toMediaTokens(inference.media)
    return Math.min(counted, bound)
  }
}

/**
 * Every token stands for at least one byte of UTF-8: so it is in byte pair encodings over bytes, and in others that fall back to bytes.
 * All text reaches the model through the body, where a string takes at least its own bytes (escapes only lengthen it), and the JSON
 * around a message, some 28 bytes, is more than what a template puts there. Assumed, not proven: that the model server does not
 * lengthen text (normal forms such as NFKC may), and adds nothing of its own (a default system prompt, instructions for tools). What
 * it adds is charged when the call is settled. Media are not text: pictures count by their pixels, others by their bytes in the body.
 */
function toBound({ prompt, media = [], body }: InferenceFacts, bodyBytes: number): number {
  const isJson = body !== null
  let pictures = 0
  for (const medium of media) if (isMeasured(medium)) pictures += toBodyBytes(medium, isJson)
  return Math.max(bodyBytes - pictures, Buffer.byteLength(prompt)) + toMediaTokens(media)
}

/** At most what it takes in the body: base64 in JSON, as it is elsewhere. */
function toBodyBytes({ bytes }: MediaFacts, isJson: boolean): number {
  return isJson ? Math.floor((bytes * 4) / 3) : bytes
}

function isMeasured({ width, height }: MediaFacts): boolean {
  return width > 0 && height > 0
}

function toMediaTokens(media: readonly MediaFacts[] = []): number {
  let tokens = 0
  for (const medium of media) {
    if (isMeasured(medium)) tokens += Math.ceil((medium.width * medium.height) / pixelsPerToken) + 1
    else tokens += Math.max(tokensPerUnknownMedia, medium.bytes)
  }
  return tokens
}

/** Where the text of the prompt stands; everything else that a model may be shown (tools, schemas) is counted as JSON. */
const keysOfPrompt = new Set(['messages', 'prompt', 'input', 'system', 'instructions'])

function toRest(body: Json): string {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return ''
  const rest = Object.entries(body).filter(([key]) => !keysOfPrompt.has(key))
  return JSON.stringify(Object.fromEntries(rest))
}
