// The last step of a reconcile, for both kinds: write the status if it changed, tell people what turned, and say when to look again.
import type { KubeObject, Resource } from '../kube/resource.ts'
import type { Outcome } from './runtime/outcome.ts'
import { done } from './runtime/outcome.ts'
import type { Status, StatusWriter } from './runtime/status-writer.ts'
import type { PreviousStatus, Standing } from './standing.ts'
import type { TellChanges } from './stories.ts'

export interface WriteStatusDeps {
  readonly writer: StatusWriter
  readonly tellChanges: TellChanges
}

export interface Reported {
  readonly resource: Resource
  readonly object: KubeObject & { readonly status?: PreviousStatus | undefined }
  readonly status: Status
  readonly standing: Standing
}

export async function writeStatus(
  { writer, tellChanges }: WriteStatusDeps,
  { resource, object, status, standing }: Reported,
): Promise<Outcome> {
  const result = await writer.write(resource, object, status)
  if (result === 'written') tellChanges(object, object.status?.conditions, status.conditions ?? [])
  return standing.againInMs === undefined ? done : { type: 'requeueAfter', ms: standing.againInMs }
}
