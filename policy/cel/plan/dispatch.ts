// Calls. Where the checker left one overload it is called directly; otherwise the values choose among the overloads.
import type { Overload } from '../check/signature.ts'
import type { Type } from '../check/type.ts'
import { fail } from '../failure.ts'
import type { Value } from '../values/box.ts'
import { Opaque } from '../values/box.ts'
import type { Kind } from '../values/kind.ts'
import { isMap, kindOf } from '../values/kind.ts'
import type { Plan } from './frame.ts'

export function planDirect({ run }: Overload, args: readonly Plan[]): Plan {
  const [a, b, c] = args
  if (a === undefined) return (frame) => run(frame)
  if (b === undefined) return (frame) => run(a(frame), frame)
  if (c === undefined) return (frame) => run(a(frame), b(frame), frame)
  return (frame) => run(...args.map((argument) => argument(frame)), frame)
}

export function planDispatch(overloads: readonly Overload[], args: readonly Plan[]): Plan {
  const candidates = overloads.filter(({ arity }) => arity === args.length)
  return (frame) => {
    const values = args.map((argument) => argument(frame))
    for (const { parameters, run } of candidates) {
      if (parameters.every((type, index) => isOfType(values[index], type))) return run(...values, frame)
    }
    return fail('no_such_overload')
  }
}

const kindNames: Readonly<Partial<Record<Kind, Type['kind']>>> = {
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
  optional_type: 'optional',
}

/** Of lists and maps only that they are lists and maps: implementations look at elements themselves. */
function isOfType(value: Value, type: Type): boolean {
  if (type.kind === 'dyn' || type.kind === 'parameter' || type.kind === 'error') return true
  if (type.kind === 'opaque') return value instanceof Opaque && value.typeName === type.name
  if (type.kind === 'struct') return isMap(value)
  const kind = kindOf(value)
  return (kindNames[kind] ?? kind) === type.kind
}
