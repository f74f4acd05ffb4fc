// The offset of a time zone at a moment: "UTC", "+11:00", "-02:30", "02:00", or a name of the IANA database, which the JavaScript
// engine carries. Formatters are kept per zone: making one costs a hundred times as much as using it.
import { fail } from '../failure.ts'
import { daysOfCivil } from './timestamp.ts'

const fixed = /^([+-]?)(\d\d):(\d\d)$/u
const maxZones = 64
const formatters = new Map<string, Intl.DateTimeFormat>()

export function zoneOffset(zone: string, seconds: number): number {
  if (zone === 'UTC' || zone === '' || zone === 'Z') return 0
  const match = fixed.exec(zone)
  if (match !== null) {
    const offset = Number(match[2]) * 3600 + Number(match[3]) * 60
    return match[1] === '-' ? -offset : offset
  }
  return namedOffset(formatterOf(zone), seconds)
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known !== undefined) return known
  if (formatters.size >= maxZones) formatters.clear()
  const made = makeFormatter(zone)
  formatters.set(zone, made)
  return made
}

function makeFormatter(zone: string): Intl.DateTimeFormat {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/u.test(zone)) fail('invalid_argument')
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return fail('invalid_argument')
  }
}

function namedOffset(formatter: Intl.DateTimeFormat, seconds: number): number {
  const parts = new Map(formatter.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type) ?? 0)
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year')
  const days = daysOfCivil(year, part('month'), part('day'))
  return days * 86_400 + part('hour') * 3600 + part('minute') * 60 + part('second') - seconds
}
