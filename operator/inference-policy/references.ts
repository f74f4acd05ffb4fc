// What an InferencePolicy names outside itself: the ConfigMaps with the dictionaries of its data classes.
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { toDictionaryKey } from '../../policy/compile-classes.ts'
import type { Reference } from '../references.ts'

/** Of one policy: each is read again every few seconds. */
export const maxDictionaries = 64

export function listDictionaries(namespace: string, spec: InferencePolicySpec): readonly Reference[] {
  return (spec.dataClasses ?? []).flatMap(({ dictionaries = [] }, i) =>
    dictionaries.map(({ configMapRef: { name, key } }, j): Reference => {
      const path = `spec.dataClasses[${i}].dictionaries[${j}].configMapRef`
      return { purpose: 'Dictionary', kind: 'ConfigMap', namespace, name, key, path }
    }),
  )
}

/** What its terms are found by in the bundle. */
export function toTermsKey({ name, key = '' }: Reference): string {
  return toDictionaryKey({ configMapRef: { name, key } })
}
