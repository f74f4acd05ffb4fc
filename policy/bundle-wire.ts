// How a bundle travels: a header (settings and network) and eight shards, each canonical JSON named by its digest. Small bundles
// ride inside the index; larger ones in fixed slots, an A and a B for each shard, with the index written last. Compression and
// storage belong to the edges; here are only texts and digests.
import type { Bundle, BundleConnection, BundlePolicy, Revision } from './bundle.ts'
import { bundleFormat } from './bundle.ts'
import type { Hash } from './digest.ts'
import { toCanonicalJson, toShard } from './digest.ts'

export const shardCount = 8

export interface BundleParts {
  readonly digest: string
  readonly header: BundlePart
  /** Exactly `shardCount`; an empty shard is a part like any other. */
  readonly shards: readonly BundlePart[]
}

export interface BundlePart {
  readonly digest: string
  readonly text: string
}

export type DecodedBundle = { readonly bundle: Bundle } | { readonly refused: string }

/** The digest of the whole is over the digests of its parts, so an unchanged shard is never hashed or parsed twice. */
export function encodeBundle(bundle: Bundle, hash: Hash): BundleParts {
  const { format, settings, network, connections, policies } = bundle
  const header = toPart({ format, settings, network }, hash)
  const connectionsOf = groupByShard(connections)
  const policiesOf = groupByShard(policies)
  const shards = Array.from({ length: shardCount }, (_, shard) =>
    toPart({ connections: connectionsOf.get(shard) ?? [], policies: policiesOf.get(shard) ?? [] }, hash),
  )
  return { digest: toBundleDigest([header, ...shards], hash), header, shards }
}

/** Verifies every digest before anything is believed. `parse` is JSON.parse, or a cache of it. */
export function decodeBundle(parts: readonly BundlePart[], expected: string, hash: Hash): DecodedBundle {
  const [header, ...shards] = parts
  if (header === undefined || shards.length !== shardCount)
    return { refused: `expected a header and ${shardCount} shards` }
  for (const [i, part] of parts.entries()) {
    if (hash(part.text) !== part.digest) return { refused: `part ${i} does not match its digest` }
  }
  if (toBundleDigest(parts, hash) !== expected)
    return { refused: 'the parts do not add up to the digest of the bundle' }
  const head: Pick<Bundle, 'settings' | 'network'> & { readonly format: number } = JSON.parse(header.text)
  if (head.format !== bundleFormat) {
    return {
      refused: `bundle format ${head.format} is not the one this gateway reads (${bundleFormat}); upgrade the gateway`,
    }
  }
  const bodies: Pick<Bundle, 'connections' | 'policies'>[] = shards.map((shard) => JSON.parse(shard.text))
  const policies = bodies.flatMap((body) => body.policies).toSorted(byName)
  const garbled = policies.find(({ dictionaries = {} }) => !isTerms(dictionaries))
  if (garbled !== undefined) {
    return { refused: `the dictionaries of policy ${garbled.ref.namespace}/${garbled.ref.name} are no lists of terms` }
  }
  return {
    bundle: {
      format: bundleFormat,
      settings: head.settings,
      network: head.network,
      connections: bodies.flatMap((body) => body.connections).toSorted(byName),
      policies,
    },
  }
}

/** A mask that takes them for what they are not would hide nothing. */
function isTerms(dictionaries: unknown): boolean {
  if (typeof dictionaries !== 'object' || dictionaries === null || Array.isArray(dictionaries)) return false
  const lists: readonly unknown[] = Object.values(dictionaries)
  return lists.every(
    (terms) =>
      Array.isArray(terms) && terms.length > 0 && terms.every((term) => typeof term === 'string' && term !== ''),
  )
}

/** Text of `epoch.n`, as annotations and ConfigMaps carry it. */
export function toSequenceText({ epoch, n }: Pick<Revision, 'epoch' | 'n'>): string {
  return `${epoch}.${n}`
}

export function parseSequence(text: string | undefined): Pick<Revision, 'epoch' | 'n'> | undefined {
  const match = /^(\d{1,12})\.(\d{1,12})$/u.exec(text ?? '')
  return match === null ? undefined : { epoch: Number(match[1]), n: Number(match[2]) }
}

function toBundleDigest(parts: readonly BundlePart[], hash: Hash): string {
  return hash(parts.map(({ digest }) => digest).join('\n'))
}

function toPart(value: unknown, hash: Hash): BundlePart {
  const text = toCanonicalJson(value)
  return { digest: hash(text), text }
}

function groupByShard<T extends BundleConnection | BundlePolicy>(
  items: readonly T[],
): ReadonlyMap<number, readonly T[]> {
  return Map.groupBy(items.toSorted(byName), ({ ref }) => toShard(`${ref.namespace}/${ref.name}`, shardCount))
}

function byName(a: BundleConnection | BundlePolicy, b: BundleConnection | BundlePolicy): number {
  const left = `${a.ref.namespace}/${a.ref.name}`
  const right = `${b.ref.namespace}/${b.ref.name}`
  return left < right ? -1 : left > right ? 1 : 0
}
