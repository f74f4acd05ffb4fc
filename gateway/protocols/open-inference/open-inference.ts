// The Open Inference Protocol over HTTP (KServe's version 2), as MLServer, KServe, Triton, OpenVINO and others speak it: metadata,
// health, and inference on tensors. Every path that is not in the table is refused.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import type { Place as PlaceTree } from '../../../policy/masking/framing/place.ts'
import { GatewayError } from '../../errors.ts'
import { assertNoQuery } from '../json/body.ts'
import type { Protocol, ReadRequest, RequestHead, RequestPlan } from '../protocol.ts'
import { plainAnswer, tensorAnswer } from './answer.ts'
import { renderInferenceError } from './error.ts'
import { readHeadLength, toLengthHeader } from './head.ts'
import { maskTensors } from './mask-tensors.ts'
import { readInfer } from './request.ts'
import { toRequestPlace, type Sizes } from './tensor-places.ts'
import type { ModelOperations, Place } from './v2-path.ts'
import { findPlace } from './v2-path.ts'

export const tensorOperations: ModelOperations = new Map([
  ['GET', 'model.metadata'],
  ['GET ready', 'model.ready'],
  ['POST infer', 'infer'],
])

export function buildOpenInference(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      assertNoQuery(head)
      return planTensors(findPlace(connection, tensorOperations, head), head)
    },
    renderError: renderInferenceError,
  }
}

/** One of `tensorOperations`, or one of the server's own. */
export function planTensors(place: Place, head: RequestHead): RequestPlan {
  if (place.operation !== 'infer') return { takesBody: false, read: () => readBare(place) }
  const headLength = readHeadLength(head)
  return {
    takesBody: true,
    read: (bytes) => {
      const { inputs, prompt, parameters, body } = readInfer(bytes, headLength, place.model)
      const { operation, model, version, path } = place
      const upstream = { path, query: '', body: bytes, ...toLengthHeader(headLength) }
      return {
        facts: { operation, model, version, stream: false, prompt, inputs, parameters, body },
        upstream,
        answer: tensorAnswer,
        mask: (masks) => {
          const toRoot = (sizes: Sizes): PlaceTree => toRequestPlace({ body, start: masks.start, sizes }, model)
          const message = { bytes, headLength, body, list: 'inputs', toRoot, fail: unmaskable } as const
          const masked = maskTensors(message, masks)
          if (masked.bytes === bytes) return upstream
          return { ...upstream, body: masked.bytes, ...toLengthHeader(masked.headLength) }
        },
      }
    },
  }
}

/** What else could be wrong has been read before. */
function unmaskable(message: string): GatewayError {
  return new GatewayError('masking_unavailable', message)
}

function readBare({ operation, model, version, path }: Place): ReadRequest {
  return {
    facts: { operation, model, version, stream: false, prompt: '', inputs: [], parameters: {}, body: null },
    upstream: { path, query: '' },
    answer: plainAnswer,
  }
}
