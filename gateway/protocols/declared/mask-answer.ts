// Answers of servers without a known API under a mask, by the content type that their reader took: declared fields as masks say of them,
// all other text like any text.
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import { applySplices } from '../../../policy/masking/framing/sink.ts'
import { maskText } from './mask-bytes.ts'
import { toDeclaredPlace, toFieldStart, toWholeNames } from './mask-places.ts'
import type { Declaration } from './declaration.ts'

export interface AnswerMasking {
  readonly declaration: Declaration | undefined
  readonly masks: TextMasks
}

export function maskAnswerText(text: string, { declaration, masks }: AnswerMasking): string {
  return maskText(text, toFieldStart(toWholeNames(declaration), masks))
}

export function maskAnswerJson(text: string, { declaration, masks }: AnswerMasking): string {
  const root = masks.over(toDeclaredPlace(declaration, masks))
  return applySplices(text, maskJson(text, root, masks.start).splices)
}

/** What the decoder of Latin text made of each byte. A label may have other characters; they become question marks. */
export function encodeLatin(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => latinBytes.get(unit) ?? questionMark)
}

const questionMark = 0x3f
const latinBytes: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => [new TextDecoder('windows-1252').decode(Uint8Array.of(byte)), byte]),
)
