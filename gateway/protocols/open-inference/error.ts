// Errors as clients of Triton, KServe, MLServer and TensorFlow Serving read them: one text under `error`. What else the gateway
// knows stands beside it.
import type { Refusal } from '../../refusal.ts'
import type { RenderedError } from '../protocol.ts'

export function renderInferenceError(refusal: Refusal): RenderedError {
  return { contentType: 'application/json', body: toErrorJson(refusal) }
}

export function toErrorJson({ message, code, policy, rule }: Refusal): string {
  return JSON.stringify({
    error: message,
    code,
    ...(policy === undefined ? {} : { policy }),
    ...(rule === undefined ? {} : { rule }),
  })
}
