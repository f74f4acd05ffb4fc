// Identities of tokens that were verified before, least recently used first out, bounded by number and by bytes. Keyed by the
// token's text: hashing it first costs seven times the look-up, and the text is in the request's memory anyway.
export interface CacheBounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** What an entry costs beside its token: keys and nodes of the map, the identity's own fields. */
const entryBytes = 512
/** The identity keeps the claims, which are about as long as the token's middle part, as two-byte text at worst. */
const bytesPerCharacter = 3

export class VerifiedTokens<Entry> {
  readonly #bounds: CacheBounds
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(token: string): Entry | undefined {
    const entry = this.#entries.get(token)
    if (entry === undefined) return undefined
    this.#entries.delete(token)
    this.#entries.set(token, entry)
    return entry
  }

  set(token: string, entry: Entry): void {
    this.delete(token)
    this.#entries.set(token, entry)
    this.#bytes += toBytes(token)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#bounds.maxEntries && this.#bytes <= this.#bounds.maxBytes) return
      this.delete(oldest)
    }
  }

  delete(token: string): void {
    if (this.#entries.delete(token)) this.#bytes -= toBytes(token)
  }
}

function toBytes(token: string): number {
  return entryBytes + token.length * bytesPerCharacter
}
