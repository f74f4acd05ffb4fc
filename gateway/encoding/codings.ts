// The content codings that are read here, both ways (RFC 9110 §8.4.1; zstd: RFC 8878 with the window of RFC 9659). Bytes that
// follow the end of a compressed body are an error: two readers might take them for two different things.
import type { Transform } from 'node:stream'
import type { BrotliOptions, ZlibOptions, ZstdOptions } from 'node:zlib'
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzip,
  inflate,
  zstdDecompress,
} from 'node:zlib'

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

type Done = (error: Error | null, decoded: Buffer) => void

interface Codec {
  /** In the thread pool, piece by piece; fails as soon as `maxOutputLength` is passed. */
  readonly whole: (bytes: Uint8Array, maxOutputLength: number, done: Done) => void
  readonly stream: () => Transform
}

const strict = { chunkSize: 64 * 1024, rejectGarbageAfterEnd: true } as const
const zstd: ZstdOptions = {
  ...strict,
  // 8 MiB, the largest window that HTTP allows; otherwise a small body may ask for 128 MiB of memory.
  params: { [constants.ZSTD_d_windowLogMax]: 23 },
}
const brotli: BrotliOptions = strict
const zlib: ZlibOptions = strict

const codecs: Record<Coding, Codec> = {
  gzip: {
    whole: (bytes, maxOutputLength, done) => gunzip(bytes, { ...zlib, maxOutputLength }, done),
    stream: () => createGunzip(zlib),
  },
  // In zlib's wrapping, as the RFC says; the raw form that some servers guess at is refused.
  deflate: {
    whole: (bytes, maxOutputLength, done) => inflate(bytes, { ...zlib, maxOutputLength }, done),
    stream: () => createInflate(zlib),
  },
  br: {
    whole: (bytes, maxOutputLength, done) => brotliDecompress(bytes, { ...brotli, maxOutputLength }, done),
    stream: () => createBrotliDecompress(brotli),
  },
  zstd: {
    whole: (bytes, maxOutputLength, done) => zstdDecompress(bytes, { ...zstd, maxOutputLength }, done),
    stream: () => createZstdDecompress(zstd),
  },
}

const names: ReadonlyMap<string, Coding | 'identity'> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  // RFC 9110 §8.4.1.3: the same thing.
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
])

/** Undefined: not one that is known here, or several on top of each other. */
export function toCoding(header: string | undefined): Coding | 'identity' | undefined {
  return names.get((header ?? '').trim().toLowerCase())
}

export function openDecoder(coding: Coding): Transform {
  return codecs[coding].stream()
}

/** Rejects with what zlib says: `ERR_BUFFER_TOO_LARGE` beyond `maxBytes`, another code for bytes that are not of this coding. */
export function decodeWhole(coding: Coding, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    codecs[coding].whole(bytes, maxBytes, (error, decoded) => {
      if (error === null) resolve(decoded)
      else reject(error)
    })
  })
}
