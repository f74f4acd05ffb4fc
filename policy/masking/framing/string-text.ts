// How the text of a JSON string is read: where its parts end, and what its escapes mean.

/** Where the closing quote stands. Below zero: it has not come. */
export function endOfString(text: string, from: number): number {
  for (let at = from; ; at += 2) {
    at = endOfPlainUnits(text, at)
    if (at >= text.length) return -1
    if (text.charCodeAt(at) === 34) return at
  }
}

/** Undefined: no JSON, and to be read as lenient readers do. */
export function toText(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return undefined
  }
}

/** Of a part of a string without quotes and backslashes. The engine's search is several times as fast as a loop. */
export function endOfPlainUnits(text: string, from: number): number {
  notPlain.lastIndex = from
  return notPlain.test(text) ? notPlain.lastIndex - 1 : text.length
}

const notPlain = /["\\]/g

const short: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** Of the unit after a backslash. One that JSON does not know stands for itself, as lenient readers have it. */
export function unescape(unit: string): string {
  return short[unit] ?? unit
}
