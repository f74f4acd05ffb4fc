// The model a request names, among those that the connection offers, and the same body with the name that the model server knows.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { malformed } from './fields.ts'
import { findTopLevelString } from './strict-json.ts'

/** A connection that declares its models offers those alone; one that declares none passes every name on. */
export function findUpstreamModel(connection: Pick<CompiledConnection, 'models'>, model: string): string {
  if (connection.models.size === 0) return model
  const upstream = connection.models.get(model)
  if (upstream === undefined) {
    throw new GatewayError('model_not_found', 'This connection does not offer the model asked for.')
  }
  return upstream
}

/** The same body with another model name; every other byte stays. */
export function withModel(text: string, model: string): string {
  const span = findTopLevelString(text, 'model')
  if (span === undefined) throw malformed('`model` must be a string.')
  return text.slice(0, span.start) + JSON.stringify(model) + text.slice(span.end)
}
