// Parts of timestamps, in UTC or in a time zone, and of durations.
import type { Declaration, Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import type { Duration } from '../values/duration.ts'
import type { Civil, Timestamp } from '../values/timestamp.ts'
import { civilOf } from '../values/timestamp.ts'
import { zoneOffset } from '../values/zone.ts'

const parts: Readonly<Record<string, (civil: Civil, time: Timestamp) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month - 1,
  getDate: ({ day }) => day,
  getDayOfMonth: ({ day }) => day - 1,
  getDayOfWeek: ({ weekday }) => weekday,
  getDayOfYear: ({ yearday }) => yearday,
  getHours: ({ hour }) => hour,
  getMinutes: ({ minute }) => minute,
  getSeconds: ({ second }) => second,
  getMilliseconds: (_civil, time) => Math.floor(time.nanos / 1_000_000),
}

/** Asking the database of zones costs as much as two hundred steps. */
const zoneUnits = 200

function declare([name, part]: readonly [string, (civil: Civil, time: Timestamp) => number]): readonly Declaration[] {
  return [
    [`timestamp.${name}(): int`, (time: Timestamp) => part(civilOf(time.seconds), time)],
    [
      `timestamp.${name}(string): int`,
      (time: Timestamp, zone: string, meter: Meter) => {
        meter.charge(zoneUnits)
        return part(civilOf(time.seconds + zoneOffset(zone, time.seconds)), time)
      },
    ],
  ]
}

export const time: Library = {
  member: [
    ...Object.entries(parts).flatMap(declare),
    ['duration.getHours(): int', ({ seconds }: Duration) => Math.trunc(seconds / 3600) + 0],
    ['duration.getMinutes(): int', ({ seconds }: Duration) => Math.trunc(seconds / 60) + 0],
    ['duration.getSeconds(): int', ({ seconds }: Duration) => seconds],
    ['duration.getMilliseconds(): int', ({ nanos }: Duration) => Math.trunc(nanos / 1_000_000) + 0],
  ],
}
