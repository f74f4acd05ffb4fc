// How random text looks: tells keys from words in assignments such as `token = …`.

/** Shannon entropy in bits per character. */
export function entropyOf(text: string): number {
  const ascii = new Uint32Array(128)
  const others = new Map<number, number>()
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 128) ascii[unit] = (ascii[unit] ?? 0) + 1
    else others.set(unit, (others.get(unit) ?? 0) + 1)
  }
  let bits = 0
  for (const count of ascii) if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length)
  for (const count of others.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** Values that stand for a secret in documents and templates. */
const placeholder =
  /^(?:[<$%{[]|x{4,}|\*{4,}|\.{3,}|change[-_]?me|(?:your|my|the|some|example|placeholder|redacted|undefined|null|none|true|false|process\.|os\.|env\.|secrets?\.)\b)/i

/** What is assigned: the text after the first `:`, `=` or "is", without quotes. */
export const assignedOf = (candidate: string): string =>
  candidate.replace(/^.*?(?:[:=]|\sis\s)/is, '').replaceAll(/^[=>\s"'`]+|["'`,;.]+$/g, '')

/** Whether an assigned value is random enough for a key: 3 bits per character with a digit in it, 3.5 without one. */
export function isRandomAssignment(candidate: string): boolean {
  const value = assignedOf(candidate)
  if (value.length < 8 || placeholder.test(value) || /^(?:https?|file):\/\//.test(value)) return false
  return entropyOf(value) >= (/\d/.test(value) ? 3 : 3.5)
}

/** A password may be any word: only placeholders and code are let through, and words in a sentence ("password is required"). */
export function isPasswordAssignment(candidate: string): boolean {
  const value = assignedOf(candidate)
  if (!/[:=]/.test(candidate.slice(0, candidate.length - value.length)) && !/[^A-Za-z]/.test(value)) return false
  return value.length >= 6 && !placeholder.test(value) && !/[()]/.test(value) && new Set(value).size >= 4
}

/** What follows "Basic" or "Bearer" in a header: random, and with a digit or capital no word has inside. */
export function isHeaderCredential(candidate: string): boolean {
  const value = candidate.replace(/^\S+\s+/, '')
  return /[a-z][A-Z0-9]|[0-9][A-Za-z]/.test(value) && entropyOf(value) >= 3
}
