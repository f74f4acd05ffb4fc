// The planner: a checked tree becomes closures, one per node, specialised by what the checker found out.
import type { Resolution } from '../check/checking.ts'
import { fail } from '../failure.ts'
import type { Bind, Call, Index, ListNode, Loop, MapNode, Node, OptionalMap, Select } from '../syntax/ast.ts'
import type { Value } from '../values/box.ts'
import { Optional, none, some, toDouble } from '../values/box.ts'
import { CelMap, putEntry } from '../values/map.ts'
import { hasField, index, indexOptional, select, selectOptional } from './access.ts'
import { findSizeBound, planEquality, planOrder, planSizeBound, planTextMembership } from './compare.ts'
import { planDirect, planDispatch } from './dispatch.ts'
import type { Plan } from './frame.ts'
import { failing } from './frame.ts'
import { planConditional, planLogical } from './logic.ts'
import { planBind, planBoundLocal, planLocal, planLoop } from './loop.ts'
import { weigh } from './weigh.ts'

export function planProgram(root: Node, resolution: Resolution): Plan {
  return new Planner(resolution).plan(root)
}

class Planner {
  readonly #resolution: Resolution
  /** Slots of cel.bind: only these may hold a failure. */
  readonly #bound = new Set<number>()

  constructor(resolution: Resolution) {
    this.#resolution = resolution
  }

  // oxlint-disable-next-line complexity -- one case per kind of node
  plan(node: Node): Plan {
    switch (node.kind) {
      case 'literal': {
        const { value } = node
        return () => value
      }
      case 'ident':
        return this.#planReference(node)
      case 'select':
        return this.#planSelect(node)
      case 'index':
        return this.#planIndex(node)
      case 'call':
        return this.#planCall(node)
      case 'list':
        return this.#planList(node)
      case 'map':
        return this.#planMap(node)
      case 'struct':
        return failing('undeclared_reference')
      case 'loop':
        return this.#planLoop(node)
      case 'bind':
        return this.#planBind(node)
      case 'optionalMap':
        return this.#planOptionalMap(node)
    }
  }

  #planReference(node: Node): Plan {
    const reference = this.#resolution.references.get(node)
    if (reference === undefined || reference.kind === 'unknown') return failing('undeclared_reference')
    if (reference.kind === 'constant') return () => reference.value
    if (reference.kind === 'local') {
      return this.#bound.has(reference.slot) ? planBoundLocal(reference.slot) : planLocal(reference.slot)
    }
    const { name } = reference
    const read: Plan = ({ variables }) => variables[name] ?? absent(variables[name], 'undeclared_reference')
    return this.#isDouble(node) ? asDouble(read) : read
  }

  #isDouble(node: Node): boolean {
    return this.#resolution.types.get(node)?.kind === 'double'
  }

  #planSelect(node: Select): Plan {
    if (this.#resolution.references.has(node)) {
      const qualified = this.#planReference(node)
      return node.test ? (frame) => qualified(frame) !== undefined : qualified
    }
    if (this.#resolution.types.get(node.target)?.kind === 'struct') return this.#planField(node)
    const target = this.plan(node.target)
    const { field } = node
    if (node.test) return (frame) => hasField(target(frame), field)
    if (node.optional) return (frame) => selectOptional(target(frame), field)
    return (frame) => select(target(frame), field)
  }

  /** Of a declared struct: the name is one of the environment's, so the property can be read as it is. */
  #planField(node: Select): Plan {
    const target = this.plan(node.target)
    const { field } = node
    const read: Plan = (frame) => {
      const value = target(frame)
      return isRecord(value) ? value[field] : fail('no_such_overload')
    }
    if (node.test) return (frame) => read(frame) !== undefined
    if (node.optional) return (frame) => optionalOf(read(frame))
    const plain: Plan = (frame) => {
      const value = target(frame)
      const found = isRecord(value) ? value[field] : undefined
      return found === undefined ? fail('no_such_field') : found
    }
    return this.#isDouble(node) ? asDouble(plain) : plain
  }

  #planIndex(node: Index): Plan {
    const target = this.plan(node.target)
    const key = this.plan(node.index)
    if (node.optional) return (frame) => indexOptional(target(frame), key(frame))
    return (frame) => index(target(frame), key(frame))
  }

  #planCall(node: Call): Plan {
    if (node.name === '_&&_' || node.name === '_||_') {
      const operands = node.args.map((argument) => this.plan(argument))
      return planLogical(operands, node.name === '_||_')
    }
    const call = this.#resolution.calls.get(node)
    if (call === undefined || call.overloads.length === 0) return failing('undeclared_reference')
    const args = call.args.map((argument) => this.plan(argument))
    const special = this.#planOperator(node, args)
    if (special !== undefined) return special
    const [overload] = call.overloads
    if (call.certain && overload !== undefined) return planDirect(overload, args)
    return planDispatch(call.overloads, args)
  }

  #planOperator(node: Call, args: readonly Plan[]): Plan | undefined {
    const [a, b, c] = args
    if (a === undefined || b === undefined) return undefined
    if (node.name === '_?_:_' && c !== undefined) return planConditional(a, b, c)
    const quick = this.#planSizeBound(node) ?? planTextMembership(node, a) ?? planEquality(node, a, b)
    return quick ?? planOrder(node.name, a, b)
  }

  #planSizeBound(node: Call): Plan | undefined {
    const found = findSizeBound(node, (sized) => {
      if (sized.kind !== 'call' || sized.name !== 'size') return undefined
      const call = this.#resolution.calls.get(sized)
      const [overload] = call?.overloads ?? []
      const isText = call?.certain === true && overload?.parameters[0]?.kind === 'string'
      return isText ? call.args[0] : undefined
    })
    return found === undefined ? undefined : planSizeBound(found.name, this.plan(found.text), found.bound)
  }

  #planList(node: ListNode): Plan {
    const items = node.items.map(({ node: item, optional }) => ({ plan: this.plan(item), optional }))
    if (node.items.every(({ node: item }) => item.kind === 'literal')) {
      const constant = node.items.map(({ node: item }) => (item.kind === 'literal' ? item.value : null))
      return () => constant
    }
    return (frame) => {
      const list: Value[] = []
      for (const { plan, optional } of items) {
        const value = plan(frame)
        if (!optional) list.push(value)
        else if (isPresent(value)) list.push(value.value)
      }
      return list
    }
  }

  #planMap(node: MapNode): Plan {
    const entries = node.entries.map(({ key, value, optional }) => {
      return { key: this.plan(key), value: this.plan(value), optional }
    })
    return (frame) => {
      const map = new CelMap()
      for (const { key, value, optional } of entries) {
        const name = key(frame)
        const item = value(frame)
        if (!optional) putEntry(map, name, item)
        else if (isPresent(item)) putEntry(map, name, item.value)
      }
      return map
    }
  }

  #planLoop(node: Loop): Plan {
    const slot = this.#resolution.slots.get(node) ?? 0
    this.#bound.delete(slot)
    this.#bound.delete(slot + 1)
    const range = this.plan(node.range)
    const filter = node.filter === undefined ? undefined : this.plan(node.filter)
    const weight = weigh(node.body) + (node.filter === undefined ? 1 : weigh(node.filter))
    const variables = node.variables.length
    return planLoop({ macro: node.macro, range, filter, body: this.plan(node.body), slot, variables, weight })
  }

  #planBind(node: Bind): Plan {
    const slot = this.#resolution.slots.get(node) ?? 0
    const value = this.plan(node.value)
    this.#bound.add(slot)
    const body = this.plan(node.body)
    this.#bound.delete(slot)
    return planBind(value, body, slot)
  }

  #planOptionalMap(node: OptionalMap): Plan {
    const slot = this.#resolution.slots.get(node) ?? 0
    const target = this.plan(node.target)
    const body = this.plan(node.body)
    return (frame) => {
      const value = target(frame)
      if (!(value instanceof Optional)) return fail('no_such_overload')
      if (!value.present) return none
      frame.slots[slot] = value.value
      return node.flat ? body(frame) : some(body(frame))
    }
  }
}

function isPresent(value: Value): value is Optional {
  return value instanceof Optional ? value.present : fail('no_such_overload')
}

function optionalOf(value: Value): Optional {
  return value === undefined ? none : some(value)
}

function isRecord(value: Value): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null
}

function absent(value: Value, code: 'undeclared_reference'): Value {
  return value === null ? null : fail(code)
}

/** A whole number that the host gave for a declared double. */
function asDouble(plan: Plan): Plan {
  return (frame) => {
    const value = plan(frame)
    return typeof value === 'number' ? toDouble(value) : value
  }
}
