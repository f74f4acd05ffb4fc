// The masks of one call: what is sent in place of the request that came, and what waits for the answer. It acts after judgement, on
// the bytes that would have gone on, and sends nothing itself.
import type { Keyed } from '../../policy/masking/keyed.ts'
import type { MaskDemand, MaskDemands } from '../../policy/masking/demand.ts'
import type { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MasksTooLarge } from '../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../policy/masking/mask-run.ts'
import { Pseudonyms } from '../../policy/masking/pseudonyms.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import { GatewayError } from '../errors.ts'
import type { ReadRequest } from '../protocols/protocol.ts'
import type { Asked } from '../read.ts'
import { toKeyed } from './keyed.ts'

export interface MaskingDeps {
  readonly engines: MaskEngines
  /** Of the namespace of a connection; undefined while it is not here. */
  readonly tenantKey: (namespace: string) => Uint8Array | undefined
}

export interface MaskableCall {
  readonly connection: CompiledConnection
  readonly asked: Asked
  readonly masks: MaskDemands
}

/** Of one side of the call. */
export interface MaskRuns {
  /** Absent: only policies in mode Audit look for anything. */
  readonly acting?: MaskRun
  /** Counts, and never changes, delays or ends anything. */
  readonly audit?: MaskRun
}

export interface MaskedCall {
  readonly asked: Asked
  /** Done already. */
  readonly request: MaskRuns
  /** For the answer. Absent: nothing is looked for in it. */
  readonly answer: MaskRuns | undefined
}

export type MaskCall = (call: MaskableCall) => MaskedCall

const none: MaskRuns = {}

/** The function that it makes throws GatewayError. */
export function makeMaskCall(deps: MaskingDeps): MaskCall {
  return (call) => {
    const { asked, masks } = call
    if (masks.request.length === 0 && masks.response.length === 0) return { asked, request: none, answer: undefined }
    return maskCall(deps, call)
  }
}

function maskCall(deps: MaskingDeps, { connection, asked, masks }: MaskableCall): MaskedCall {
  if (asked.read === undefined) throw unreadable()
  const keyed = findKey(deps, connection, [...masks.request, ...masks.response])
  const pseudonyms = new Pseudonyms(keyed)
  const run: Run = (demands, restores) =>
    new MaskRun({ masks: deps.engines.of(demands, connection.classified), keyed, pseudonyms, restores })
  const request = openRuns(run, masks.request, false)
  const read = maskRead(asked.read, request)
  const looks = masks.response.length > 0 || pseudonyms.canRestore
  const answer = looks ? openRuns(run, masks.response, pseudonyms.canRestore) : undefined
  return { asked: read === asked.read ? asked : { ...asked, read }, request, answer }
}

/** What mode Audit sees is what came, not what the other masks leave of it. */
function maskRead(read: ReadRequest, { acting, audit }: MaskRuns): ReadRequest {
  if (audit !== undefined) maskUpstream(read, audit)
  const upstream = acting === undefined ? read.upstream : maskUpstream(read, acting)
  return upstream === read.upstream ? read : { ...read, upstream }
}

function acts({ acts: does }: MaskDemand): boolean {
  return does
}

function isWatched(demand: MaskDemand): boolean {
  return !acts(demand)
}

function maskUpstream(read: ReadRequest, run: MaskRun): ReadRequest['upstream'] {
  if (read.mask !== undefined) return read.mask(run)
  // No text was read, so there is none: models that are listed, a server's health.
  if (read.upstream.body === undefined) return read.upstream
  throw unreadable()
}

function unreadable(): GatewayError {
  return new GatewayError('masking_unavailable', 'Texts of this request cannot be masked as a policy demands.')
}

type Run = (demands: readonly MaskDemand[], restores: boolean) => MaskRun

function openRuns(run: Run, demands: readonly MaskDemand[], restores: boolean): MaskRuns {
  const acting = demands.filter(acts)
  const audit = demands.filter(isWatched)
  try {
    return {
      ...(acting.length > 0 || restores ? { acting: run(acting, restores) } : {}),
      ...(audit.length > 0 ? { audit: run(audit, false) } : {}),
    }
  } catch (error) {
    if (!(error instanceof MasksTooLarge)) throw error
    throw new GatewayError('masking_unavailable', 'The masks of several policies are too large to be run together.', {
      cause: error,
    })
  }
}

function findKey({ tenantKey }: MaskingDeps, { declared }: CompiledConnection, demands: readonly MaskDemand[]): Keyed {
  const key = tenantKey(declared.ref.namespace)
  if (key !== undefined) return toKeyed(key)
  if (demands.some(({ action }) => action === 'Hash' || action === 'Pseudonymize')) {
    throw new GatewayError('masking_unavailable', 'The key that hashes and pseudonyms are made with is not here yet.')
  }
  return withoutKey
}

function withoutKey(): never {
  throw new Error('a keyed digest is asked for where no mask needs one')
}
