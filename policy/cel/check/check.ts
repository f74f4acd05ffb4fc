// The checker: gives every node a type and collects every mistake there is, instead of stopping at the first.
import type { Bind, ListNode, Loop, MapNode, Node, OptionalMap } from '../syntax/ast.ts'
import type { Mistake } from '../syntax/problem.ts'
import { Substitution } from './assign.ts'
import { checkCall, checkIndex } from './calls.ts'
import type { Checking, Resolution, Scope } from './checking.ts'
import { known, report } from './checking.ts'
import type { Declarations } from './declarations.ts'
import { checkIdent, checkSelect } from './names.ts'
import type { Type } from './type.ts'
import { bool, dyn, isDyn, listOf, mapOf, optionalOf, primitive, typeText } from './type.ts'

export interface Checked {
  readonly type: Type
  readonly mistakes: readonly Mistake[]
  readonly resolution: Resolution
}

export function check(root: Node, declarations: Declarations): Checked {
  const resolution: Resolution = {
    types: new Map(),
    references: new Map(),
    calls: new Map(),
    slots: new Map(),
    reads: new Set(),
    slotCount: 0,
  }
  const checking: Checking = {
    declarations,
    substitution: new Substitution(),
    resolution,
    mistakes: [],
    check: (node, scope) => {
      const type = checkNode(checking, node, scope)
      resolution.types.set(node, type)
      return type
    },
  }
  const type = checking.check(root, [])
  for (const [node, open] of resolution.types) resolution.types.set(node, checking.substitution.apply(open, true))
  const mistakes = checking.mistakes.toSorted((a, b) => a.at - b.at)
  return { type: checking.substitution.apply(type, true), mistakes, resolution }
}

// oxlint-disable-next-line complexity -- one case per kind of node
function checkNode(checking: Checking, node: Node, scope: Scope): Type {
  switch (node.kind) {
    case 'literal':
      return primitive(node.type)
    case 'ident':
      return checkIdent(checking, node, scope)
    case 'select':
      return checkSelect(checking, node, scope)
    case 'index':
      return checkIndex(checking, node, scope)
    case 'call':
      return checkCall(checking, node, scope)
    case 'list':
      return checkList(checking, node, scope)
    case 'map':
      return checkMap(checking, node, scope)
    case 'struct':
      return report(checking, { message: `unknown type "${node.name}"`, at: node.at })
    case 'loop':
      return checkLoop(checking, node, scope)
    case 'bind':
      return checkBind(checking, node, scope)
    case 'optionalMap':
      return checkOptionalMap(checking, node, scope)
  }
}

interface Part {
  readonly node: Node
  readonly optional: boolean
}

/** Of an item or entry written with `?`, what the optional holds. */
function checkPart(checking: Checking, { node, optional }: Part, scope: Scope): Type {
  const type = known(checking, checking.check(node, scope))
  if (!optional || isDyn(type)) return type
  if (type.kind === 'optional') return type.of
  const found = typeText(type)
  return report(checking, { message: `? needs an optional, found ${found}`, at: node.at, expected: 'optional', found })
}

function joinAll(checking: Checking, types: readonly Type[]): Type {
  let joined: Type | undefined
  for (const type of types) joined = joined === undefined ? type : checking.substitution.join(joined, type)
  return joined ?? checking.substitution.freshParameter()
}

function checkList(checking: Checking, node: ListNode, scope: Scope): Type {
  const types = node.items.map((item) => checkPart(checking, item, scope))
  return listOf(joinAll(checking, types))
}

const keyTypes = new Set(['string', 'int', 'uint', 'bool'])
const openTypes = new Set(['dyn', 'error', 'parameter'])

function checkMap(checking: Checking, node: MapNode, scope: Scope): Type {
  const keys: Type[] = []
  const values: Type[] = []
  for (const { key, value, optional } of node.entries) {
    const type = known(checking, checking.check(key, scope))
    const found = typeText(type)
    const expected = 'string, int, uint or bool'
    if (!keyTypes.has(type.kind) && !openTypes.has(type.kind)) {
      report(checking, { message: `${found} cannot be the key of a map`, at: key.at, expected, found })
    }
    // Only a plain type is a key's. Were `{x: x}` a map from the type of x, types could double at every step.
    keys.push(keyTypes.has(type.kind) ? type : dyn)
    values.push(checkPart(checking, { node: value, optional }, scope))
  }
  return mapOf(joinAll(checking, keys), joinAll(checking, values))
}

function bindLocals(
  checking: Checking,
  node: Loop | Bind | OptionalMap,
  { scope, locals }: { scope: Scope; locals: readonly (readonly [string, Type])[] },
): Scope {
  const first = scope.length
  checking.resolution.slots.set(node, first)
  checking.resolution.slotCount = Math.max(checking.resolution.slotCount, first + locals.length)
  const added = locals.map(([name, type], index) => ({ name, type, slot: first + index }))
  return [...added.toReversed(), ...scope]
}

function checkBind(checking: Checking, node: Bind, scope: Scope): Type {
  const value = checking.check(node.value, scope)
  return checking.check(node.body, bindLocals(checking, node, { scope, locals: [[node.name, value]] }))
}

function checkOptionalMap(checking: Checking, node: OptionalMap, scope: Scope): Type {
  const target = known(checking, checking.check(node.target, scope))
  const found = typeText(target)
  if (target.kind !== 'optional' && !isDyn(target)) {
    const message = `${node.flat ? 'optFlatMap' : 'optMap'}() needs an optional, found ${found}`
    report(checking, { message, at: node.target.at, expected: 'optional', found })
  }
  const inner = target.kind === 'optional' ? target.of : dyn
  const body = checking.check(node.body, bindLocals(checking, node, { scope, locals: [[node.name, inner]] }))
  return node.flat ? body : optionalOf(body)
}

interface Elements {
  readonly key: Type
  readonly value: Type
  readonly isMap: boolean
}

function elementsOf(checking: Checking, node: Loop, range: Type): Elements {
  if (range.kind === 'list') return { key: primitive('int'), value: range.of, isMap: false }
  if (range.kind === 'map') return { key: range.key, value: range.of, isMap: true }
  if (!isDyn(range) && range.kind !== 'parameter') {
    const found = typeText(range)
    const message = `${node.macro}() needs a list or a map, found ${found}`
    report(checking, { message, at: node.range.at, expected: 'list or map', found })
  }
  return { key: dyn, value: dyn, isMap: false }
}

function checkLoop(checking: Checking, node: Loop, scope: Scope): Type {
  const range = known(checking, checking.check(node.range, scope))
  const elements = elementsOf(checking, node, range)
  const { key, value, isMap } = elements
  const types = node.variables.length === 1 ? [isMap ? key : value] : [key, value]
  const locals = node.variables.map((name, index) => [name, types[index] ?? dyn] as const)
  const inner = bindLocals(checking, node, { scope, locals })
  if (node.filter !== undefined) expectBool(checking, node.filter, checking.check(node.filter, inner))
  const body = checking.check(node.body, inner)
  return loopType(checking, node, { ...elements, body, single: types[0] ?? dyn })
}

function loopType(checking: Checking, node: Loop, types: Elements & { body: Type; single: Type }): Type {
  switch (node.macro) {
    case 'map':
    case 'transformList':
      return listOf(types.body)
    case 'transformMap':
      return mapOf(types.key, types.body)
    case 'transformMapEntry':
      return known(checking, types.body)
    case 'filter':
      expectBool(checking, node.body, types.body)
      return listOf(types.single)
    case 'all':
    case 'exists':
    case 'existsOne':
      expectBool(checking, node.body, types.body)
      return bool
  }
}

function expectBool(checking: Checking, node: Node, type: Type): void {
  if (checking.substitution.assign([[type, bool]])) return
  const found = typeText(known(checking, type))
  report(checking, { message: `must be bool, found ${found}`, at: node.at, expected: 'bool', found })
}
