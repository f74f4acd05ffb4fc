// Brings the status of one ModelConnection up to date with what the publication knows. What the object says was judged when the
// bundle was planned; a generation that has not been planned yet waits for that.
import type { Clock } from '../../kube/clock.ts'
import { toRef } from '../../kube/resource.ts'
import type { ModelConnection } from '../objects.ts'
import { modelConnections } from '../objects.ts'
import type { Publication } from '../publish/publication.ts'
import { toEntryKey } from '../publish/publication.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { done } from '../runtime/outcome.ts'
import { toStanding } from '../standing.ts'
import type { WriteStatusDeps } from '../write-status.ts'
import { writeStatus } from '../write-status.ts'
import { toConnectionStatus } from './status.ts'

export interface ConnectionReconcileDeps extends WriteStatusDeps {
  readonly clock: Clock
  readonly get: (id: string) => ModelConnection | undefined
  readonly publication: Publication
}

export async function reconcileConnection(deps: ConnectionReconcileDeps, id: string): Promise<Outcome> {
  const connection = deps.get(id)
  const planned = deps.publication.judged?.plan.connections.get(id)
  if (connection === undefined) deps.writer.forget(modelConnections, toRef(id))
  if (connection === undefined || planned === undefined) return done
  const { uid, generation = 0 } = connection.metadata
  if (planned.entry.ref.uid !== uid || planned.entry.ref.generation !== generation) return done
  const key = toEntryKey('ModelConnection', id)
  const subject = { key, generation, previous: connection.status, refused: planned.entry.blocked }
  const standing = toStanding(deps.publication, subject, deps.clock.monotonicMs())
  const policies = deps.publication.judged?.plan.policyCounts.get(id) ?? 0
  const status = toConnectionStatus(connection, planned, standing, policies)
  return writeStatus(deps, { resource: modelConnections, object: connection, status, standing })
}
