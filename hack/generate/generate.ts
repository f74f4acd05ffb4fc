// What `npm run generate` would write: every generated file by its path, in memory. The command writes it; hack/verify.ts
// compares it with what is committed.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Crd, parseCrd } from './crd.ts'
import { spliceReference } from './reference.ts'
import { toFileName, toObjectMeta, toTypes } from './typescript.ts'

export const CRD_FILES = ['modelconnections.yaml', 'inferencepolicies.yaml', 'approvalrequests.yaml'] as const

/** The folder that holds the YAML files, the pages and, in `generated/`, the types. */
export const CRD_FOLDER = path.join(import.meta.dirname, '..', '..', 'crds')

export interface CrdFile {
  readonly file: string
  readonly text: string
  readonly crd: Crd
  /** `modelconnection.md`, and what stands in it. */
  readonly pageFile: string
  readonly page: string
}

export function readCrds(folder = CRD_FOLDER): readonly CrdFile[] {
  return CRD_FILES.map((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8')
    const crd = parse(file, text)
    const pageFile = `${crd.spec.names.kind.toLowerCase()}.md`
    return { file, text, crd, pageFile, page: readFileSync(path.join(folder, pageFile), 'utf8') }
  })
}

/** Path below crds/ → content. */
export function generate(files: readonly CrdFile[]): ReadonlyMap<string, string> {
  return new Map([
    ['generated/object-meta.ts', toObjectMeta()],
    ...files.map(({ crd }) => [`generated/${toFileName(crd.spec.names.kind)}`, toTypes(crd)] as const),
    ...files.map(({ crd, pageFile, page }) => [pageFile, spliceReference(page, crd)] as const),
  ])
}

function parse(file: string, text: string): Crd {
  try {
    return parseCrd(text)
  } catch (cause) {
    throw new Error(`crds/${file} cannot be read`, { cause })
  }
}
