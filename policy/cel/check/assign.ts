// Which type fits where, and what it makes of type parameters. The rules are cel-go's (checker/types.go), so that the same
// expressions are accepted: parameters take the most general type that every use agrees on.
import type { Type } from './type.ts'
import { dyn, isDyn, isSameType, listOf, mapOf } from './type.ts'

/** What parameters stand for. Tried on a copy, kept when everything fitted. */
export class Substitution {
  #bindings: Map<string, Type>
  #fresh = 0

  constructor() {
    this.#bindings = new Map()
  }

  freshParameter(): Type {
    this.#fresh += 1
    return { kind: 'parameter', name: `_${this.#fresh}` }
  }

  /** Every pair must fit; otherwise nothing is remembered. */
  assign(pairs: readonly (readonly [given: Type, wanted: Type])[]): boolean {
    const before = this.#bindings
    this.#bindings = new Map(before)
    const fits = pairs.every(([given, wanted]) => this.#fits(given, wanted))
    if (!fits) this.#bindings = before
    return fits
  }

  apply(type: Type, freeToDyn: boolean): Type {
    const inner = (part: Type): Type => this.apply(part, freeToDyn)
    switch (type.kind) {
      case 'parameter': {
        const bound = this.#bindings.get(type.name)
        if (bound !== undefined) return inner(bound)
        return freeToDyn ? dyn : type
      }
      case 'list':
      case 'optional':
      case 'type':
        return { kind: type.kind, of: inner(type.of) }
      case 'map':
        return mapOf(inner(type.key), inner(type.of))
      case 'opaque':
        return { ...type, of: type.of.map(inner) }
      default:
        return type
    }
  }

  join(a: Type, b: Type): Type {
    return this.assign([[a, b]]) ? mostGeneral(a, b) : dyn
  }

  #fits(a: Type, b: Type): boolean {
    if (b.kind === 'parameter') {
      const { valid, bound } = this.#substitute(a, b)
      if (valid) return true
      if (bound) return false
    }
    if (a.kind === 'parameter') return this.#substitute(b, a).valid
    if (isDyn(a) || isDyn(b)) return true
    if (a.kind === 'null_type') return isNullable(b)
    if (b.kind === 'null_type') return isNullable(a)
    return this.#fitsConcrete(a, b)
  }

  #fitsConcrete(a: Type, b: Type): boolean {
    if (a.kind !== b.kind) return false
    if (a.kind === 'type') return true
    if (a.kind === 'map' && b.kind === 'map') return this.#fits(a.key, b.key) && this.#fits(a.of, b.of)
    if (a.kind === 'list' && b.kind === 'list') return this.#fits(a.of, b.of)
    if (a.kind === 'optional' && b.kind === 'optional') return this.#fits(a.of, b.of)
    if (a.kind === 'struct' && b.kind === 'struct') return a.name === b.name
    if (a.kind === 'opaque' && b.kind === 'opaque') {
      return a.name === b.name && a.of.every((part, index) => this.#fits(part, b.of[index] ?? dyn))
    }
    return true
  }

  #substitute(type: Type, parameter: Type & { kind: 'parameter' }): { valid: boolean; bound: boolean } {
    if (type.kind === 'parameter' && type.name === parameter.name) return { valid: true, bound: true }
    const bound = this.#bindings.get(parameter.name)
    if (bound === undefined) {
      if (this.#mentions(type, parameter.name)) return { valid: false, bound: false }
      this.#bindings.set(parameter.name, type)
      return { valid: true, bound: false }
    }
    if (type.kind === bound.kind && isSameType(type, bound)) return { valid: true, bound: true }
    if (!this.#fits(type, bound)) return { valid: false, bound: true }
    const general = mostGeneral(type, bound)
    if (!this.#mentions(general, parameter.name)) this.#bindings.set(parameter.name, general)
    return { valid: true, bound: true }
  }

  #mentions(type: Type, name: string): boolean {
    switch (type.kind) {
      case 'parameter': {
        if (type.name === name) return true
        const bound = this.#bindings.get(type.name)
        return bound !== undefined && this.#mentions(bound, name)
      }
      case 'list':
      case 'optional':
      case 'type':
        return this.#mentions(type.of, name)
      case 'map':
        return this.#mentions(type.key, name) || this.#mentions(type.of, name)
      case 'opaque':
        return type.of.some((part) => this.#mentions(part, name))
      default:
        return false
    }
  }
}

function isNullable(type: Type): boolean {
  return ['null_type', 'optional', 'opaque', 'struct', 'timestamp', 'duration'].includes(type.kind)
}

/** Of null and a type that may be null, the type. */
function mostGeneral(a: Type, b: Type): Type {
  if (a.kind === 'null_type') return b
  if (b.kind === 'null_type') return a
  return isAtLeastAsGeneral(a, b) ? a : b
}

function isAtLeastAsGeneral(a: Type, b: Type): boolean {
  if (isDyn(a) || a.kind === 'parameter') return true
  if (isDyn(b) || b.kind === 'parameter' || a.kind !== b.kind) return false
  if (a.kind === 'list' && b.kind === 'list') return isAtLeastAsGeneral(a.of, b.of)
  if (a.kind === 'optional' && b.kind === 'optional') return isAtLeastAsGeneral(a.of, b.of)
  if (a.kind === 'map' && b.kind === 'map') return isAtLeastAsGeneral(a.key, b.key) && isAtLeastAsGeneral(a.of, b.of)
  if (a.kind === 'opaque' && b.kind === 'opaque') {
    return a.name === b.name && a.of.every((part, index) => isAtLeastAsGeneral(part, b.of[index] ?? dyn))
  }
  return a.kind === 'type' || isSameType(a, b)
}

/** A signature's own parameters, renamed so that two uses of one function do not meet. */
export function instantiate(types: readonly Type[], substitution: Substitution): readonly Type[] {
  const renamed = new Map<string, Type>()
  const rename = (type: Type): Type => {
    switch (type.kind) {
      case 'parameter': {
        const known = renamed.get(type.name) ?? substitution.freshParameter()
        renamed.set(type.name, known)
        return known
      }
      case 'list':
        return listOf(rename(type.of))
      case 'optional':
      case 'type':
        return { kind: type.kind, of: rename(type.of) }
      case 'map':
        return mapOf(rename(type.key), rename(type.of))
      case 'opaque':
        return { ...type, of: type.of.map(rename) }
      default:
        return type
    }
  }
  return types.map(rename)
}
