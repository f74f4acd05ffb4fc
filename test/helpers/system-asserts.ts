// What must be true of a history of publications, whoever was killed on the way.
import { expect } from 'vitest'
import type { History } from './system-kills.ts'
import { toPod, toSequence } from './system-kills.ts'

/** The sequence only grows, and every version was written by whoever held the Lease at that moment. */
export function assertOneLeader({ published, reigns, writers }: History, note: string): void {
  const sequences = published.map(({ object }) => toSequence(object))
  const backward = sequences.filter(([epoch, n], index) => {
    const [oldEpoch, oldN] = sequences[index - 1] ?? [0, 0]
    return epoch < oldEpoch || (epoch === oldEpoch && n <= oldN)
  })
  expect(backward, `${note}: every publication goes forward`).toEqual([])
  const acts = published.slice(1).map(({ version }, index) => ({
    version,
    writer: writers.get(published[index]?.version ?? 0),
    holder: toPod(reigns.findLast((reign) => reign.version < version)?.object),
  }))
  expect(acts.length, `${note}: publications that were seen`).toBeGreaterThan(10)
  expect(
    acts.filter(({ writer, holder }) => writer !== holder),
    `${note}: versions that were not written by the holder of the Lease`,
  ).toEqual([])
  const holders = new Set(reigns.map(({ object }) => toPod(object)))
  expect(holders.size, `${note}: operators that have led`).toBeGreaterThan(3)
}
