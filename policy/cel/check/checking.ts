// What the parts of the checker share while they walk one expression, and what they leave for the planner: the type of every
// node, and what every name and call stands for.
import type { Bind, Call, Loop, Node, OptionalMap } from '../syntax/ast.ts'
import type { Mistake } from '../syntax/problem.ts'
import type { Value } from '../values/box.ts'
import type { Substitution } from './assign.ts'
import type { Declarations } from './declarations.ts'
import type { Overload } from './signature.ts'
import type { Type } from './type.ts'

export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'local'; readonly slot: number }
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'unknown' }

export interface ResolvedCall {
  /** The overloads that fit; more than one where types are known only at run time. */
  readonly overloads: readonly Overload[]
  /** Receiver included, namespace excluded. */
  readonly args: readonly Node[]
  /** The types of the arguments decide: nothing has to be asked at run time. */
  readonly certain: boolean
}

export interface Resolution {
  readonly types: Map<Node, Type>
  /** Of identifiers, and of selections that together are one qualified name. */
  readonly references: Map<Node, Reference>
  readonly calls: Map<Call, ResolvedCall>
  /** First slot of the variables that a node introduces. */
  readonly slots: Map<Loop | Bind | OptionalMap, number>
  /** `request.model` for a field of a struct that is a variable, `now` for a variable. */
  readonly reads: Set<string>
  slotCount: number
}

export interface Local {
  readonly name: string
  readonly slot: number
  readonly type: Type
}

/** Variables of loops, innermost first. */
export type Scope = readonly Local[]

export interface Checking {
  readonly declarations: Declarations
  readonly substitution: Substitution
  readonly resolution: Resolution
  readonly mistakes: Mistake[]
  /** Computed patterns are refused where only constants may be checked. */
  readonly check: (node: Node, scope: Scope) => Type
}

export function report(checking: Checking, mistake: Mistake): Type {
  checking.mistakes.push(mistake)
  return { kind: 'error' }
}

/** With parameters replaced as far as they are known. */
export function known(checking: Checking, type: Type): Type {
  return checking.substitution.apply(type, false)
}
