// What protocols are given to mask with, over a masker of literal words: findings are easy to see, and JSON in texts is JSON.
import { nest } from '../../policy/masking/framing/json-text.ts'
import type { Start } from '../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import { startWords, type Words } from './word-masker.ts'

export function makeTextMasks(words: Words): TextMasks {
  const start: Start = nest(() => startWords(words))
  return { start, over: (root) => root, field: () => start }
}
