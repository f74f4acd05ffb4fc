// The dictionaries of one InferencePolicy: their terms for the bundle, or why the policy must not go on without them. Pure. A mask
// whose terms are missing would let through what it was written to hide, so such a policy denies what it covers.
import type { Blocked, BundlePolicy } from '../../policy/bundle.ts'
import type { InferencePolicy } from '../objects.ts'
import type { Reader, Reference, ReferenceState } from '../references.ts'
import { judgeReferences } from '../references.ts'
import type { Finding } from '../verdict.ts'
import { toFirstLine } from '../verdict.ts'
import { listDictionaries, maxDictionaries, toTermsKey } from './references.ts'

export interface DictionaryRules {
  readonly reader: Reader
  readonly stateOf: (reference: Reference) => ReferenceState
  /** What was published before: a ConfigMap that cannot be read just now goes on with that. */
  readonly publishedTerms?: (reference: Reference) => readonly string[] | undefined
}

export interface ResolvedDictionaries {
  readonly entry: Pick<BundlePolicy, 'dictionaries' | 'blocked'>
  /** The first that does not resolve. */
  readonly unresolved?: Finding
}

/** In characters, of all dictionaries of one policy: everything that is published has to fit into a few ConfigMaps. */
const maxCharacters = 262_144

export function resolveDictionaries({ metadata, spec }: InferencePolicy, rules: DictionaryRules): ResolvedDictionaries {
  const references = listDictionaries(metadata.namespace ?? '', spec)
  if (references.length === 0) return { entry: {} }
  if (references.length > maxDictionaries) return refuse(toTooMany(references.length))
  const stateOf = (reference: Reference): ReferenceState => {
    const state = rules.stateOf(reference)
    const terms = state.state === 'Pending' ? rules.publishedTerms?.(reference) : undefined
    return terms === undefined ? state : { state: 'Found', terms }
  }
  const { blocking } = judgeReferences(references, stateOf, rules.reader)
  if (blocking !== undefined) return refuse(blocking)
  const dictionaries: Record<string, readonly string[]> = {}
  for (const reference of references) {
    const state = stateOf(reference)
    if (state.state === 'Found' && state.terms !== undefined) dictionaries[toTermsKey(reference)] = state.terms
  }
  const characters = Object.values(dictionaries).flat().join('').length
  return characters > maxCharacters ? refuse(toTooLarge(characters)) : { entry: { dictionaries } }
}

function refuse(unresolved: Finding): ResolvedDictionaries {
  const blocked: Blocked = { reason: unresolved.reason, message: toFirstLine(unresolved.message) }
  return { entry: { blocked }, unresolved }
}

function toTooMany(count: number): Finding {
  const message =
    `spec.dataClasses: this policy names ${count} dictionaries, and ${maxDictionaries} are the most; put terms together, or divide ` +
    'them over several policies'
  return { status: 'False', reason: 'InvalidRef', message }
}

function toTooLarge(characters: number): Finding {
  const message =
    `spec.dataClasses: the dictionaries of this policy hold ${characters} characters together, and ${maxCharacters} are the ` +
    'most; shorten them, or divide them over several policies'
  return { status: 'False', reason: 'InvalidRef', message }
}
