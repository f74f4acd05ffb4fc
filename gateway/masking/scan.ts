// What of a policy's data classes stands in a request, for rules that ask. Nothing is replaced: the same walk that masks a request only
// counts here.
import type { CompiledClass, MaskDemand } from '../../policy/masking/demand.ts'
import type { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../policy/masking/mask-run.ts'
import { Pseudonyms } from '../../policy/masking/pseudonyms.ts'
import type { FoundClass, ScanRequest } from '../../policy/model.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { ReadRequest } from '../protocols/protocol.ts'

/** What rules may ask of one request. */
export type MakeScan = (connection: CompiledConnection, read: ReadRequest | undefined) => ScanRequest

export function makeMakeScan(engines: MaskEngines): MakeScan {
  return (connection, read) => (classes) => scanRequest(engines, { connection, read, classes })
}

interface Scanned {
  readonly connection: CompiledConnection
  readonly read: ReadRequest | undefined
  readonly classes: readonly CompiledClass[]
}

function scanRequest(engines: MaskEngines, { connection, read, classes }: Scanned): ReadonlyMap<string, FoundClass> {
  const masks = engines.of(classes.map(toDemand), connection.classified)
  const run = new MaskRun({ masks, keyed: unused, pseudonyms: new Pseudonyms(unused), restores: false })
  if (read?.mask !== undefined) read.mask(run)
  else if (read?.upstream.body !== undefined) throw new Error('a request whose texts cannot be looked at')
  const found = new Map<string, FoundClass>(classes.map(({ name }) => [name, { count: 0, paths: [] }]))
  for (const { demand, count, paths } of run.masked) found.set(demand.name, { count, paths })
  return found
}

function toDemand({ name, detectors, fields }: CompiledClass): MaskDemand {
  const how = { action: 'Redact', label: name, keepLast: 0, restores: false, acts: false } as const
  return { ...how, name, class: name, detectors, fields, policy: '' }
}

function unused(): never {
  throw new Error('nothing is replaced in a scan')
}
