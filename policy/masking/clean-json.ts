// Whether a whole JSON document is known to hold nothing before anybody walks it: most requests do not.
import { toSearchedText } from './framing/searched-text.ts'
import type { MayFind } from './may-find.ts'

/** `source` is valid JSON, and none of its fields has a name of `without`. */
export function isClean(
  { mayFind }: { readonly mayFind: MayFind },
  source: string,
  without: readonly string[],
): boolean {
  const text = toSearchedText(source)
  return text !== undefined && !without.some((name) => text.includes(`"${name}"`)) && !mayFind(text)
}
