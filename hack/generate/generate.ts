// What `npm run generate` would write: every generated file by its path, in memory. The command writes it; hack/verify.ts
// compares it with what is committed.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Crd, parseCrd } from './crd.ts'
import { toFileName, toObjectMeta, toTypes } from './typescript.ts'

export const CRD_FILES = ['modelconnections.yaml', 'inferencepolicies.yaml', 'approvalrequests.yaml'] as const

/** The folder that holds the YAML files and, below it, `generated/`. */
export const CRD_FOLDER = path.join(import.meta.dirname, '..', '..', 'crds')

export interface CrdFile {
  readonly file: string
  readonly text: string
  readonly crd: Crd
}

export function readCrds(folder = CRD_FOLDER): readonly CrdFile[] {
  return CRD_FILES.map((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8')
    try {
      return { file, text, crd: parseCrd(text) }
    } catch (cause) {
      throw new Error(`crds/${file} cannot be read`, { cause })
    }
  })
}

/** Path below crds/ → content. */
export function generate(crds: readonly Crd[]): ReadonlyMap<string, string> {
  return new Map([
    ['generated/object-meta.ts', toObjectMeta()],
    ...crds.map((crd) => [`generated/${toFileName(crd.spec.names.kind)}`, toTypes(crd)] as const),
  ])
}
