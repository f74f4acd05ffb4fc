// Where one object stands on its way to the gateways: the condition Programmed and the fields beside it. Pure over what the
// publication knows, for both kinds alike.
import type { Blocked, Revision } from '../policy/bundle.ts'
import { toSequenceText } from '../policy/bundle-wire.ts'
import type { Publication } from './publish/publication.ts'
import type { Enforcement } from './publish/replicas.ts'
import type { Programming, Progress } from './publish/rollout.ts'
import { judgeProgramming } from './publish/rollout.ts'
import type { Finding } from './verdict.ts'

/** The status that the object has now, as far as it matters here. */
export interface PreviousStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
    readonly observedGeneration?: number
  }[]
  readonly enforced?: string
  readonly revision?: string
  readonly sequence?: string
}

export interface Subject {
  /** `toEntryKey`. */
  readonly key: string
  readonly generation: number
  readonly previous: PreviousStatus | undefined
  /** Why it is not enforced as it is written; its calls are refused instead. */
  readonly refused?: Blocked | undefined
}

export interface Standing {
  readonly programmed: Finding
  readonly enforced?: string
  readonly laggards: readonly string[]
  readonly revision?: string
  readonly sequence?: string
  readonly againInMs?: number
}

const maxLaggards = 8

export function toStanding(publication: Publication, subject: Subject, nowMs: number): Standing {
  const progress = publication.progressOf(subject.key)
  const planned = publication.judged?.fingerprints.get(subject.key)
  if (progress === undefined || planned !== progress.fingerprint) return toUnpublished(publication, planned, subject)
  const programming = judgeProgramming(progress, publication.replicas, nowMs)
  const { againInMs } = programming
  return {
    ...toFacts(publication, { subject, progress, programming, nowMs }),
    ...toPlace(publication, progress, subject),
    ...(againInMs === undefined ? {} : { againInMs }),
  }
}

interface Known {
  readonly subject: Subject
  readonly progress: Progress
  readonly programming: Programming
  readonly nowMs: number
}

type Facts = Pick<Standing, 'programmed' | 'enforced' | 'laggards'>

function toFacts(publication: Publication, { subject, progress, programming, nowMs }: Known): Facts {
  const { finding, enforcement } = programming
  const before = subject.previous?.observedGeneration === subject.generation ? subject.previous : undefined
  const kept = publication.isInherited(subject.key) ? toKept(before, finding) : undefined
  if (subject.refused !== undefined) return toCounted(toRefused(subject.refused, enforcement), enforcement)
  if (kept !== undefined) return kept
  if (!progress.latched) return toCounted(finding, enforcement)
  // While a fleet is moving, its numbers would be written into every object, again and again.
  const standingCount = publication.isSettled(nowMs) ? undefined : toStandingCount(before)
  return { programmed: finding, enforced: standingCount ?? toCount(enforcement), laggards: [] }
}

function toCounted(programmed: Finding, enforcement: Enforcement): Facts {
  return { programmed, enforced: toCount(enforcement), laggards: enforcement.laggards.slice(0, maxLaggards) }
}

function toCount({ enforced, of }: Enforcement): string {
  return `${enforced}/${of}`
}

function toStandingCount(status: PreviousStatus | undefined): string | undefined {
  const isProgrammed = status?.conditions?.some(({ type, status: is }) => type === 'Programmed' && is === 'True')
  return isProgrammed === true ? status?.enforced : undefined
}

function say(status: Finding['status'], reason: string, message: string): Standing {
  return { programmed: { status, reason, message }, laggards: [] }
}

function toUnpublished({ trouble }: Publication, planned: string | undefined, { refused }: Subject): Standing {
  if (planned === undefined && refused !== undefined)
    return say('False', refused.reason, 'There is nothing to enforce.')
  if (trouble === undefined) return say('Unknown', 'Pending', 'About to be published.')
  return say('False', 'PublishFailed', `The bundle could not be published, so gateways keep the one before: ${trouble}`)
}

/** A revision refuses the calls instead of obeying the object: `kubectl wait --for=condition=Programmed` must not pass then. */
function toRefused({ reason, message }: Blocked, { enforced, of }: Enforcement): Finding {
  const instead = `${enforced} of ${of} gateway replicas refuse the calls instead.`
  return { status: 'False', reason, message: `Not programmed as written: ${message} ${instead}` }
}

/** After a restart of the operator, what was latched before stays until the acks have been heard. */
function toKept(previous: PreviousStatus | undefined, finding: Finding): Facts | undefined {
  const known = previous?.conditions?.find(({ type }) => type === 'Programmed')
  if (finding.status !== 'Unknown' || known?.status !== 'True') return undefined
  const programmed = { status: 'True', reason: known.reason, message: known.message } as const
  return { programmed, laggards: [], ...(previous?.enforced === undefined ? {} : { enforced: previous.enforced }) }
}

/** Since when this entry stands in the bundle; what an earlier process wrote about an unchanged entry is more exact. */
function toPlace(
  publication: Publication,
  { since }: Progress,
  { key, generation, previous }: Subject,
): Pick<Standing, 'revision' | 'sequence'> {
  const isKnown = previous?.observedGeneration === generation && publication.isInherited(key)
  const revision = isKnown ? previous.revision : undefined
  return {
    revision: revision ?? toShortDigest(since),
    sequence: (isKnown ? previous.sequence : undefined) ?? toSequenceText(since),
  }
}

/** As at the end of the header x-portcullis-revision. */
function toShortDigest({ digest }: Revision): string {
  return digest.replace('sha256:', '').slice(0, 12)
}
