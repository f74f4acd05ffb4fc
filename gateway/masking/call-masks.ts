// The masks of one call: what is sent in place of the request that came, and what waits for the answer. It acts after judgement, on
// the bytes that would have gone on, and sends nothing itself.
import type { Keyed } from '../../policy/masking/keyed.ts'
import type { MaskDemand, MaskDemands } from '../../policy/masking/demand.ts'
import type { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MasksTooLarge } from '../../policy/masking/mask-engines.ts'
import type { Classified } from '../../policy/masking/mask-plan.ts'
import type { MaskRunSources } from '../../policy/masking/mask-run.ts'
import { MaskRun } from '../../policy/masking/mask-run.ts'
import { Pseudonyms } from '../../policy/masking/pseudonyms.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import { GatewayError } from '../errors.ts'
import type { ReadRequest } from '../protocols/protocol.ts'
import type { Asked } from '../read.ts'
import { maskHeaders } from './headers.ts'
import { toKeyed } from './keyed.ts'
import { isInNames } from './names.ts'

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

function maskCall(deps: MaskingDeps, call: MaskableCall): MaskedCall {
  const { asked, masks } = call
  const acting = { request: masks.request.filter(acts), response: masks.response.filter(acts) }
  const audit = { request: masks.request.filter(isWatched), response: masks.response.filter(isWatched) }
  const keyed = findKey(deps, call, [...acting.request, ...acting.response])
  const pseudonyms = new Pseudonyms(keyed)
  const run = (demands: readonly MaskDemand[], restores: boolean): MaskRun =>
    openRun(deps.engines, { demands, classified: call.connection.classified, keyed, pseudonyms, restores })
  const watch = (demands: readonly MaskDemand[]): MaskRun | undefined => openWatch(deps.engines, call, demands)
  // What mode Audit sees is what came, not what the other masks leave of it.
  const watched = watch(audit.request)
  if (watched !== undefined) tryToMask(call, watched)
  const request = acting.request.length === 0 ? undefined : run(acting.request, false)
  const masked = request === undefined ? asked : maskAsked(call, request)
  const restores = pseudonyms.canRestore
  const answer = acting.response.length > 0 || restores ? run(acting.response, restores) : undefined
  return {
    asked: masked,
    request: toRuns(request, watched) ?? none,
    answer: toRuns(answer, watch(audit.response)),
  }
}

function toRuns(acting: MaskRun | undefined, audit: MaskRun | undefined): MaskRuns | undefined {
  if (acting === undefined && audit === undefined) return undefined
  return { ...(acting === undefined ? {} : { acting }), ...(audit === undefined ? {} : { audit }) }
}

function acts({ acts: does }: MaskDemand): boolean {
  return does
}

function isWatched(demand: MaskDemand): boolean {
  return !acts(demand)
}

function maskAsked({ connection, asked }: MaskableCall, run: MaskRun): Asked {
  const { read } = asked
  if (read === undefined) throw unreadable()
  const upstream = maskUpstream(read, run)
  const rawHeaders = maskHeaders(asked.rawHeaders, run.start)
  if (isInNames(connection, read, run.start) && run.denied === undefined) throw unchangeable()
  const isSame = upstream === read.upstream && rawHeaders === asked.rawHeaders
  return isSame ? asked : { ...asked, rawHeaders, read: { ...read, upstream } }
}

/** Nothing that goes wrong in mode Audit has a consequence. */
function tryToMask(call: MaskableCall, run: MaskRun): void {
  try {
    maskAsked(call, run)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
  }
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

function unchangeable(): GatewayError {
  const message = 'A mask finds data in the path or in the name of the model, where nothing else can stand for it.'
  return new GatewayError('masking_unavailable', message)
}

interface RunParts extends Omit<MaskRunSources, 'masks'> {
  readonly demands: readonly MaskDemand[]
  readonly classified: Classified
}

function openRun(engines: MaskEngines, { demands, classified, ...parts }: RunParts): MaskRun {
  try {
    return new MaskRun({ masks: engines.of(demands, classified), ...parts })
  } catch (error) {
    if (!(error instanceof MasksTooLarge)) throw error
    const message = 'The masks of several policies are too large to be run together.'
    throw new GatewayError('masking_unavailable', message, { cause: error })
  }
}

/** Undefined: there is nothing to watch for, or nobody can. What it would write is seen by nobody, so it needs no key. */
function openWatch(
  engines: MaskEngines,
  { connection }: MaskableCall,
  demands: readonly MaskDemand[],
): MaskRun | undefined {
  if (demands.length === 0) return undefined
  const parts = {
    demands,
    classified: connection.classified,
    keyed: noDigest,
    pseudonyms: new Pseudonyms(noDigest),
    restores: false,
  }
  try {
    return openRun(engines, parts)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return undefined
  }
}

const noDigest: Keyed = () => new Uint8Array(32)

function findKey({ tenantKey }: MaskingDeps, { connection }: MaskableCall, demands: readonly MaskDemand[]): Keyed {
  const key = tenantKey(connection.declared.ref.namespace)
  if (key !== undefined) return toKeyed(key)
  if (demands.some(({ action }) => action === 'Hash' || action === 'Pseudonymize')) {
    throw new GatewayError('masking_unavailable', 'The key that hashes and pseudonyms are made with is not here yet.')
  }
  return withoutKey
}

function withoutKey(): never {
  throw new Error('a keyed digest is asked for where no mask needs one')
}
