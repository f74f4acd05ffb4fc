// What the masks of a call found, as its record tells it: names, numbers and places, never a value.
import type { RecordedMask } from '../../policy/evidence.ts'
import type { Denied } from '../../policy/model.ts'
import type { MaskedCall, MaskRuns } from './call-masks.ts'

export function toRecordedMasks(masked: MaskedCall | undefined): readonly RecordedMask[] {
  if (masked === undefined) return []
  return [...toRecorded('Request', masked.request), ...toRecorded('Response', masked.answer)]
}

/** What masks of policies in mode Audit would have refused. */
export function listWithheld(masked: MaskedCall | undefined): readonly Denied[] {
  return [masked?.request.audit?.denied, masked?.answer?.audit?.denied].flatMap((denied) => denied ?? [])
}

function toRecorded(phase: RecordedMask['phase'], { acting, audit }: MaskRuns = {}): readonly RecordedMask[] {
  return [acting, audit].flatMap((run) =>
    (run?.masked ?? []).map(({ demand, count, paths }) => ({
      phase,
      policy: demand.policy,
      mask: demand.name,
      ...(demand.class === undefined ? {} : { class: demand.class }),
      action: demand.action,
      acted: demand.acts,
      count,
      paths,
    })),
  )
}
