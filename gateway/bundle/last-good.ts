// The last good bundle on disk, so that a gateway that restarts while the API server is away, with an empty mount, still judges.
// What is read back is only an offer: its digests are verified like any other's.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { BundlePart } from '../../policy/bundle-wire.ts'
import type { Revision } from '../../policy/bundle.ts'
import type { Offer } from './enforcement.ts'

const fileName = 'last-good-bundle.json.gz'
const maxBytes = 256 * 1024 * 1024

export async function writeLastGood(folder: string, offer: Offer): Promise<void> {
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, fileName)
  await writeFile(`${file}.new`, gzipSync(JSON.stringify(offer), { level: 1 }), { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** Undefined when there is none or it is damaged: then the gateway waits for a bundle from elsewhere. */
export async function readLastGood(folder: string): Promise<Offer | undefined> {
  let stored: unknown
  try {
    const text = gunzipSync(await readFile(path.join(folder, fileName)), { maxOutputLength: maxBytes })
    stored = JSON.parse(text.toString('utf8'))
  } catch {
    return undefined
  }
  return isOffer(stored) ? stored : undefined
}

function isOffer(value: unknown): value is Offer {
  if (!isRecord(value) || !isRevision(value['revision'])) return false
  return Array.isArray(value['parts']) && value['parts'].every(isPart)
}

function isRevision(value: unknown): value is Revision {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value['epoch']) &&
    Number.isSafeInteger(value['n']) &&
    typeof value['digest'] === 'string'
  )
}

function isPart(value: unknown): value is BundlePart {
  return isRecord(value) && typeof value['digest'] === 'string' && typeof value['text'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
