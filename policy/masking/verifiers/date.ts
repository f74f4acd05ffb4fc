// Whether text is a date on which a living person may have been born.

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const isDay = (day: number, month: number): boolean =>
  day >= 1 && day <= (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31)
const isMonth = (month: number): boolean => month >= 1 && month <= 12
const isYear = (year: number): boolean => (year >= 1900 && year <= 2099) || (year >= 0 && year < 100)

/** Day and month in either order. */
const isDayAndMonth = (one: number, other: number): boolean =>
  (isMonth(one) && isDay(other, one)) || (isMonth(other) && isDay(one, other))

/** The first three letters of a month's name; the st of 21st is none. */
const nameIn = (candidate: string): string | undefined =>
  /[a-z]{3}/i.exec(candidate.replaceAll(/\d(?:st|nd|rd|th)/gi, ' '))?.[0].toLowerCase()

function isNamed(name: string, day: number, year: number): boolean {
  const month = months.indexOf(name) + 1
  return isMonth(month) && isDay(day, month) && isYear(year)
}

/** Year first, or day and month in either order, or a month's name; years from 1900, or of two digits. */
export function isBirthDate(candidate: string): boolean {
  const [first = 0, second = -1, third = -1] = (candidate.match(/\d+/g) ?? []).map(Number)
  const name = nameIn(candidate)
  if (name !== undefined) return isNamed(name, first, second)
  if (first > 31) return isYear(first) && isMonth(second) && isDay(third, second)
  return isDayAndMonth(first, second) && isYear(third)
}
