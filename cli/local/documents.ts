// Finds the YAML document of one object in a folder, for people (where does it stand?) and for the tour (which edits it).
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Document } from 'yaml'
import { LineCounter, parseAllDocuments } from 'yaml'

export interface Wanted {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

export interface Found {
  readonly file: string
  /** All of the file, in order. */
  readonly documents: readonly Document[]
  readonly document: Document
  readonly line: number
}

export async function findDocument(folder: string, wanted: Wanted): Promise<Found | undefined> {
  for (const entry of (await readdir(folder, { recursive: true })).toSorted()) {
    if (!/\.ya?ml$/.test(entry)) continue
    const file = path.join(folder, entry)
    const lineCounter = new LineCounter()
    const documents = parseAllDocuments(await readFile(file, 'utf8'), { lineCounter })
    if (!Array.isArray(documents)) continue
    const document = documents.find((one) => isWanted(one, wanted))
    if (document === undefined) continue
    return { file, documents, document, line: lineCounter.linePos(document.contents?.range[0] ?? 0).line }
  }
  return undefined
}

function isWanted(document: Document, { kind, namespace, name }: Wanted): boolean {
  const at = (...keys: readonly string[]): unknown => (document.contents === null ? undefined : document.getIn(keys))
  return at('kind') === kind && at('metadata', 'namespace') === namespace && at('metadata', 'name') === name
}
