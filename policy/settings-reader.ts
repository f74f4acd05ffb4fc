// Readers of plain data: unknown in, typed and bounded data out, every problem collected with its path. A mistake names the
// field and what is allowed there; the value itself is not repeated, since a file may hold what nobody should read in a status.
import type { Problem } from './problem.ts'

/** Where a reader stands, and where it puts what is wrong. */
export interface Place {
  readonly path: string
  readonly problems: Problem[]
}

/** Undefined means that a problem was added. */
export type Read<T> = (value: unknown, at: Place) => T | undefined

export interface Optional<T> {
  readonly optional: Read<T>
}

/** One reader per field; fields that may be absent are marked, and the compiler checks that exactly those are. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Read<T[K]>
}

/** Enough to repair a file in one go, few enough for an object's status. */
export const maxProblems = 64

export function addProblem(at: Place, message: string): undefined {
  if (at.problems.length < maxProblems) at.problems.push({ path: at.path, reason: 'Invalid', message })
  return undefined
}

export function optional<T>(read: Read<T>): Optional<T> {
  return { optional: read }
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectOf<T extends object>(fields: FieldsOf<T>): Read<T> {
  const readers: ReadonlyMap<string, Read<unknown> | Optional<unknown>> = new Map(Object.entries(fields))
  const known = [...readers.keys()].join(', ')
  return (value, at) => {
    if (!isPlainObject(value)) return addProblem(at, 'must be an object')
    const before = at.problems.length
    for (const name of Object.keys(value)) {
      if (!readers.has(name)) addProblem(at, `has an unknown field ${toFieldText(name)}; known are: ${known}`)
    }
    const read: Record<string, unknown> = {}
    for (const [name, reader] of readers) {
      const field = readField(reader, { value, name }, at)
      if (field !== undefined) read[name] = field
    }
    if (at.problems.length > before) return undefined
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- FieldsOf<T> makes every field come from its own reader
    return read as T
  }
}

interface Field {
  readonly value: Readonly<Record<string, unknown>>
  readonly name: string
}

function readField(reader: Read<unknown> | Optional<unknown>, { value, name }: Field, parent: Place): unknown {
  const at = { path: parent.path === '' ? name : `${parent.path}.${name}`, problems: parent.problems }
  const isPresent = Object.hasOwn(value, name)
  if (typeof reader === 'function') return isPresent ? reader(value[name], at) : addProblem(at, 'is required')
  return isPresent ? reader.optional(value[name], at) : undefined
}

export interface ListBounds<T> {
  readonly min?: number
  readonly max: number
  /** No two items may have the same. */
  readonly key?: (item: T) => string
}

export function listOf<T>(read: Read<T>, bounds: ListBounds<T>): Read<readonly T[]> {
  const { min = 0, max, key } = bounds
  return (value, at) => {
    if (!Array.isArray(value)) return addProblem(at, 'must be a list')
    if (value.length < min || value.length > max) return addProblem(at, `must have ${min} to ${max} items`)
    const values: readonly unknown[] = value
    const seen = new Set<string>()
    const items: T[] = []
    for (const [index, entry] of values.entries()) {
      const place = { path: `${at.path}[${index}]`, problems: at.problems }
      const item = read(entry, place)
      if (item === undefined) continue
      const id = key?.(item)
      if (id !== undefined && seen.has(id)) addProblem(place, 'is already in this list')
      if (id !== undefined) seen.add(id)
      items.push(item)
    }
    return items
  }
}

export interface TextRule {
  readonly max: number
  /** Completes "must be ...". */
  readonly expected: string
  readonly pattern?: RegExp
  readonly test?: (text: string) => boolean
}

const controlCharacters = /\p{Cc}/u

export function text(rule: TextRule): Read<string> {
  return (value, at) => {
    const fits =
      typeof value === 'string' &&
      value !== '' &&
      value.length <= rule.max &&
      (rule.pattern ?? printable).test(value) &&
      (rule.test?.(value) ?? true)
    return fits ? value : addProblem(at, `must be ${rule.expected}, at most ${rule.max} characters`)
  }
}

const printable = { test: (value: string): boolean => !controlCharacters.test(value) }

export function oneOf<T extends string>(allowed: readonly T[]): Read<T> {
  return (value, at) => allowed.find((item) => item === value) ?? addProblem(at, `must be one of ${allowed.join(', ')}`)
}

/** The same on every list of names: each once. */
export function namesOf(read: Read<string>, min: number, max: number): Read<readonly string[]> {
  return listOf(read, { min, max, key: (item) => item })
}

function toFieldText(name: string): string {
  return /^[\w.:/-]{1,64}$/u.test(name) ? `"${name}"` : 'whose name is not printable'
}
