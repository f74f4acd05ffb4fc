// OpenAI's HTTP API, as its SDKs and many servers speak it: which path is which operation, and how each is read. Every operation
// that is not in the table is refused.
import type { Place } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { InferenceFacts, JsonObject } from '../../../policy/model.ts'
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonBody } from '../json/body.ts'
import { malformed, readJsonObject } from '../json/fields.ts'
import { maskJsonRequest } from '../json/mask-body.ts'
import { findUpstreamModel, withModel } from '../json/model-name.ts'
import type { AnswerFormat, Protocol, ReadRequest, RequestHead, RequestPlan } from '../protocol.ts'
import { chatAnswer } from './chat-answer.ts'
import { readChat } from './chat.ts'
import { completionAnswer } from './completion-answer.ts'
import { readCompletion } from './completions.ts'
import { embeddingAnswer, readEmbedding } from './embeddings.ts'
import { renderOpenAIError } from './error.ts'
import { chatRequest, completionRequest, embeddingRequest, responseRequest } from './masking/requests.ts'
import { decode, listModels, retrieveModel } from './models.ts'
import { toResponseAnswer } from './response-answer.ts'
import { readResponse } from './responses.ts'

interface Operation {
  /** Without a model: the body names it. */
  readonly read: (body: JsonObject, model?: string) => InferenceFacts
  /** Where its texts stand. */
  readonly texts: (masks: TextMasks) => Place
  /** Of this request. */
  readonly answer: (body: JsonObject) => AnswerFormat
}

const operations: ReadonlyMap<string, Operation> = new Map([
  ['/chat/completions', { read: readChat, texts: chatRequest, answer: () => chatAnswer }],
  ['/completions', { read: readCompletion, texts: completionRequest, answer: () => completionAnswer }],
  ['/responses', { read: readResponse, texts: responseRequest, answer: toResponseAnswer }],
  ['/embeddings', { read: readEmbedding, texts: embeddingRequest, answer: () => embeddingAnswer }],
])

const offered = `This connection offers POST ${[...operations.keys()].map((path) => `/v1${path}`).join(', ')}, and GET /v1/models; nothing else.`

export function buildOpenAI(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      const plan = head.method === 'GET' ? planModels(connection, head) : planOperation(connection, head)
      if (plan === undefined) throw new GatewayError('operation_not_supported', offered)
      assertKnownQuery(head)
      return plan
    },
    renderError: renderOpenAIError,
  }
}

/** The endpoint's base path ends where these do (in `/v1`, unless its URL says otherwise), as the SDKs' base URL does. */
const base = /^(?:\/openai)?(?:\/v1)?(?=\/)/u
/** Names have an owner before them, here and there. */
const modelPath = /^\/models\/(?<model>[^/]+(?:\/[^/]+)?)$/u
/** Azure names the model by its deployment. */
const deploymentPath = /^\/deployments\/(?<deployment>[^/]+)(?<operation>\/.+)$/u

function planModels(connection: CompiledConnection, head: RequestHead): RequestPlan | undefined {
  const path = head.path.replace(base, '')
  const upstream = { path, query: head.query }
  if (path === '/models') return { takesBody: false, read: () => listModels(connection, upstream) }
  const id = modelPath.exec(path)?.groups?.['model']
  if (id === undefined) return undefined
  const request = retrieveModel(connection, id, upstream)
  return { takesBody: false, read: () => request }
}

function planOperation(connection: CompiledConnection, head: RequestHead): RequestPlan | undefined {
  const path = head.path.replace(base, '')
  const { deployment, operation: inDeployment = path } = deploymentPath.exec(path)?.groups ?? {}
  const operation = head.method === 'POST' ? operations.get(inDeployment) : undefined
  if (operation === undefined) return undefined
  assertJsonBody(head)
  const { query } = head
  if (deployment === undefined) {
    return { takesBody: true, read: (bytes) => readRequest(connection, operation, { bytes, path, query }) }
  }
  const model = decode(deployment)
  const upstreamModel = findUpstreamModel(connection, model)
  const place = { path: `/deployments/${encodeURIComponent(upstreamModel)}${inDeployment}`, query }
  return {
    takesBody: true,
    read: (bytes) => readDeployed({ operation, model, upstreamModel }, { bytes, ...place }),
  }
}

interface Sent {
  readonly bytes: Uint8Array
  readonly path: string
  readonly query: string
}

function readRequest(connection: CompiledConnection, operation: Operation, { bytes, ...place }: Sent): ReadRequest {
  const { text, body } = readJsonObject(bytes)
  const facts = operation.read(body)
  const model = findUpstreamModel(connection, facts.model)
  const upstream = { ...place, body: model === facts.model ? bytes : rename(text, model) }
  return toReadRequest(operation, { facts, upstream, body })
}

function toReadRequest(
  { texts, answer }: Operation,
  { facts, upstream, body }: Pick<ReadRequest, 'facts' | 'upstream'> & { readonly body: JsonObject },
): ReadRequest {
  return { facts, upstream, answer: answer(body), mask: (masks) => maskJsonRequest(upstream, texts(masks), masks) }
}

function rename(text: string, model: string): Uint8Array {
  return new TextEncoder().encode(withModel(text, model))
}

interface Deployment {
  readonly operation: Operation
  readonly model: string
  /** What the model server calls it. */
  readonly upstreamModel: string
}

function readDeployed({ operation, model, upstreamModel }: Deployment, { bytes, ...place }: Sent): ReadRequest {
  const { text, body } = readJsonObject(bytes)
  const isNamed = Object.hasOwn(body, 'model')
  if (isNamed && body['model'] !== model) {
    throw malformed('`model` must be the deployment that the path names, or absent.')
  }
  const facts = operation.read(body, model)
  const sent = isNamed && upstreamModel !== model ? rename(text, upstreamModel) : bytes
  return toReadRequest(operation, { facts, upstream: { ...place, body: sent }, body })
}

/** Azure's version is harmless and needed. */
const knownQuery = /^(?:\?(?:api-version=[\w.-]{1,64})?)?$/u

function assertKnownQuery({ query }: RequestHead): void {
  if (knownQuery.test(query)) return
  throw new GatewayError('bad_request', 'The only query parameter of this operation is api-version.')
}
