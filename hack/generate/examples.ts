// Reads the YAML blocks of a manual page as objects, for the tests that hold them against the CRDs.
import { parseAllDocuments } from 'yaml'
import { isRecord } from './crd.ts'

export interface Example {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly object: Readonly<Record<string, unknown>>
}

export function readExamples(page: string): readonly Example[] {
  const blocks = [...page.matchAll(/^```ya?ml\n(.*?)^```$/gms)].map(([, text = '']) => text)
  return blocks.flatMap((text) => parseAllDocuments(text).map((document) => toExample(document.toJS())))
}

function toExample(object: unknown): Example {
  if (!isRecord(object) || !isRecord(object['metadata'])) throw new Error('an example is not a complete object')
  const { apiVersion, kind, metadata } = object
  return {
    apiVersion: toText(apiVersion),
    kind: toText(kind),
    name: toText(metadata['name']),
    namespace: toText(metadata['namespace']),
    object,
  }
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
