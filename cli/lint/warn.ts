// A warning at its place in a file.
import type { Finding } from '../offline/finding.ts'
import type { SourceObject } from '../offline/source.ts'
import { locate } from '../offline/source.ts'

export type Told = Pick<Finding, 'reason' | 'message' | 'hint'>

export function warn(source: SourceObject, object: string, path: string, told: Told): Finding {
  return { ...locate(source, path).place, severity: 'warning', object, path, ...told }
}
