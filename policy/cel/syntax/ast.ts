// The tree of an expression, macros already recognised: loops are nodes of their own instead of expanded folds. Every node knows
// where in the source it begins.
import type { Value } from '../values/box.ts'

export type LiteralType = 'null_type' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes'

interface Place {
  /** Offset in UTF-16 units. */
  readonly at: number
  /** Height of the tree below, itself included. */
  readonly depth: number
}

export interface Literal extends Place {
  readonly kind: 'literal'
  readonly type: LiteralType
  readonly value: Value
}

export interface Ident extends Place {
  readonly kind: 'ident'
  readonly name: string
  /** `.name`: not looked up in the container, nor among the variables of loops. */
  readonly absolute: boolean
}

export interface Select extends Place {
  readonly kind: 'select'
  readonly target: Node
  readonly field: string
  readonly fieldAt: number
  readonly optional: boolean
  /** `has(target.field)` */
  readonly test: boolean
  /** Written in backticks: never part of a qualified name. */
  readonly quoted: boolean
}

export interface Index extends Place {
  readonly kind: 'index'
  readonly target: Node
  readonly index: Node
  readonly optional: boolean
}

export interface Call extends Place {
  readonly kind: 'call'
  /** Operators are named as in cel-go: `_+_`, `!_`, `_?_:_`, `@in`. `_&&_` and `_||_` take any number of operands. */
  readonly name: string
  readonly target: Node | undefined
  readonly args: readonly Node[]
}

export interface ListNode extends Place {
  readonly kind: 'list'
  readonly items: readonly { readonly node: Node; readonly optional: boolean }[]
}

export interface MapNode extends Place {
  readonly kind: 'map'
  readonly entries: readonly { readonly key: Node; readonly value: Node; readonly optional: boolean }[]
}

/** `Type{field: value}`: read, so that it can be refused by name. */
export interface StructNode extends Place {
  readonly kind: 'struct'
  readonly name: string
}

export type LoopMacro =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'

export interface Loop extends Place {
  readonly kind: 'loop'
  readonly macro: LoopMacro
  readonly range: Node
  readonly variables: readonly string[]
  readonly filter: Node | undefined
  readonly body: Node
}

/** `cel.bind(name, value, body)` */
export interface Bind extends Place {
  readonly kind: 'bind'
  readonly name: string
  readonly value: Node
  readonly body: Node
}

/** `optional.optMap(name, body)` and `optFlatMap` */
export interface OptionalMap extends Place {
  readonly kind: 'optionalMap'
  readonly target: Node
  readonly name: string
  readonly body: Node
  readonly flat: boolean
}

export type Node = Literal | Ident | Select | Index | Call | ListNode | MapNode | StructNode | Loop | Bind | OptionalMap
