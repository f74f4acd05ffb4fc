// Calls: which overloads the types of the arguments leave. One that leaves a single overload with nothing open is planned as a
// direct call; others are decided by the values.
import type { Call, Index, Node } from '../syntax/ast.ts'
import { instantiate } from './assign.ts'
import type { Checking, Scope } from './checking.ts'
import { known, report } from './checking.ts'
import { candidateNames } from './declarations.ts'
import { qualifiedName } from './names.ts'
import type { Overload } from './signature.ts'
import type { Type } from './type.ts'
import { bool, dyn, isDyn, isSameType, optionalOf, primitive, typeText } from './type.ts'

export function checkCall(checking: Checking, node: Call, scope: Scope): Type {
  if (node.name === '_&&_' || node.name === '_||_') return checkLogical(checking, node, scope)
  const { overloads, args } = findFunction(checking, node, scope)
  const types = args.map((argument) => known(checking, checking.check(argument, scope)))
  if (overloads.length === 0) {
    checking.resolution.calls.set(node, { overloads, args, certain: false })
    return report(checking, { message: `unknown function "${plainName(node.name)}"`, at: node.at })
  }
  return resolve(checking, node, { overloads, args, types })
}

function plainName(name: string): string {
  return name.replace(/^\./u, '').replace('math.@max', 'math.greatest').replace('math.@min', 'math.least')
}

function checkLogical(checking: Checking, node: Call, scope: Scope): Type {
  for (const argument of node.args) {
    const type = checking.check(argument, scope)
    if (checking.substitution.assign([[type, bool]])) continue
    const found = typeText(known(checking, type))
    const message = `${operatorSign(node.name)} needs bool on both sides, found ${found}`
    report(checking, { message, at: argument.at, expected: 'bool', found })
  }
  return bool
}

interface Found {
  readonly overloads: readonly Overload[]
  readonly args: readonly Node[]
}

/** A receiver that is no value but a namespace, as in `base64.encode(x)`, is part of the name. */
function findFunction(checking: Checking, node: Call, scope: Scope): Found {
  const { functions, container } = checking.declarations
  const { target, args } = node
  const global = (name: string): readonly Overload[] => {
    for (const candidate of candidateNames(container, name)) {
      const overloads = (functions.get(candidate) ?? []).filter(({ member }) => !member)
      if (overloads.length > 0) return overloads
    }
    return []
  }
  if (target === undefined) return { overloads: global(node.name), args }
  const namespace = qualifiedName(target, scope)
  const qualified = namespace === undefined ? [] : global(`${namespace}.${node.name}`)
  if (qualified.length > 0) return { overloads: qualified, args }
  return { overloads: (functions.get(node.name) ?? []).filter(({ member }) => member), args: [target, ...args] }
}

interface Attempt extends Found {
  readonly types: readonly Type[]
}

function resolve(checking: Checking, node: Call, { overloads, args, types }: Attempt): Type {
  const fitting: Overload[] = []
  let result: Type | undefined
  for (const overload of overloads) {
    const candidate = tryOverload(checking, overload, types)
    if (candidate === undefined) continue
    fitting.push(overload)
    if (result === undefined) result = candidate
    else if (!isDyn(result) && !isSameType(result, candidate)) result = dyn
  }
  if (result === undefined) {
    checking.resolution.calls.set(node, { overloads, args, certain: false })
    return reportOverloads(checking, node, { overloads, args, types })
  }
  const certain = fitting.length === 1 && types.every((type) => isCertain(known(checking, type)))
  checking.resolution.calls.set(node, { overloads: certain ? fitting : overloads, args, certain })
  checkConstants(checking, fitting, args)
  return result
}

/** Parameters inside of lists and maps may stay open: implementations look at elements themselves. */
function isCertain(type: Type): boolean {
  return !isDyn(type) && type.kind !== 'parameter' && type.kind !== 'null_type'
}

/** Told from the kinds alone, before anything is copied: most overloads of an operator end here. */
function isHopeless(given: Type, wanted: Type): boolean {
  if (given.kind === wanted.kind || wanted.kind === 'dyn' || wanted.kind === 'parameter') return false
  return !isDyn(given) && given.kind !== 'parameter' && given.kind !== 'null_type'
}

function tryOverload(checking: Checking, overload: Overload, types: readonly Type[]): Type | undefined {
  if (overload.parameters.length !== types.length) return undefined
  if (overload.parameters.some((parameter, index) => isHopeless(types[index] ?? dyn, parameter))) return undefined
  const [result = dyn, ...parameters] = instantiate([overload.result, ...overload.parameters], checking.substitution)
  const pairs = types.map((type, index) => [type, parameters[index] ?? dyn] as const)
  return checking.substitution.assign(pairs) ? known(checking, result) : undefined
}

function checkConstants(checking: Checking, overloads: readonly Overload[], args: readonly Node[]): void {
  for (const { constant } of overloads) {
    const argument = constant === undefined ? undefined : args[constant.index]
    if (constant === undefined || argument?.kind !== 'literal') continue
    const problem = constant.check(argument.value)
    if (problem === undefined) continue
    report(checking, { message: `${constant.what}: ${problem}`, at: argument.at, expected: constant.what })
  }
}

function reportOverloads(checking: Checking, node: Call, { overloads, args, types }: Attempt): Type {
  const texts = types.map((type) => typeText(checking.substitution.apply(type, true)))
  const found = callText(node, texts, args.length > node.args.length)
  const expected = overloads
    .slice(0, 8)
    .map(({ parameters, member }) => callText(node, parameters.map(typeText), member))
    .join(' or ')
  return report(checking, { message: `no such overload: ${found}`, at: node.at, expected, found })
}

function callText(node: Call, types: readonly string[], member: boolean): string {
  const [first = '', second = ''] = types
  if (node.name === '@in') return `${first} in ${second}`
  if (node.name === '_?_:_') return types.join(' ? ').replace(/ \? (?=[^?]*$)/u, ' : ')
  if (/^_.+_$/u.test(node.name)) return `${first} ${operatorSign(node.name)} ${second}`
  if (node.name === '!_' || node.name === '-_') return `${operatorSign(node.name)}${first}`
  if (member) return `${first}.${node.name}(${types.slice(1).join(', ')})`
  return `${plainName(node.name)}(${types.join(', ')})`
}

function operatorSign(name: string): string {
  return name.replaceAll('_', '')
}

export function checkIndex(checking: Checking, node: Index, scope: Scope): Type {
  const target = known(checking, checking.check(node.target, scope))
  const index = known(checking, checking.check(node.index, scope))
  const inner = target.kind === 'optional' ? known(checking, target.of) : target
  const element = elementType(checking, { node, inner, index })
  return node.optional || target.kind === 'optional' ? optionalOf(element) : element
}

interface Indexing {
  readonly node: Index
  readonly inner: Type
  readonly index: Type
}

function elementType(checking: Checking, { node, inner, index }: Indexing): Type {
  if (inner.kind === 'error') return inner
  if (inner.kind === 'dyn' || inner.kind === 'parameter') return dyn
  const [key, element] = indexable(inner)
  if (key !== undefined && checking.substitution.assign([[index, key]])) return known(checking, element)
  const found = `${typeText(inner)}[${typeText(index)}]`
  const expected = key === undefined ? 'a list or a map' : `${typeText(inner)}[${typeText(key)}]`
  return report(checking, { message: `no such overload: ${found}`, at: node.at, expected, found })
}

/** What a type is indexed with, and what that gives. */
function indexable(type: Type): readonly [key: Type | undefined, element: Type] {
  if (type.kind === 'list') return [primitive('int'), type.of]
  return type.kind === 'map' ? [type.key, type.of] : [undefined, dyn]
}
