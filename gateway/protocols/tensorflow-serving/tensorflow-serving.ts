// TensorFlow Serving over HTTP: status and metadata of models, predictions on instances or inputs, classification and regression of
// examples. A version is named by number or by label; both stand in the path.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonOfCurl, assertNoQuery } from '../json/body.ts'
import type { Instances } from '../kserve-v1/predict.ts'
import { maskInstances, readPredict } from '../kserve-v1/predict.ts'
import { plainAnswer } from '../open-inference/answer.ts'
import { renderInferenceError } from '../open-inference/error.ts'
import { findTarget } from '../open-inference/model-path.ts'
import type { Protocol, RequestHead, RequestPlan } from '../protocol.ts'
import { readExamples } from './examples.ts'

const modelPath =
  /^\/v1\/models\/(?<model>[^/:]+)(?:\/versions\/(?<version>[0-9]{1,19})|\/labels\/(?<label>[^/:]+))?(?<rest>\/metadata|:[a-z]+)?$/

interface Operation {
  readonly name: string
  readonly readBody?: (bytes: Uint8Array) => Instances
}

const operations: ReadonlyMap<string, Operation> = new Map([
  ['GET ', { name: 'model.status' }],
  ['GET /metadata', { name: 'model.metadata' }],
  ['POST :predict', { name: 'predict', readBody: readPredict }],
  ['POST :classify', { name: 'classify', readBody: readExamples }],
  ['POST :regress', { name: 'regress', readBody: readExamples }],
])

export function buildTensorFlowServing(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      assertNoQuery(head)
      const { model = '', version = '', label = '', rest = '' } = modelPath.exec(head.path)?.groups ?? {}
      const operation = operations.get(`${head.method} ${rest}`)
      if (model === '' || operation === undefined) {
        throw new GatewayError(
          'operation_not_supported',
          'This connection offers status and metadata of models, :predict, :classify and :regress, and nothing else.',
        )
      }
      return planOperation(operation, findPlace(connection, { model, version, label, rest }), head)
    },
    renderError: renderInferenceError,
  }
}

interface Named {
  readonly model: string
  readonly version: string
  readonly label: string
  readonly rest: string
}

interface Place {
  readonly model: string
  /** A label stands as `labels/` and its name, so that no rule takes one for a number. */
  readonly version: string
  readonly path: string
}

function findPlace(connection: CompiledConnection, { model, version, label, rest }: Named): Place {
  const declared = connection.versions.get(model)
  if (label !== '' && declared !== undefined) {
    throw new GatewayError('model_not_found', 'This connection offers one version of this model, and no labels.')
  }
  const target = findTarget(connection, { model, version: label === '' ? version : label })
  const place = `/v1/models/${target.model}`
  if (label !== '') return { model, version: `labels/${label}`, path: `${place}/labels/${label}${rest}` }
  const versions = target.version === '' ? '' : `/versions/${target.version}`
  return { model, version: target.version, path: `${place}${versions}${rest}` }
}

function planOperation({ name: operation, readBody }: Operation, place: Place, head: RequestHead): RequestPlan {
  const { model, version, path } = place
  const named = { operation, model, version, stream: false }
  if (readBody === undefined) {
    return {
      takesBody: false,
      read: () => ({
        facts: { ...named, prompt: '', instances: [], parameters: {}, body: null },
        upstream: { path, query: '' },
        answer: plainAnswer,
      }),
    }
  }
  const described = assertJsonOfCurl(head)
  return {
    takesBody: true,
    read: (bytes) => {
      const read = readBody(bytes)
      const upstream = { path, query: '', body: bytes, ...described }
      return {
        facts: { ...named, ...read },
        upstream,
        answer: plainAnswer,
        mask: (masks) => maskInstances({ upstream, body: read.body }, masks),
      }
    },
  }
}
