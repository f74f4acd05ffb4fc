// OpenAI's list of models. A connection that declares its models is asked itself, and names those alone; of one that declares none
// the model server tells.
import { nowhere, type Start } from '../../../policy/masking/framing/place.ts'
import type { JsonObject } from '../../../policy/model.ts'
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { findUpstreamModel } from '../json/model-name.ts'
import { toModelsFacts, toOwnJson } from '../json/own-models.ts'
import type { ReadRequest, UpstreamRequest } from '../protocol.ts'
import { errorShape, toAnswerFormat } from './answer.ts'
import { openPlain } from './embeddings.ts'
import type { Shape } from './gather.ts'
import { Places } from './masking/place.ts'

type Models = Pick<CompiledConnection, 'models'>

const modelShape: Shape = {
  id: 'Quiet',
  object: 'Quiet',
  created: 'Quiet',
  owned_by: 'Quiet',
  root: 'Quiet',
  parent: 'Quiet',
  permission: 'Quiet',
}

const shape: Shape = { ...modelShape, data: modelShape, error: errorShape }
const named = { ...modelShape, id: 'Name', root: 'Name', parent: 'Name' } as const

const answer = toAnswerFormat(() => openPlain(shape), {
  whole: ({ start }) => new Places(start).of({ ...shape, ...named, data: named }),
})

export function listModels({ models }: Models, upstream: UpstreamRequest): ReadRequest {
  const data = [...models.keys()].map(toModel)
  return {
    facts: toModelsFacts('models.list', ''),
    upstream,
    mask: () => upstream,
    answer,
    ...(models.size > 0 && { ownAnswer: toOwnJson({ object: 'list', data }) }),
  }
}

/** Throws `model_not_found`. */
export function retrieveModel(connection: Models, id: string, upstream: UpstreamRequest): ReadRequest {
  const model = decode(id)
  findUpstreamModel(connection, model)
  return {
    facts: toModelsFacts('models.retrieve', model),
    upstream,
    // A model's name, or whatever the caller takes for one.
    mask: ({ start }) => maskModel(model, upstream, start),
    answer,
    ...(connection.models.size > 0 && { ownAnswer: toOwnJson(toModel(model)) }),
  }
}

function maskModel(model: string, upstream: UpstreamRequest, start: Start): UpstreamRequest {
  const masker = start(nowhere)
  const masked = masker.push(model) + masker.end()
  return masked === model ? upstream : { ...upstream, path: `/models/${encodeURIComponent(masked)}` }
}

/** One segment of a path as the name it stands for. */
export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new GatewayError('model_not_found', 'The path names a model in an encoding that is not valid.', { cause })
  }
}

function toModel(id: string): JsonObject {
  return { id, object: 'model', created: 0, owned_by: 'portcullis' }
}
