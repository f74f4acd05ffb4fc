// Identifiers and fields. `a.b.c` may be one declared name, or a field of a field; the longest declared name wins. A field that a
// struct does not declare is a mistake, inside has() too.
import type { Ident, Node, Select } from '../syntax/ast.ts'
import type { Checking, Reference, Scope } from './checking.ts'
import { known, report } from './checking.ts'
import { candidateNames, typeValueOf } from './declarations.ts'
import type { Type } from './type.ts'
import { bool, dyn, errorType, isDyn, optionalOf, typeText } from './type.ts'

export function checkIdent(checking: Checking, node: Ident, scope: Scope): Type {
  const local = node.absolute ? undefined : scope.find(({ name }) => name === node.name)
  if (local !== undefined) {
    checking.resolution.references.set(node, { kind: 'local', slot: local.slot })
    return local.type
  }
  const found = lookUp(checking, node.absolute ? `.${node.name}` : node.name)
  if (found !== undefined) return refer(checking, node, found)
  checking.resolution.references.set(node, { kind: 'unknown' })
  return report(checking, { message: `Unknown variable: ${node.name}`, at: node.at })
}

interface Found {
  readonly reference: Reference
  readonly type: Type
}

function lookUp(checking: Checking, name: string): Found | undefined {
  const { container, variables } = checking.declarations
  for (const candidate of candidateNames(container, name)) {
    const type = variables.get(candidate)
    if (type !== undefined) return { reference: { kind: 'variable', name: candidate }, type }
    const constant = typeValueOf(candidate)
    if (constant !== undefined) return { reference: { kind: 'constant', value: constant.value }, type: constant.type }
  }
  return undefined
}

function refer(checking: Checking, node: Node, { reference, type }: Found): Type {
  checking.resolution.references.set(node, reference)
  if (reference.kind === 'variable') checking.resolution.reads.add(reference.name)
  return type
}

/** `a.b` as written, where nothing but plain names and dots is in it. */
export function qualifiedName(node: Node, scope: Scope): string | undefined {
  if (node.kind === 'ident') {
    if (node.absolute) return `.${node.name}`
    return scope.some(({ name }) => name === node.name) ? undefined : node.name
  }
  if (node.kind !== 'select' || node.optional || node.quoted || node.test) return undefined
  const target = qualifiedName(node.target, scope)
  return target === undefined ? undefined : `${target}.${node.field}`
}

export function checkSelect(checking: Checking, node: Select, scope: Scope): Type {
  const name = qualifiedName(node, scope)
  const found = name === undefined ? undefined : lookUp(checking, name)
  if (found !== undefined) return refer(checking, node, found)
  const field = fieldType(checking, node, checkTarget(checking, node, scope))
  return node.test ? bool : field
}

/** A program that reads one field of a struct does not need the others to be made: only the field counts as read. */
function checkTarget(checking: Checking, node: Select, scope: Scope): Type {
  const { references, reads } = checking.resolution
  const { target } = node
  const before = target.kind === 'ident' ? reads.has(target.name) : true
  const type = known(checking, checking.check(target, scope))
  const reference = references.get(target)
  if (reference?.kind !== 'variable' || type.kind !== 'struct') return type
  if (!before) reads.delete(reference.name)
  reads.add(`${reference.name}.${node.field}`)
  return type
}

function fieldType(checking: Checking, node: Select, target: Type): Type {
  const inner = target.kind === 'optional' ? known(checking, target.of) : target
  const type = plainField(checking, node, inner)
  return node.optional || target.kind === 'optional' ? optionalOf(type) : type
}

function plainField(checking: Checking, node: Select, target: Type): Type {
  if (target.kind === 'map') return target.of
  if (target.kind === 'struct') return structField(checking, node, target.name)
  if (isDyn(target) || target.kind === 'parameter') return target.kind === 'error' ? errorType : dyn
  return report(checking, {
    message: `${typeText(target)} has no fields, and so no "${node.field}"`,
    at: node.fieldAt,
    expected: 'a struct or a map',
    found: typeText(target),
  })
}

function structField(checking: Checking, node: Select, name: string): Type {
  const fields = checking.declarations.structs.get(name)
  const type = fields?.get(node.field)
  if (type !== undefined) return type
  const names = [...(fields?.keys() ?? [])].join(', ')
  return report(checking, {
    message: `unknown field "${node.field}" of ${name}; known here: ${names}`,
    at: node.fieldAt,
    expected: names,
    found: node.field,
  })
}
