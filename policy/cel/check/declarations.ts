// What an expression may name: variables, the fields of structs, functions, and types as values.
import type { Value } from '../values/box.ts'
import { TypeValue } from '../values/box.ts'
import type { FunctionTable } from './signature.ts'
import type { Type } from './type.ts'
import { parseType } from './type.ts'

export interface Declarations {
  readonly variables: ReadonlyMap<string, Type>
  readonly structs: ReadonlyMap<string, ReadonlyMap<string, Type>>
  readonly functions: FunctionTable
  /** Names are looked up as `container.name` first, as in protobuf packages. Empty for most. */
  readonly container: string
}

const typeNames: Readonly<Record<string, string>> = {
  null_type: 'null_type',
  bool: 'bool',
  int: 'int',
  uint: 'uint',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
  list: 'list<dyn>',
  map: 'map<dyn, dyn>',
  type: 'type<dyn>',
  optional_type: 'optional<dyn>',
  'net.IP': 'net.IP',
  'net.CIDR': 'net.CIDR',
}

const typeValues = new Map<string, { readonly type: Type; readonly value: Value }>(
  Object.entries(typeNames).map(([name, text]) => [
    name,
    { type: { kind: 'type', of: parseType(text) }, value: new TypeValue(name) },
  ]),
)

export function typeValueOf(name: string): { readonly type: Type; readonly value: Value } | undefined {
  return typeValues.get(name)
}

/** Most specific first: for `x` in the container `a.b`, `a.b.x`, `a.x`, `x`. */
export function candidateNames(container: string, name: string): readonly string[] {
  if (name.startsWith('.')) return [name.slice(1)]
  const names = [name]
  for (let prefix = container; prefix !== ''; prefix = prefix.slice(0, Math.max(prefix.lastIndexOf('.'), 0))) {
    names.splice(-1, 0, `${prefix}.${name}`)
  }
  return names
}
