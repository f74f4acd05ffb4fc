// What a policy asks for when it masks: a class of data and how it is found, and what is put in place of a finding. Compiled once;
// what the policies that speak about a call ask for together is worked out by mask-run.ts.
import type { Detector } from './detector.ts'

/** From the strictest to the mildest. */
export const maskActions = ['Deny', 'Redact', 'Hash', 'Pseudonymize', 'Replace', 'Partial'] as const
export type MaskAction = (typeof maskActions)[number]

/** One entry of `dataClasses`. */
export interface CompiledClass {
  readonly name: string
  /** Those of Portcullis as they are; those of the policy itself under names that no other policy has. */
  readonly detectors: readonly Detector[]
  /** JSON pointers (a segment `*` stands for every element) and names of fields that a connection declares. */
  readonly fields: readonly string[]
}

/** One entry of `masking.request` or `masking.response`. */
export interface CompiledMask {
  readonly name: string
  /** Undefined where the mask is about one field. */
  readonly class: string | undefined
  readonly detectors: readonly Detector[]
  readonly fields: readonly string[]
  readonly action: MaskAction
  /** What Replace puts in place, and what other actions name a finding by. */
  readonly label: string
  readonly keepLast: number
  /** Pseudonyms that come back in the answer become the original again. */
  readonly restores: boolean
}

/** A mask of a policy that speaks about the call. */
export interface MaskDemand extends CompiledMask {
  /** `namespace/name`. */
  readonly policy: string
  /** False for mode Audit: counted, never acting. */
  readonly acts: boolean
}

export interface MaskDemands {
  readonly request: readonly MaskDemand[]
  readonly response: readonly MaskDemand[]
}
