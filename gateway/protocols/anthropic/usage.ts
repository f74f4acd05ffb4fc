// What the model server counts. Input that came from its cache or went into it is input; output is told cumulatively.
import type { Json, Usage } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'

/** What was told so far; a later event may tell a field anew. */
export type Counts = Readonly<Record<string, number>>

const inputs = ['input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'] as const

export function mergeUsage(counts: Counts, told: Json | undefined): Counts {
  if (!isJsonObject(told)) return counts
  const merged: Record<string, number> = { ...counts }
  for (const key of [...inputs, 'output_tokens']) {
    const value = told[key]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) merged[key] = value
  }
  return merged
}

/** Undefined until both sides are known. */
export function toUsage(counts: Counts): Usage | undefined {
  const { input_tokens: input, output_tokens: output } = counts
  if (input === undefined || output === undefined) return undefined
  return { inputTokens: inputs.reduce((sum, key) => sum + (counts[key] ?? 0), 0), outputTokens: output }
}
