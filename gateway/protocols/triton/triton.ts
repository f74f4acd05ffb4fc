// Triton over HTTP: the Open Inference Protocol, and the generate extension for models of text.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { assertJsonOfCurl, assertNoQuery } from '../json/body.ts'
import { maskJsonRequest } from '../json/mask-body.ts'
import { renderInferenceError } from '../open-inference/error.ts'
import { planTensors, tensorOperations } from '../open-inference/open-inference.ts'
import type { ModelOperations, Place } from '../open-inference/v2-path.ts'
import { findPlace } from '../open-inference/v2-path.ts'
import type { Protocol, RequestHead, RequestPlan } from '../protocol.ts'
import { generateAnswer } from './answer.ts'
import { readGenerate, toGeneratePlace } from './generate.ts'

const operations: ModelOperations = new Map([
  ...tensorOperations,
  ['POST generate', 'generate'],
  ['POST generate_stream', 'generate_stream'],
])

export function buildTriton(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      assertNoQuery(head)
      const place = findPlace(connection, operations, head)
      return place.operation.startsWith('generate') ? planGenerate(place, head) : planTensors(place, head)
    },
    renderError: renderInferenceError,
  }
}

function planGenerate({ operation, model, version, path }: Place, head: RequestHead): RequestPlan {
  const described = assertJsonOfCurl(head)
  const stream = operation === 'generate_stream'
  return {
    takesBody: true,
    read: (bytes) => {
      const { prompt, inputs, body } = readGenerate(bytes)
      const upstream = { path, query: '', body: bytes, ...described }
      return {
        facts: { operation, model, version, stream, prompt, inputs, parameters: body, body },
        upstream,
        answer: generateAnswer,
        mask: (masks) => maskJsonRequest(upstream, toGeneratePlace(masks.start), masks),
      }
    },
  }
}
