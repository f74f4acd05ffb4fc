// How a bundle lies in ConfigMaps, for both ends: the operator writes with `toConfigMaps`, a gateway reads with `parseIndex` and
// `readParts`, from the API or from a mounted volume. The index names nine parts by digest (header, then the shards); each is
// gzipped either inside the index or, when the bundle is large, in one of two fixed slots of its shard. A writer fills the slot
// that the current index does not name and writes the index last, so a reader never finds a half-changed bundle.
import type { BundlePart, BundleParts } from './bundle-wire.ts'
import { shardCount } from './bundle-wire.ts'
import type { Revision } from './bundle.ts'
import { bundleFormat, compareRevisions } from './bundle.ts'

export const bundleConfigMapName = 'portcullis-bundle'

/** Larger than this when gzipped, and the shards move to slots: what changes is then sent to every watcher, not the whole. */
export const maxInlineBytes = 64 * 1024
/** Of one gzipped part; a ConfigMap holds 1 MiB. */
export const maxStoredPartBytes = 1_000_000
/** Of one part's text; what decompresses to more is refused. */
export const maxPartTextBytes = 64 * 1024 * 1024

export type SlotSide = 'a' | 'b'

/** A ConfigMap without its metadata, binary data as bytes. */
export interface StoredConfigMap {
  readonly data: Readonly<Record<string, string>>
  readonly binaryData: Readonly<Record<string, Uint8Array>>
}

export interface NamedConfigMap extends StoredConfigMap {
  readonly name: string
}

/** Where a part is: in the index itself, or in a slot of its shard. */
export interface PartPlace {
  readonly digest: string
  readonly slot?: SlotSide
}

export interface BundleIndex {
  readonly revision: Revision
  /** The header's place first, then one for each shard. */
  readonly places: readonly PartPlace[]
}

/** `sequence`: which one was refused, where that could be read; every format has it. */
export type ParsedIndex =
  | { readonly index: BundleIndex }
  | { readonly refused: string; readonly sequence?: Pick<Revision, 'epoch' | 'n'> }

/** `waitFor`: slots that are absent or still (or already) hold another digest; they arrive in no order, so that is no fault. */
export type ReadParts =
  | { readonly parts: readonly BundlePart[] }
  | { readonly waitFor: readonly string[] }
  | { readonly refused: string }

export interface BundleConfigMaps {
  /** To be written before the index, in any order. */
  readonly slots: readonly NamedConfigMap[]
  readonly index: NamedConfigMap
}

export interface WriteOptions {
  readonly gzip: (text: string) => Uint8Array
  /** The index that is published now; its slots are not touched. */
  readonly current?: BundleIndex
  /** What a slot holds now, so that an unchanged one is not written again and a damaged one is. */
  readonly digestInSlot: (name: string) => string | undefined
  /** Name of the index; slots are named after it. */
  readonly name?: string
}

export interface ReadOptions {
  /** Undefined when the bytes are damaged or grow beyond `maxBytes`. */
  readonly gunzip: (bytes: Uint8Array, maxBytes: number) => string | undefined
  readonly slot: (name: string) => StoredConfigMap | undefined
  readonly name?: string
}

export function toSlotName(shard: number, side: SlotSide, name: string = bundleConfigMapName): string {
  return `${name}-${shard}-${side}`
}

/** All sixteen, for watches, volumes and RBAC, none of which can follow changing names. */
export function allSlotNames(name: string = bundleConfigMapName): readonly string[] {
  return Array.from({ length: shardCount }, (_, shard) => [
    toSlotName(shard, 'a', name),
    toSlotName(shard, 'b', name),
  ]).flat()
}

/** Throws a RangeError when a part is larger than a ConfigMap can hold: nothing is written then, the last bundle stays. */
export function toConfigMaps(parts: BundleParts, revision: Revision, options: WriteOptions): BundleConfigMaps {
  const { name = bundleConfigMapName } = options
  const packed = [parts.header, ...parts.shards].map(({ digest, text }) => ({ digest, bytes: options.gzip(text) }))
  const tooLarge = packed.findIndex(({ bytes }) => bytes.length > maxStoredPartBytes)
  if (tooLarge >= 0) {
    throw new RangeError(
      `part ${tooLarge} of the bundle is ${packed[tooLarge]?.bytes.length} bytes gzipped; a ConfigMap holds ${maxStoredPartBytes}`,
    )
  }
  const inline = packed.reduce((sum, { bytes }) => sum + bytes.length, 0) <= maxInlineBytes
  const slots: NamedConfigMap[] = []
  const places = packed.map(({ digest, bytes }, i): PartPlace => {
    if (inline || i === 0) return { digest }
    const shard = i - 1
    const chosen = chooseSlot(shard, digest, { ...options, name })
    const slotName = toSlotName(shard, chosen.side, name)
    if (!chosen.held) slots.push({ name: slotName, data: toSlotData(revision, digest), binaryData: { part: bytes } })
    return { digest, slot: chosen.side }
  })
  const inIndex = packed.flatMap(({ bytes }, i) =>
    places[i]?.slot === undefined ? [[toPartKey(i), bytes] as const] : [],
  )
  return {
    slots,
    index: { name, data: toIndexData(revision, places), binaryData: Object.fromEntries(inIndex) },
  }
}

export function parseIndex(stored: StoredConfigMap): ParsedIndex {
  const { format, digest, parts } = stored.data
  if (format === undefined) return { refused: 'the index has no format' }
  const epoch = parseCount(stored.data['epoch'])
  const n = parseCount(stored.data['sequence'])
  if (epoch === undefined || n === undefined) return { refused: 'the index has no valid epoch and sequence' }
  const refuse = (refused: string): ParsedIndex => ({ refused, sequence: { epoch, n } })
  if (format !== String(bundleFormat)) {
    return refuse(
      `bundle format ${printable(format)} is not the one this gateway reads (${bundleFormat}); upgrade the gateway`,
    )
  }
  if (digest === undefined || !isDigest(digest)) return refuse('the index has no valid digest')
  const places = parsePlaces(parts)
  if (places === undefined) return refuse('the index has no valid table of parts')
  return { index: { revision: { epoch, n, digest }, places } }
}

/** Digests are compared here by name only; `decodeBundle` hashes the texts before anything is believed. */
export function readParts(index: BundleIndex, stored: StoredConfigMap, options: ReadOptions): ReadParts {
  const parts: BundlePart[] = []
  const waitFor: string[] = []
  for (const [i, place] of index.places.entries()) {
    const found = findPart(i, place, { ...options, stored })
    if ('waitFor' in found) {
      waitFor.push(found.waitFor)
      continue
    }
    const text = found.bytes === undefined ? undefined : options.gunzip(found.bytes, maxPartTextBytes)
    if (text === undefined) return { refused: `part ${i} of the bundle is missing, damaged or too large` }
    parts.push({ digest: place.digest, text })
  }
  return waitFor.length > 0 ? { waitFor } : { parts }
}

/** As the API delivers it. Undefined when `binaryData` is not base64. */
export function fromApi(configMap: {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}): StoredConfigMap | undefined {
  try {
    const entries = Object.entries(configMap.binaryData ?? {})
    const binaryData = Object.fromEntries(entries.map(([key, base64]) => [key, Uint8Array.fromBase64(base64)]))
    return { data: configMap.data ?? {}, binaryData }
  } catch {
    return undefined
  }
}

/** As a volume shows it: one file per key, with nothing to tell text from bytes but the key. */
export function fromFiles(files: ReadonlyMap<string, Uint8Array>): StoredConfigMap {
  const decoder = new TextDecoder()
  const data: Record<string, string> = {}
  const binaryData: Record<string, Uint8Array> = {}
  for (const [key, bytes] of files) {
    if (key === 'part' || key.startsWith('part-')) binaryData[key] = bytes
    else data[key] = decoder.decode(bytes)
  }
  return { data, binaryData }
}

/** For the API: binary data as base64. */
export function toApi({ data, binaryData }: StoredConfigMap): {
  readonly data: Record<string, string>
  readonly binaryData: Record<string, string>
} {
  const entries = Object.entries(binaryData).map(([key, bytes]) => [key, bytes.toBase64()] as const)
  return { data: { ...data }, binaryData: Object.fromEntries(entries) }
}

/** Of two copies (the mounted one, the watched one) the one to use. */
export function newerIndex(a: BundleIndex | undefined, b: BundleIndex | undefined): BundleIndex | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return compareRevisions(b.revision, a.revision) > 0 ? b : a
}

type Found = { readonly bytes: Uint8Array | undefined } | { readonly waitFor: string }
type FindOptions = Pick<ReadOptions, 'slot' | 'name'> & { readonly stored: StoredConfigMap }

function findPart(i: number, { digest, slot }: PartPlace, options: FindOptions): Found {
  if (slot === undefined) return { bytes: options.stored.binaryData[toPartKey(i)] }
  const name = toSlotName(i - 1, slot, options.name)
  const held = options.slot(name)
  return held?.data['digest'] === digest ? { bytes: held.binaryData['part'] } : { waitFor: name }
}

type Placed = Required<Pick<WriteOptions, 'name'>> & Pick<WriteOptions, 'current' | 'digestInSlot'>

function chooseSlot(
  shard: number,
  digest: string,
  { current, digestInSlot, name }: Placed,
): { side: SlotSide; held: boolean } {
  const inUse = current?.places[shard + 1]
  if (
    inUse?.slot !== undefined &&
    inUse.digest === digest &&
    digestInSlot(toSlotName(shard, inUse.slot, name)) === digest
  ) {
    return { side: inUse.slot, held: true }
  }
  const side = inUse?.slot === 'a' ? 'b' : 'a'
  // Held already when a writer before this one died between the slot and the index.
  return { side, held: digestInSlot(toSlotName(shard, side, name)) === digest }
}

function toIndexData({ epoch, n, digest }: Revision, places: readonly PartPlace[]): Record<string, string> {
  return {
    format: String(bundleFormat),
    epoch: String(epoch),
    sequence: String(n),
    digest,
    parts: JSON.stringify(places),
  }
}

function toSlotData({ epoch, n }: Revision, digest: string): Record<string, string> {
  return { epoch: String(epoch), sequence: String(n), digest }
}

function toPartKey(i: number): string {
  return `part-${i}`
}

function parsePlaces(text: string | undefined): readonly PartPlace[] | undefined {
  const places = parseJson(text)
  if (!Array.isArray(places) || places.length !== shardCount + 1) return undefined
  return places.every((place, i) => isPlace(place) && (i > 0 || place.slot === undefined)) ? places : undefined
}

function isPlace(value: unknown): value is PartPlace {
  if (typeof value !== 'object' || value === null || !('digest' in value)) return false
  const slot = 'slot' in value ? value.slot : undefined
  return (
    typeof value.digest === 'string' && isDigest(value.digest) && (slot === undefined || slot === 'a' || slot === 'b')
  )
}

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/u.test(text)
}

function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^(?:0|[1-9]\d{0,11})$/u.test(text) ? Number(text) : undefined
}

function printable(text: string): string {
  return /^[\w.-]{1,16}$/u.test(text) ? text : '(unreadable)'
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
