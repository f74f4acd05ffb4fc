// The sets extension: lists as sets.
import type { Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import type { List } from '../values/box.ts'
import { listContains } from './operators.ts'

function containsAll(list: List, others: List, meter: Meter): boolean {
  return others.every((item) => listContains(list, item, meter))
}

export const sets: Library = {
  global: [
    ['sets.contains(list<A>, list<A>): bool', containsAll],
    [
      'sets.equivalent(list<A>, list<A>): bool',
      (a: List, b: List, meter: Meter) => containsAll(a, b, meter) && containsAll(b, a, meter),
    ],
    [
      'sets.intersects(list<A>, list<A>): bool',
      (a: List, b: List, meter: Meter) => a.some((item) => listContains(b, item, meter)),
    ],
  ],
}
