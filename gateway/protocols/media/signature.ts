// What bytes say they are, by their first ones. Only forms that a decoder would take: two letters that a sentence may begin with
// (`BM`) are not enough. A file may still be of two kinds at once; what a text reader would see in it is gathered by whoever asks.
import { toCommonType } from '../../../policy/content.ts'
import { latin1, u16le, u32be, u32le, u8 } from './octets.ts'

/** Tests in order; the first that holds names the type. Keys are what stands at the very beginning. */
const prefixes: readonly (readonly [string, string])[] = [
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['II*\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  ['II+\0', 'image/tiff'],
  ['MM\0+', 'image/tiff'],
  ['\xff\x0a', 'image/jxl'],
  ['\0\0\0\x0cJXL \r\n\x87\n', 'image/jxl'],
  ['ID3', 'audio/mpeg'],
  ['fLaC', 'audio/flac'],
  ['OggS', 'audio/ogg'],
  ['\x1aE\xdf\xa3', 'video/webm'],
  ['%PDF-', 'application/pdf'],
  ['PK\x03\x04', 'application/zip'],
  ['PK\x05\x06', 'application/zip'],
  ['PK\x07\x08', 'application/zip'],
  ['\x1f\x8b\x08', 'application/gzip'],
]

const riff: ReadonlyMap<string, string> = new Map([
  ['WEBP', 'image/webp'],
  ['WAVE', 'audio/wav'],
  ['AVI ', 'video/x-msvideo'],
])

/** What one container may hold cannot be told by its first bytes: each of these may be found as the type it stands beside. */
const containers: ReadonlyMap<string, string> = new Map([
  ['audio/mp4', 'video/mp4'],
  ['video/quicktime', 'video/mp4'],
  ['application/mp4', 'video/mp4'],
  ['video/ogg', 'audio/ogg'],
  ['application/ogg', 'audio/ogg'],
  ['audio/webm', 'video/webm'],
  ['video/x-matroska', 'video/webm'],
  ['audio/x-matroska', 'video/webm'],
])

/** Documents, archives and arrays of many kinds are packed with these. */
const wrappings = new Set(['application/zip', 'application/gzip'])

const sniffed: ReadonlySet<string> = new Set([
  ...prefixes.map(([, type]) => type),
  ...riff.values(),
  'image/avif',
  'image/heic',
  'image/bmp',
  'video/mp4',
  'audio/aac',
])

/** Says nothing about what the bytes are. */
export function isUntold(type: string): boolean {
  return type === '' || type === 'application/octet-stream'
}

/** Whether bytes that look like `found` (empty: unknown) may be called `said`. */
export function isSameKind(said: string, found: string): boolean {
  if (isUntold(said)) return true
  const type = toCommonType(said)
  const known = sniffed.has(type) || containers.has(type)
  if (!known) return found === '' || wrappings.has(found)
  return type === found || containers.get(type) === found
}

/** Empty: not one of the forms that are known here. */
export function sniffType(bytes: Uint8Array): string {
  const start = latin1(bytes, 0, 12)
  const known = prefixes.find(([prefix]) => start.startsWith(prefix))
  if (known !== undefined) return known[1]
  if (start.startsWith('RIFF') || start.startsWith('RF64')) return riff.get(start.slice(8, 12)) ?? ''
  if (start.slice(4, 8) === 'ftyp') return sniffBrand(bytes)
  if (start.startsWith('BM') && isBitmap(bytes)) return 'image/bmp'
  return sniffFrame(bytes)
}

const maxBrands = 64
const stillBrands = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'])

/** ISO base media: the brands of the first box, the major one first. */
function sniffBrand(bytes: Uint8Array): string {
  const end = Math.min(u32be(bytes, 0), bytes.length, 16 + maxBrands * 4)
  const major = latin1(bytes, 8, 4)
  const brands = [major]
  for (let at = 16; at + 4 <= end; at += 4) brands.push(latin1(bytes, at, 4))
  if (brands.includes('avif') || brands.includes('avis')) return 'image/avif'
  if (brands.some((brand) => stillBrands.has(brand))) return 'image/heic'
  if (major === 'qt  ') return 'video/quicktime'
  return major === 'M4A ' || major === 'M4B ' ? 'audio/mp4' : 'video/mp4'
}

const bitmapHeaders = new Set([12, 16, 40, 52, 56, 64, 108, 124])

function isBitmap(bytes: Uint8Array): boolean {
  return bitmapHeaders.has(u32le(bytes, 14)) && u16le(bytes, 6) === 0 && u16le(bytes, 8) === 0
}

/** Sounds without a header of their own begin with a frame: eleven set bits, then version, layer, rates that exist. */
function sniffFrame(bytes: Uint8Array): string {
  const second = u8(bytes, 1)
  if (u8(bytes, 0) !== 0xff || (second & 0xe0) !== 0xe0) return ''
  if ((second & 0xf6) === 0xf0) return 'audio/aac'
  const third = u8(bytes, 2)
  const isLayer = (second & 0x18) !== 0x08 && (second & 0x06) !== 0
  return isLayer && third >> 4 !== 0x0f && third >> 4 !== 0 && (third & 0x0c) !== 0x0c ? 'audio/mpeg' : ''
}
