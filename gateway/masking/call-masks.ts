// The masks of one call: what is sent in place of the request that came, and what waits for the answer. It acts after judgement, on
// the bytes that would have gone on, and sends nothing itself.
import type { Keyed } from '../../policy/masking/keyed.ts'
import type { MaskDemand, MaskDemands } from '../../policy/masking/demand.ts'
import type { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MasksTooLarge } from '../../policy/masking/mask-engines.ts'
import type { Masked } from '../../policy/masking/mask-run.ts'
import { MaskRun } from '../../policy/masking/mask-run.ts'
import { Pseudonyms } from '../../policy/masking/pseudonyms.ts'
import type { Denied } from '../../policy/model.ts'
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

/** What is done with an answer. */
export interface AnswerMasks {
  /** Absent: only policies in mode Audit look for anything. */
  readonly acting?: MaskRun
  /** Counts, and never changes, delays or ends anything. */
  readonly audit?: MaskRun
}

export interface MaskedCall {
  readonly asked: Asked
  /** Of the request. */
  readonly found: readonly Masked[]
  /** A mask with action Deny found something in the request. */
  readonly denied?: Denied | undefined
  /** The same, of policies in mode Audit. */
  readonly shadow: readonly Denied[]
  readonly answer?: AnswerMasks
}

export type MaskCall = (call: MaskableCall) => MaskedCall

const nothing: readonly never[] = []

/** The function that it makes throws GatewayError. */
export function makeMaskCall(deps: MaskingDeps): MaskCall {
  return (call) => {
    const { asked, masks } = call
    if (masks.request.length === 0 && masks.response.length === 0) return { asked, found: nothing, shadow: nothing }
    return maskCall(deps, call)
  }
}

function maskCall(deps: MaskingDeps, { connection, asked, masks }: MaskableCall): MaskedCall {
  if (asked.read === undefined) throw unreadable()
  const { read } = asked
  const keyed = findKey(deps, connection, [...masks.request, ...masks.response])
  const pseudonyms = new Pseudonyms(keyed)
  const open = (demands: readonly MaskDemand[], restores: boolean): MaskRun =>
    openRun(() => new MaskRun({ masks: deps.engines.of(demands, connection.classified), keyed, pseudonyms, restores }))
  const audit = masks.request.filter(isWatched)
  const watched = audit.length === 0 ? undefined : open(audit, false)
  if (watched !== undefined) maskRead(read, watched)
  const acting = masks.request.filter(acts)
  const run = acting.length === 0 ? undefined : open(acting, false)
  const upstream = run === undefined ? read.upstream : maskRead(read, run)
  return {
    asked: upstream === read.upstream ? asked : { ...asked, read: { ...read, upstream } },
    found: [...(run?.masked ?? nothing), ...(watched?.masked ?? nothing)],
    denied: run?.denied,
    shadow: watched?.denied === undefined ? nothing : [watched.denied],
    ...toAnswerMasks(masks.response, pseudonyms.canRestore, open),
  }
}

function toAnswerMasks(
  demands: readonly MaskDemand[],
  restores: boolean,
  open: (demands: readonly MaskDemand[], restores: boolean) => MaskRun,
): Pick<MaskedCall, 'answer'> {
  const acting = demands.filter(acts)
  const audit = demands.filter(isWatched)
  if (acting.length === 0 && audit.length === 0 && !restores) return {}
  return {
    answer: {
      ...(acting.length > 0 || restores ? { acting: open(acting, restores) } : {}),
      ...(audit.length > 0 ? { audit: open(audit, false) } : {}),
    },
  }
}

function acts({ acts: does }: MaskDemand): boolean {
  return does
}

function isWatched(demand: MaskDemand): boolean {
  return !acts(demand)
}

function maskRead(read: ReadRequest, run: MaskRun): ReadRequest['upstream'] {
  if (read.mask !== undefined) return read.mask(run)
  // No text was read, so there is none: models that are listed, a server's health.
  if (read.upstream.body === undefined) return read.upstream
  throw unreadable()
}

function unreadable(): GatewayError {
  return new GatewayError('masking_unavailable', 'Texts of this request cannot be masked as a policy demands.')
}

function openRun(open: () => MaskRun): MaskRun {
  try {
    return open()
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
