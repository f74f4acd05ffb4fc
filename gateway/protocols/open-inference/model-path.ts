// Models and versions in paths: which of them the connection offers, and how the model server calls them. A name that servers could
// read differently (encodings, dots alone, separators) is refused.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { findUpstreamModel } from '../json/model-name.ts'

/** Nothing that stands for something else in any path. */
const plainSegment = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/

export interface ModelVersion {
  readonly model: string
  /** Empty: the server's own choice. */
  readonly version: string
}

/** From the names of the path to those that the model server knows. Throws `bad_request`, `model_not_found`. */
export function findTarget(
  connection: Pick<CompiledConnection, 'models' | 'versions'>,
  { model, version }: ModelVersion,
): ModelVersion {
  if (!isPlainSegment(model) || (version !== '' && !isPlainSegment(version))) {
    throw new GatewayError(
      'bad_request',
      'Names of models and versions in the path may have letters, digits, `_`, `.` and `-`, and may not start with one of the last two.',
    )
  }
  const upstream = findUpstreamModel(connection, model)
  if (!isPlainSegment(upstream)) {
    throw new GatewayError('model_not_found', 'The `upstreamName` of this model cannot stand in a path.')
  }
  return { model: upstream, version: findVersion(connection.versions.get(model), version) }
}

/** Where a connection declares the version, callers get that one: they may name it, or none. */
function findVersion(declared: string | undefined, asked: string): string {
  if (declared === undefined || declared === asked) return asked
  if (asked !== '') {
    throw new GatewayError('model_not_found', 'This connection offers another version of this model.')
  }
  if (!isPlainSegment(declared)) {
    throw new GatewayError('model_not_found', 'The `upstreamVersion` of this model cannot stand in a path.')
  }
  return declared
}

function isPlainSegment(name: string): boolean {
  return plainSegment.test(name)
}
