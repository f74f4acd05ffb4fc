// Which type fits where, and what it makes of type parameters. The rules are cel-go's (checker/types.go), so that the same
// expressions are accepted: parameters take the most general type that every use agrees on.
import type { Type } from './type.ts'
import { dyn, isDyn, isSameType, mapParts, partsOf } from './type.ts'

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
    if (type.kind !== 'parameter') return mapParts(type, (part) => this.apply(part, freeToDyn))
    const bound = this.#bindings.get(type.name)
    if (bound !== undefined) return this.apply(bound, freeToDyn)
    return freeToDyn ? dyn : type
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
    if (a.kind !== b.kind || !hasSameName(a, b)) return false
    if (a.kind === 'type') return true
    const others = partsOf(b)
    return partsOf(a).every((part, index) => this.#fits(part, others[index] ?? dyn))
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
    if (type.kind !== 'parameter') return partsOf(type).some((part) => this.#mentions(part, name))
    const bound = this.#bindings.get(type.name)
    return type.name === name || (bound !== undefined && this.#mentions(bound, name))
  }
}

function hasSameName(a: Type, b: Type): boolean {
  return ('name' in a ? a.name : '') === ('name' in b ? b.name : '')
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
  if (isDyn(b) || b.kind === 'parameter' || a.kind !== b.kind || !hasSameName(a, b)) return false
  const others = partsOf(b)
  return a.kind === 'type' || partsOf(a).every((part, index) => isAtLeastAsGeneral(part, others[index] ?? dyn))
}

/** A signature's own parameters, renamed so that two uses of one function do not meet. */
export function instantiate(types: readonly Type[], substitution: Substitution): readonly Type[] {
  const renamed = new Map<string, Type>()
  const rename = (type: Type): Type => {
    if (type.kind !== 'parameter') return mapParts(type, rename)
    const known = renamed.get(type.name) ?? substitution.freshParameter()
    renamed.set(type.name, known)
    return known
  }
  return types.map(rename)
}
