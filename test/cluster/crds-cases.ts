// What a case of a CRD rule is: an object that must be accepted, or one that must be refused with a message at a field.
import type { ObjectOfOurs } from './crds-api.ts'

export interface AcceptedCase {
  readonly title: string
  readonly object: ObjectOfOurs
}

export interface RefusedCase extends AcceptedCase {
  readonly field: string
  /** A part of the message; it must tell this rule from others at the same field. */
  readonly message: string
}

/** title → [object, field, message] */
export type RefusedTable = Readonly<Record<string, readonly [object: ObjectOfOurs, field: string, message: string]>>

export function toRefusedCases(table: RefusedTable): readonly RefusedCase[] {
  return Object.entries(table).map(([title, [object, field, message]]) => ({ title, object, field, message }))
}

export function toAcceptedCases(table: Readonly<Record<string, ObjectOfOurs>>): readonly AcceptedCase[] {
  return Object.entries(table).map(([title, object]) => ({ title, object }))
}

/** One table for each value, its titles completed by the value. */
export function forEach<Value>(values: readonly Value[], toTable: (value: Value) => RefusedTable): RefusedTable {
  return Object.fromEntries(
    values.flatMap((value) =>
      Object.entries(toTable(value)).map(([title, row]) => [`${title}: ${JSON.stringify(value)}`, row] as const),
    ),
  )
}
