// JSON as other servers read it: a parser that keeps every key it meets, and readers that take the first of two equal keys, the
// last, or the last without regard to case, as Go's encoding/json does. It shares nothing with the gateway's own reading.
export type Kept =
  | { readonly kind: 'object'; readonly pairs: readonly (readonly [string, Kept])[] }
  | { readonly kind: 'list'; readonly items: readonly Kept[] }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }

export type Reading = 'First' | 'Last' | 'LastAnyCase'

/** Of a text that JSON.parse accepts. */
export function parseKept(text: string): Kept {
  let at = 0
  const blanks = (): void => {
    while (/[ \t\r\n]/u.test(text.charAt(at))) at += 1
  }
  const scalar = (): Kept => {
    const match = /"(?:[^"\\]|\\.)*"|[^\s,\]}:]+/suy
    match.lastIndex = at
    const [token = ''] = match.exec(text) ?? []
    at += token.length
    return { kind: 'scalar', value: JSON.parse(token) as string }
  }
  const members = (close: string, member: () => void): void => {
    at += 1
    blanks()
    while (text.charAt(at) !== close) {
      member()
      blanks()
      if (text.charAt(at) === ',') at += 1
      blanks()
    }
    at += 1
  }
  const value = (): Kept => {
    blanks()
    if (text.charAt(at) === '{') {
      const pairs: [string, Kept][] = []
      members('}', () => {
        const key = scalar()
        blanks()
        at += 1
        pairs.push([String(key.kind === 'scalar' ? key.value : ''), value()])
      })
      return { kind: 'object', pairs }
    }
    if (text.charAt(at) === '[') {
      const items: Kept[] = []
      members(']', () => void items.push(value()))
      return { kind: 'list', items }
    }
    return scalar()
  }
  return value()
}

const foldLikeGo = (key: string): string => key.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase()

export function pick(from: Kept | undefined, key: string, reading: Reading): Kept | undefined {
  if (from?.kind !== 'object') return undefined
  const isIt =
    reading === 'LastAnyCase'
      ? ([name]: readonly [string, Kept]) => foldLikeGo(name) === key
      : ([name]: readonly [string, Kept]) => name === key
  const found = from.pairs.filter(isIt)
  return (reading === 'First' ? found[0] : found.at(-1))?.[1]
}

export function pickString(from: Kept | undefined, key: string, reading: Reading): string | undefined {
  const found = pick(from, key, reading)
  return found?.kind === 'scalar' && typeof found.value === 'string' ? found.value : undefined
}

export function pickItems(from: Kept | undefined, key: string, reading: Reading): readonly Kept[] {
  const found = pick(from, key, reading)
  return found?.kind === 'list' ? found.items : []
}

/** Every string a server could put into a prompt when it reads a message's content. */
export function textsOf(content: Kept | undefined, reading: Reading): readonly string[] {
  if (content?.kind === 'scalar') return typeof content.value === 'string' ? [content.value] : []
  if (content?.kind !== 'list') return []
  return content.items
    .flatMap((part) => [pickString(part, 'text', reading), pickString(part, 'refusal', reading)])
    .filter((text) => text !== undefined)
}
