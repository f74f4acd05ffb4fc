// Words that are known to hold nothing: names of fields, roles and kinds, which come again in every body. Each is searched once.
import type { MayFind } from './may-find.ts'

/** As programs name things. Nothing else of what people write is remembered. */
const word = /^[A-Za-z_]{1,24}$/u

const maxKnown = 1_000

/** False: it may hold something, or is no such word. */
export function toKnownWords(mayFind: MayFind): (text: string) => boolean {
  const known = new Map<string, boolean>()
  return (text) => {
    const isClean = known.get(text)
    if (isClean !== undefined) return isClean
    if (!word.test(text)) return false
    if (known.size >= maxKnown) known.clear()
    const hasNothing = !mayFind(`"${text}"`)
    known.set(text, hasNothing)
    return hasNothing
  }
}
