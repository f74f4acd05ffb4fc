// Paths of the Open Inference Protocol, version 2: the server's own, and those of one model. Everything else that servers offer under
// /v2 (repository, shared memory, statistics, tracing, logging) is none of these.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import type { ModelVersion } from './model-path.ts'
import { findTarget } from './model-path.ts'

export interface Place {
  readonly operation: string
  /** As the caller names them; the version is the one that is asked for in the end. */
  readonly model: string
  readonly version: string
  /** What the model server gets. */
  readonly path: string
}

const serverOperations: ReadonlyMap<string, string> = new Map([
  ['/v2', 'server.metadata'],
  ['/v2/health/live', 'server.live'],
  ['/v2/health/ready', 'server.ready'],
])

const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/([a-z_]+))?$/

/** By method and last segment; none: the model itself. */
export type ModelOperations = ReadonlyMap<string, string>

export function findPlace(
  connection: Pick<CompiledConnection, 'models' | 'versions'>,
  operations: ModelOperations,
  head: { readonly method: string; readonly path: string },
): Place {
  const ofServer = head.method === 'GET' ? serverOperations.get(head.path) : undefined
  if (ofServer !== undefined) return { operation: ofServer, model: '', version: '', path: head.path }
  const [, model = '', version = '', verb = ''] = modelPath.exec(head.path) ?? []
  const operation = operations.get(verb === '' ? head.method : `${head.method} ${verb}`)
  if (model === '' || operation === undefined) {
    throw new GatewayError(
      'operation_not_supported',
      'This connection offers the metadata, readiness and inference of models under /v2, and nothing else.',
    )
  }
  const target = findTarget(connection, { model, version })
  assertNotReserved(target)
  return { operation, model, version: target.version, path: toPath(target, verb) }
}

/** GET /v2/models/stats tells about every model of Triton, whatever a model is called. */
function assertNotReserved({ model }: ModelVersion): void {
  if (model !== 'stats') return
  throw new GatewayError('model_not_found', 'A model of this name cannot be told from the statistics of all models.')
}

function toPath({ model, version }: ModelVersion, verb: string): string {
  const versions = version === '' ? '' : `/versions/${version}`
  return `/v2/models/${model}${versions}${verb === '' ? '' : `/${verb}`}`
}
