// KServe's version 1 over HTTP: the list of models, whether one is ready, and predictions on JSON instances. CloudEvents are refused:
// they carry the request in an envelope that servers open and nobody here judges.
import type { InferenceFacts } from '../../../policy/model.ts'
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonBody, assertNoQuery } from '../json/body.ts'
import { plainAnswer } from '../open-inference/answer.ts'
import { renderInferenceError } from '../open-inference/error.ts'
import { findTarget } from '../open-inference/model-path.ts'
import type { OwnAnswer, Protocol, ReadRequest, RequestHead, RequestPlan } from '../protocol.ts'
import { assertNoCloudEvent, maskInstances, readPredict } from './predict.ts'

const list = '/v1/models'
const modelPath = /^\/v1\/models\/([^/:]+)(:[a-z]+)?$/
const operations: ReadonlyMap<string, string> = new Map([
  ['GET ', 'model.ready'],
  ['POST :predict', 'predict'],
  ['POST :explain', 'explain'],
])

export function buildKServeV1(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      assertNoQuery(head)
      if (head.method === 'GET' && head.path === list) return planList(connection)
      const [, model = '', rest = ''] = modelPath.exec(head.path) ?? []
      const operation = operations.get(`${head.method} ${rest}`)
      if (model === '' || operation === undefined) {
        throw new GatewayError(
          'operation_not_supported',
          'This connection offers /v1/models, and :predict and :explain of each model, and nothing else.',
        )
      }
      const place = { operation, model, path: `/v1/models/${findUnversioned(connection, model)}${rest}` }
      return rest === '' ? planBare(place) : planPredict(place, head)
    },
    renderError: renderInferenceError,
  }
}

interface Place {
  readonly operation: string
  readonly model: string
  readonly path: string
}

/** The protocol has no versions, so one that is declared could not be asked for. */
function findUnversioned(connection: CompiledConnection, model: string): string {
  const target = findTarget(connection, { model, version: '' })
  if (target.version === '') return target.model
  throw new GatewayError('model_not_found', 'This model declares `upstreamVersion`, and the protocol has no versions.')
}

/** Where the connection declares its models, callers see those and their public names. */
function planList(connection: CompiledConnection): RequestPlan {
  const place = { operation: 'models.list', model: '', path: list }
  return connection.models.size === 0 ? planBare(place) : planBare(place, toList([...connection.models.keys()]))
}

function toList(models: readonly string[]): OwnAnswer {
  const body = new TextEncoder().encode(JSON.stringify({ models }))
  return { status: 200, contentType: 'application/json', body }
}

function planBare(place: Place, ownAnswer?: OwnAnswer): RequestPlan {
  const read = (): ReadRequest => ({
    facts: toFacts(place, { prompt: '', instances: [], parameters: {}, body: null }),
    upstream: { path: place.path, query: '' },
    answer: plainAnswer,
    ...(ownAnswer === undefined ? {} : { ownAnswer }),
  })
  return { takesBody: false, read }
}

function planPredict(place: Place, head: RequestHead): RequestPlan {
  assertJsonBody(head)
  assertNoEventHeaders(head)
  return {
    takesBody: true,
    read: (bytes) => {
      const read = readPredict(bytes)
      assertNoCloudEvent(read.body)
      const upstream = { path: place.path, query: '', body: bytes }
      return {
        facts: toFacts(place, read),
        upstream,
        answer: plainAnswer,
        mask: (masks) => maskInstances({ upstream, body: read.body }, masks),
      }
    },
  }
}

function assertNoEventHeaders({ headers }: RequestHead): void {
  if (!Object.keys(headers).some((name) => /^ce[-_]/u.test(name))) return
  throw new GatewayError('content_type_unsupported', 'CloudEvents are not supported.')
}

function toFacts(
  { operation, model }: Place,
  {
    prompt,
    instances = [],
    parameters = {},
    body,
  }: Pick<InferenceFacts, 'prompt' | 'instances' | 'parameters' | 'body'>,
): InferenceFacts {
  return { operation, model, version: '', stream: false, prompt, instances, parameters, body }
}
