// Canonical JSON (RFC 8785 for the values used here): the same data always gives the same text, so a digest names it. The hash
// itself comes in as an argument, because this room has no I/O and no crypto of its own.

export type Hash = (text: string) => string

/** Throws on what JSON cannot hold; bundles are made of plain data, so that is a programmer's mistake. */
export function toCanonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('canonical JSON has no NaN or Infinity')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${toCanonicalJson(field)}`)
    return `{${fields.join(',')}}`
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`)
}

/** FNV-1a over the UTF-16 units: a stable spread of names over shards, nothing more. */
export function toShard(name: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0
  return hash % shards
}
