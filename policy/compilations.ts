// Policies compiled once for each kind of connection, and their data classes once for all; what did not change since the snapshot before
// is taken from there. Whoever kept something by a compiled part (an engine by its detectors) finds the very same part again.
import type { BundlePolicy } from './bundle.ts'
import type { CompiledClasses } from './compile-classes.ts'
import { compileClassesInSteps } from './compile-classes.ts'
import { compilePolicy, toPolicyId } from './compile.ts'
import type { PolicyCompilation } from './compiled.ts'
import { environmentsOf } from './environment.ts'
import type { Compile } from './expression.ts'

interface Kept<Part> {
  /** What it was made from, as text. */
  readonly from: string
  readonly part: Part
}

/** Compiled policies by identity and environment. */
export type CompilationCache = ReadonlyMap<string, Kept<PolicyCompilation>>
/** By policy id. */
export type ClassCache = ReadonlyMap<string, Kept<CompiledClasses>>

export interface CompilationCaches {
  readonly cache: CompilationCache
  readonly classes: ClassCache
}

export interface Fingerprinted {
  readonly policy: BundlePolicy
  readonly fingerprint: string
}

/** Objects are immutable once decoded, so their text is their identity. */
export function toFingerprinted(policy: BundlePolicy): Fingerprinted {
  return { policy, fingerprint: JSON.stringify(policy) }
}

export class Compilations implements CompilationCaches {
  readonly #compile: Compile
  readonly #previous: CompilationCaches | undefined
  readonly cache = new Map<string, Kept<PolicyCompilation>>()
  readonly classes = new Map<string, Kept<CompiledClasses>>()

  constructor(compile: Compile, previous: CompilationCaches | undefined) {
    this.#compile = compile
    this.#previous = previous
  }

  *of({ policy, fingerprint }: Fingerprinted, protocol: string, opaque: boolean): Generator<void, PolicyCompilation> {
    const environments = environmentsOf(protocol, opaque)
    const key = `${toPolicyId(policy.ref)} ${environments.request?.name ?? '-'}`
    const known = this.cache.get(key) ?? this.#previous?.cache.get(key)
    if (known?.from === fingerprint) {
      this.cache.set(key, known)
      this.#keepClasses(policy)
      return known.part
    }
    const found = yield* this.#classesOf(policy)
    const part = compilePolicy(this.#compile, policy, environments, found)
    this.cache.set(key, { from: fingerprint, part })
    return part
  }

  /** An edited rule is no reason to build automata anew. */
  *#classesOf(policy: BundlePolicy): Generator<void, CompiledClasses> {
    const id = toPolicyId(policy.ref)
    const from = JSON.stringify([policy.spec.dataClasses, policy.dictionaries])
    const known = this.classes.get(id) ?? this.#previous?.classes.get(id)
    const kept = known?.from === from ? known : { from, part: yield* compileClassesInSteps(policy) }
    this.classes.set(id, kept)
    return kept.part
  }

  #keepClasses({ ref }: BundlePolicy): void {
    const id = toPolicyId(ref)
    const known = this.#previous?.classes.get(id)
    if (known !== undefined && !this.classes.has(id)) this.classes.set(id, known)
  }
}
