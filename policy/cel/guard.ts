// What the engine's parser and checker let through and must not: regular expressions with JavaScript's meaning, `has()` on
// fields nobody declared, nested loops without a bound, literals that lose their meaning. Works on the parsed tree.
import type { ASTNode } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import type { Environment } from '../environment.ts'

export interface Finding {
  readonly message: string
  readonly offset: number
}

/** Own name for `matches`, so that every use runs on the linear engine instead of the JavaScript one. */
export const linearMatches = 'matchesRE2'

const loops = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
const maxInt = 9_223_372_036_854_775_807n
const lostKeys = new Set(['constructor', '__proto__', 'prototype'])

interface Walk {
  readonly environment: Environment
  readonly findings: Finding[]
  /** `request.model` and the like: what a caller must provide to evaluate this. */
  readonly reads: Set<string>
}

export interface Guarded {
  readonly findings: readonly Finding[]
  readonly reads: ReadonlySet<string>
}

/** Renames `matches` in place, and says what must be refused and which facts are read. */
export function guard(root: ASTNode, environment: Environment): Guarded {
  const walk: Walk = { environment, findings: [], reads: new Set() }
  visit(walk, root, { bound: new Set(), loopDepth: 0 })
  return walk
}

interface Scope {
  readonly bound: ReadonlySet<string>
  readonly loopDepth: number
}

function visit(walk: Walk, node: ASTNode, scope: Scope): void {
  if (node.op === 'value') return checkLiteral(walk, node)
  if (node.op === 'id') {
    if (!scope.bound.has(node.args)) walk.reads.add(node.args)
    return
  }
  if (node.op === '.' || node.op === '.?') return visitSelect(walk, node, scope)
  if (node.op === 'rcall') return visitMethod(walk, node, scope)
  if (node.op === 'map') for (const [key] of node.args) checkKey(walk, key)
  for (const child of childrenOf(node)) visit(walk, child, scope)
}

type Inner = Exclude<ASTNode, { op: 'value' | 'id' | '.' | '.?' | 'rcall' }>

function childrenOf(node: Inner): readonly ASTNode[] {
  if (node.op === 'call') return node.args[1]
  if (node.op === 'map') return node.args.flat()
  if (node.op === '!_' || node.op === '-_') return [node.args]
  return node.args
}

function visitSelect(walk: Walk, node: Extract<ASTNode, { op: '.' | '.?' }>, scope: Scope): void {
  const [target, field] = node.args
  if (target.op === 'id' && !scope.bound.has(target.args)) {
    const struct = walk.environment.structs[target.args]
    if (struct !== undefined) {
      if (!Object.hasOwn(struct, field)) {
        const known = Object.keys(struct).join(', ')
        walk.findings.push({
          message: `unknown field "${field}" of ${target.args}; known here: ${known}`,
          offset: (node.range?.end ?? node.pos) - field.length,
        })
      }
      walk.reads.add(`${target.args}.${field}`)
      return
    }
  }
  visit(walk, target, scope)
}

function visitMethod(walk: Walk, node: Method, scope: Scope): void {
  const [name, receiver, args] = node.args
  if (name === linearMatches) refuse(walk, node, `unknown function "${linearMatches}"`)
  if (name === 'matches') {
    checkPattern(walk, args[0])
    node.args[0] = linearMatches
  }
  visit(walk, receiver, scope)
  const variable = args[0]
  const isLoop = loops.has(name) && args.length > 1 && variable?.op === 'id'
  const inner = isLoop ? enterLoop(walk, node, { ...scope, bound: new Set([...scope.bound, variable.args]) }) : scope
  for (const argument of isLoop ? args.slice(1) : args) visit(walk, argument, inner)
}

type Method = Extract<ASTNode, { op: 'rcall' }>

/** Loops over the request inside each other multiply; over a list written out in the expression they do not. */
function enterLoop(walk: Walk, node: Method, scope: Scope): Scope {
  const [name, receiver] = node.args
  const loopDepth = scope.loopDepth + (receiver.op === 'list' ? 0 : 1)
  if (loopDepth > 1) {
    refuse(walk, node, `${name}() inside another loop may only run over a list written out here, such as ["a", "b"]`)
  }
  return { ...scope, loopDepth }
}

function checkPattern(walk: Walk, pattern: ASTNode | undefined): void {
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
    if (pattern !== undefined) refuse(walk, pattern, 'the pattern of matches() must be written out as a string')
    return
  }
  const problem = findPatternProblem(pattern.args)
  if (problem !== undefined) refuse(walk, pattern, `regular expression (RE2 syntax): ${problem}`)
}

function findPatternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'not valid'
  }
}

function checkLiteral(walk: Walk, node: Extract<ASTNode, { op: 'value' }>): void {
  const value = node.args
  if (typeof value === 'bigint' && value > maxInt) refuse(walk, node, 'integer is larger than 9223372036854775807')
}

function checkKey(walk: Walk, key: ASTNode): void {
  if (key.op !== 'value') return
  if (typeof key.args !== 'string') refuse(walk, key, 'keys of a map written out here must be strings')
  else if (lostKeys.has(key.args)) refuse(walk, key, `"${key.args}" cannot be a key here`)
}

function refuse(walk: Walk, node: ASTNode, message: string): void {
  walk.findings.push({ message, offset: node.range?.start ?? node.pos })
}
