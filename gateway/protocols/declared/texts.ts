// Text as every reader would see it: as it stands, and with its escapes undone where a reader of JSON would undo them.

const jsonStart = /^[\s\ufeff]*[[{"]/u
const escape = /\\(?:u([0-9a-f]{4})|(.))/gisu
const controls: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
])

/** Text that looks like JSON says something else to whoever undoes its escapes: both are shown. */
export function toTexts(text: string): readonly string[] {
  if (!text.includes('\\') || !jsonStart.test(text)) return [text]
  const plain = text.replace(escape, (_all, unit: string | undefined, one: string | undefined) =>
    unit === undefined ? (controls.get(one ?? '') ?? one ?? '') : String.fromCharCode(Number.parseInt(unit, 16)),
  )
  return [text, plain]
}
