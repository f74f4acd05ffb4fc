// Server-side apply in miniature, for the stores without a server: who applied which fields, what an apply adds,
// takes over and removes. Lists count as one value; list maps merge only on the real server.
import { isDeepStrictEqual } from 'node:util'
import { isRecord } from './errors.ts'

type Tree = Readonly<Record<string, unknown>>

/** `live` after an owner that applied `before` now applies `next`: fields that it no longer names go away. */
export function mergeApplied(live: Tree, before: Tree, next: Tree): Tree {
  const merged: Record<string, unknown> = { ...live }
  for (const [key, value] of Object.entries(before)) {
    if (key in next) continue
    const current = merged[key]
    const kept = isRecord(value) && isRecord(current) ? mergeApplied(current, value, {}) : {}
    if (Object.keys(kept).length === 0) delete merged[key]
    else merged[key] = kept
  }
  for (const [key, value] of Object.entries(next)) {
    const previous = before[key]
    merged[key] = isRecord(value) ? mergeApplied(toTree(merged[key]), isRecord(previous) ? previous : {}, value) : value
  }
  return merged
}

/** Paths at which two owners want different values. */
export function findConflicts(theirs: Tree, ours: Tree, path = ''): readonly string[] {
  return Object.entries(ours).flatMap(([key, value]) => {
    const other = theirs[key]
    const here = `${path}.${key}`
    if (other === undefined || isDeepStrictEqual(other, value)) return []
    return isRecord(other) && isRecord(value) ? findConflicts(other, value, here) : [here]
  })
}

/** What is left to an owner after another one took over the fields in `taken` by force. */
export function withoutTaken(theirs: Tree, taken: Tree): Tree {
  const left: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(theirs)) {
    const other = taken[key]
    if (other === undefined || isDeepStrictEqual(other, value)) left[key] = value
    else if (isRecord(value) && isRecord(other)) left[key] = withoutTaken(value, other)
  }
  return left
}

function toTree(value: unknown): Tree {
  return isRecord(value) ? value : {}
}
