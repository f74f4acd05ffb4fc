// Which sequence a publication gets. It only ever grows: over restarts of the operator, over a deleted index, and over a cluster
// that was restored from a backup, after which gateways know more than the index does. Pure.
import type { Revision } from '../../policy/bundle.ts'

export type Sequence = Pick<Revision, 'epoch' | 'n'>

/** Acks are written by gateways; one that lies must not be able to drive the sequence out of the range that can be written. */
const maxBelievable = 999_999_999

export function compareSequences(a: Sequence, b: Sequence): number {
  return a.epoch === b.epoch ? a.n - b.n : a.epoch - b.epoch
}

/** `index`: what is published now; undefined when there is none, or none that can be read. */
export function nextSequence(index: Sequence | undefined, acks: readonly Sequence[]): Sequence {
  const highest = findHighest(acks)
  if (index === undefined)
    return highest === undefined ? { epoch: 1, n: 1 } : { epoch: highest.epoch, n: highest.n + 1 }
  if (highest !== undefined && compareSequences(index, highest) < 0) return { epoch: highest.epoch + 1, n: 1 }
  return { epoch: index.epoch, n: index.n + 1 }
}

/** Gateways hold something newer than the index: it was restored, and they would never take what it says. */
export function isOvertaken(index: Sequence, acks: readonly Sequence[]): boolean {
  const highest = findHighest(acks)
  return highest !== undefined && compareSequences(index, highest) < 0
}

function findHighest(acks: readonly Sequence[]): Sequence | undefined {
  const believable = acks.filter(({ epoch, n }) => epoch < maxBelievable && n < maxBelievable)
  return believable.reduce<Sequence | undefined>(
    (highest, ack) => (highest === undefined || compareSequences(ack, highest) > 0 ? ack : highest),
    undefined,
  )
}
