// Types, their text, and reading them from text such as `map<string, list<Message>>`. Single capital letters are parameters.

export type Type =
  | { readonly kind: 'dyn' | 'error' | PrimitiveName }
  | { readonly kind: 'list' | 'optional' | 'type'; readonly of: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly of: Type }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'opaque'; readonly name: string; readonly of: readonly Type[] }
  | { readonly kind: 'parameter'; readonly name: string }

export type PrimitiveName =
  | 'null_type'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'

const primitives: Readonly<Record<string, PrimitiveName>> = {
  null_type: 'null_type',
  bool: 'bool',
  int: 'int',
  uint: 'uint',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  timestamp: 'timestamp',
  duration: 'duration',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
}

export const dyn: Type = { kind: 'dyn' }
export const bool: Type = { kind: 'bool' }
/** The type of what is already a problem: it fits everywhere, so that one mistake is told once. */
export const errorType: Type = { kind: 'error' }

export function primitive(kind: PrimitiveName): Type {
  return { kind }
}

export function listOf(of: Type): Type {
  return { kind: 'list', of }
}

export function mapOf(key: Type, of: Type): Type {
  return { kind: 'map', key, of }
}

export function optionalOf(of: Type): Type {
  return { kind: 'optional', of }
}

export function isDyn(type: Type): boolean {
  return type.kind === 'dyn' || type.kind === 'error'
}

export function isSameType(a: Type, b: Type): boolean {
  return a === b || typeText(a) === typeText(b)
}

/** The types inside of a type: of a map its key and value, of a list its element. */
export function partsOf(type: Type): readonly Type[] {
  if (type.kind === 'map') return [type.key, type.of]
  if (type.kind === 'opaque') return type.of
  return 'of' in type ? [type.of] : []
}

/** The same type with other types inside. */
export function mapParts(type: Type, change: (part: Type) => Type): Type {
  if (type.kind === 'map') return mapOf(change(type.key), change(type.of))
  if (type.kind === 'opaque') return { ...type, of: type.of.map(change) }
  return 'of' in type ? { kind: type.kind, of: change(type.of) } : type
}

export function typeText(type: Type): string {
  const name = 'name' in type ? type.name : type.kind === 'error' ? 'dyn' : type.kind
  const parts = partsOf(type)
  return parts.length === 0 ? name : `${name}<${parts.map(typeText).join(', ')}>`
}

/** Throws on text that is no type: it is written by programmers. `structs` are the names that are structs; others are opaque. */
export function parseType(text: string, structs: ReadonlySet<string> = new Set()): Type {
  const reader = new TypeReader(text, structs)
  const type = reader.read()
  reader.end()
  return type
}

class TypeReader {
  readonly #words: readonly string[]
  readonly #structs: ReadonlySet<string>
  #position = 0

  constructor(text: string, structs: ReadonlySet<string>) {
    this.#words = text.match(/[A-Za-z_][A-Za-z0-9_.]*|[<>,]|\S/gu) ?? []
    this.#structs = structs
  }

  read(): Type {
    const name = this.#words[this.#position] ?? ''
    this.#position += 1
    const of = this.#words[this.#position] === '<' ? this.#parameters() : []
    return toType(name, of, this.#structs)
  }

  end(): void {
    if (this.#position !== this.#words.length) throw new Error(`not a CEL type: ${this.#words.join('')}`)
  }

  #parameters(): readonly Type[] {
    const types: Type[] = []
    do {
      this.#position += 1
      types.push(this.read())
    } while (this.#words[this.#position] === ',')
    if (this.#words[this.#position] !== '>') throw new Error(`not a CEL type: ${this.#words.join('')}`)
    this.#position += 1
    return types
  }
}

function toType(name: string, of: readonly Type[], structs: ReadonlySet<string>): Type {
  const [first = dyn, second = dyn] = of
  if (name === 'list' || name === 'optional' || name === 'type') return { kind: name, of: first }
  if (name === 'map') return mapOf(first, second)
  const kind = name === 'dyn' ? name : Object.hasOwn(primitives, name) ? primitives[name] : undefined
  return kind === undefined ? toNamed(name, of, structs) : { kind }
}

function toNamed(name: string, of: readonly Type[], structs: ReadonlySet<string>): Type {
  if (/^[A-Z]$/u.test(name)) return { kind: 'parameter', name }
  if (structs.has(name)) return { kind: 'struct', name }
  if (!/^[A-Za-z]/u.test(name)) throw new Error(`not a CEL type: ${name}`)
  return { kind: 'opaque', name, of }
}
