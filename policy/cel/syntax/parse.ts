// Tokens to a tree, by recursive descent with precedence climbing. Size and depth are bounded here, so that nothing that walks a
// tree later needs a bound of its own.
import type { ListNode, Literal, MapNode, Node } from './ast.ts'
import { readNumber, readText } from './literal.ts'
import type { Expanded } from './macro.ts'
import { expandMacro } from './macro.ts'
import { SyntaxMistake } from './problem.ts'
import type { Token } from './token.ts'
import { readTokens } from './token.ts'

export interface Limits {
  readonly maxNodes: number
  readonly maxDepth: number
}

export const defaultLimits: Limits = { maxNodes: 4000, maxDepth: 200 }

/** Throws SyntaxMistake. */
export function parse(source: string, limits: Limits = defaultLimits): Node {
  return new Parser(readTokens(source, limits.maxNodes * 4), limits).parseWhole()
}

const binary: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '==': 3,
  '!=': 3,
  in: 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
}

const keywords = new Set(['true', 'false', 'null', 'in'])
const reserved = new Set(
  ['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package'].concat([
    'namespace',
    'return',
    'var',
    'void',
    'while',
  ]),
)

type Shape = Expanded | (Node extends infer N ? (N extends Node ? Omit<N, 'depth'> : never) : never)

class Parser {
  readonly #tokens: readonly Token[]
  readonly #limits: Limits
  #position = 0
  #nodes = 0
  #nesting = 0

  constructor(tokens: readonly Token[], limits: Limits) {
    this.#tokens = tokens
    this.#limits = limits
  }

  parseWhole(): Node {
    const node = this.#expression()
    if (this.#peek().kind !== 'end') this.#unexpected()
    return node
  }

  #peek(): Token {
    const token = this.#tokens[this.#position]
    if (token === undefined) throw new SyntaxMistake('Unexpected end', 0)
    return token
  }

  #next(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#position += 1
    return token
  }

  #isAt(symbol: string): boolean {
    const token = this.#peek()
    return token.text === symbol && (token.kind === 'symbol' || token.kind === 'name')
  }

  #accept(symbol: string): boolean {
    const found = this.#isAt(symbol)
    if (found) this.#position += 1
    return found
  }

  #expect(symbol: string): void {
    if (!this.#accept(symbol)) this.#unexpected(`, expected ${symbol}`)
  }

  #unexpected(expected = ''): never {
    const token = this.#peek()
    const shown = token.kind === 'end' ? 'end of the expression' : token.text.slice(0, 40)
    throw new SyntaxMistake(`Unexpected token: ${shown}${expected}`, token.at)
  }

  #make(shape: Shape, children: readonly (Node | undefined)[]): Node {
    this.#nodes += 1
    let depth = 0
    for (const child of children) if (child !== undefined && child.depth > depth) depth = child.depth
    if (this.#nodes > this.#limits.maxNodes) throw new SyntaxMistake('the expression is too large', shape.at)
    if (depth >= this.#limits.maxDepth) throw new SyntaxMistake('the expression is nested too deeply', shape.at)
    return { ...shape, depth: depth + 1 }
  }

  #call(at: number, name: string, args: readonly Node[]): Node {
    return this.#make({ kind: 'call', at, name, target: undefined, args }, args)
  }

  #expression(): Node {
    this.#nesting += 1
    if (this.#nesting > this.#limits.maxDepth) {
      throw new SyntaxMistake('the expression is nested too deeply', this.#peek().at)
    }
    const condition = this.#binary(1)
    const node = this.#accept('?') ? this.#ternary(condition) : condition
    this.#nesting -= 1
    return node
  }

  #ternary(condition: Node): Node {
    const yes = this.#binary(1)
    this.#expect(':')
    const no = this.#expression()
    return this.#call(condition.at, '_?_:_', [condition, yes, no])
  }

  #binary(minimum: number): Node {
    let left = this.#unary()
    for (;;) {
      const { kind, text } = this.#peek()
      const isOperator = kind === 'symbol' || (kind === 'name' && text === 'in')
      const precedence = isOperator ? binary[text] : undefined
      if (precedence === undefined || precedence < minimum) return left
      if (text === '&&' || text === '||') {
        left = this.#logical(left, text, precedence)
      } else {
        this.#position += 1
        left = this.#call(left.at, text === 'in' ? '@in' : `_${text}_`, [left, this.#binary(precedence + 1)])
      }
    }
  }

  /** Chains of && and || are one node, however long. */
  #logical(first: Node, operator: string, precedence: number): Node {
    const operands = [first]
    while (this.#accept(operator)) operands.push(this.#binary(precedence + 1))
    return this.#call(first.at, `_${operator}_`, operands)
  }

  #unary(): Node {
    const { at } = this.#peek()
    const operator = this.#isAt('!') ? '!' : this.#isAt('-') ? '-' : undefined
    if (operator === undefined) return this.#member(this.#primary())
    this.#position += 1
    const { kind } = this.#peek()
    if (operator === '-' && (kind === 'int' || kind === 'uint' || kind === 'double')) {
      return this.#member(this.#make({ kind: 'literal', at, ...readNumber(this.#next(), true) }, []))
    }
    this.#nesting += 1
    if (this.#nesting > this.#limits.maxDepth) throw new SyntaxMistake('the expression is nested too deeply', at)
    const operand = this.#unary()
    this.#nesting -= 1
    return this.#call(at, `${operator}_`, [operand])
  }

  #member(start: Node): Node {
    let node = start
    for (;;) {
      if (this.#accept('.')) node = this.#afterDot(node)
      else if (this.#accept('[')) node = this.#indexOf(node)
      else return node
    }
  }

  #indexOf(target: Node): Node {
    const optional = this.#accept('?')
    const index = this.#expression()
    this.#expect(']')
    return this.#make({ kind: 'index', at: target.at, target, index, optional }, [target, index])
  }

  #afterDot(target: Node): Node {
    const optional = this.#accept('?')
    const token = this.#next()
    const quoted = token.kind === 'quotedName'
    if ((token.kind !== 'name' && !quoted) || keywords.has(token.text)) {
      this.#position -= token.kind === 'end' ? 0 : 1
      this.#unexpected(', expected a field name')
    }
    if (!optional && !quoted && this.#accept('(')) {
      const args = this.#arguments()
      return this.#callOrMacro({ at: target.at, name: token.text, target, args })
    }
    const field = quoted ? token.text.slice(1, -1) : token.text
    const rest = { field, fieldAt: token.at, optional, test: false, quoted }
    return this.#make({ kind: 'select', at: target.at, target, ...rest }, [target])
  }

  #callOrMacro(call: { at: number; name: string; target: Node | undefined; args: readonly Node[] }): Node {
    const shape = expandMacro(call) ?? { kind: 'call', ...call }
    return this.#make(shape, [call.target, ...call.args])
  }

  #arguments(): readonly Node[] {
    const args: Node[] = []
    while (!this.#isAt(')')) {
      args.push(this.#expression())
      if (!this.#accept(',')) break
      if (this.#isAt(')')) this.#unexpected()
    }
    this.#expect(')')
    return args
  }

  #primary(): Node {
    const token = this.#next()
    const { at } = token
    switch (token.kind) {
      case 'int':
      case 'uint':
      case 'double':
        return this.#make({ kind: 'literal', at, ...readNumber(token, false) }, [])
      case 'string':
        return this.#make({ kind: 'literal', at, ...readText(token) }, [])
      case 'name':
        return this.#name(token, false)
      case 'symbol':
        return this.#bracketed(token)
      case 'quotedName':
      case 'end':
        return this.#refuse(token)
    }
  }

  #refuse(token: Token): never {
    if (token.kind !== 'end') this.#position -= 1
    return this.#unexpected()
  }

  #bracketed(token: Token): Node {
    if (token.text === '(') {
      const node = this.#expression()
      this.#expect(')')
      return node
    }
    if (token.text === '[') return this.#list(token.at)
    if (token.text === '{') return this.#map(token.at)
    if (token.text === '.' && this.#peek().kind === 'name') return this.#name(this.#next(), true)
    return this.#refuse(token)
  }

  #name(token: Token, absolute: boolean): Node {
    const { at, text } = token
    const constant = absolute ? undefined : constantOf(text)
    if (constant !== undefined) return this.#make({ kind: 'literal', at, ...constant }, [])
    if (keywords.has(text)) this.#refuse(token)
    if (reserved.has(text)) throw new SyntaxMistake(`reserved identifier: ${text}`, at)
    if (this.#accept('(')) {
      const args = this.#arguments()
      if (text === 'has' && !absolute) return this.#has(at, args)
      return this.#make({ kind: 'call', at, name: absolute ? `.${text}` : text, target: undefined, args }, args)
    }
    return this.#structOr(this.#make({ kind: 'ident', at, name: text, absolute }, []))
  }

  /** `a.b.C{...}`: no environment has messages, but the mistake should be named, not "unexpected {". */
  #structOr(ident: Node): Node {
    let ahead = this.#position
    while (this.#tokens[ahead]?.text === '.' && isName(this.#tokens[ahead + 1])) ahead += 2
    const opening = this.#tokens[ahead]
    if (opening?.kind !== 'symbol' || opening.text !== '{' || ident.kind !== 'ident') return ident
    const rest = this.#tokens.slice(this.#position, ahead).map(({ text }) => text)
    this.#position = ahead + 1
    this.#fields()
    return this.#make({ kind: 'struct', at: ident.at, name: [ident.name, ...rest].join('') }, [])
  }

  #fields(): void {
    while (!this.#isAt('}')) {
      this.#accept('?')
      this.#next()
      this.#expect(':')
      this.#expression()
      if (!this.#accept(',')) break
    }
    this.#expect('}')
  }

  #has(at: number, args: readonly Node[]): Node {
    const [select] = args
    if (args.length !== 1 || select?.kind !== 'select' || select.test) {
      throw new SyntaxMistake('has() takes one argument, a field such as request.model', select?.at ?? at)
    }
    return this.#make({ ...select, test: true, at }, [select.target])
  }

  #list(at: number): Node {
    const items: ListNode['items'][number][] = []
    while (!this.#isAt(']')) {
      const optional = this.#accept('?')
      items.push({ node: this.#expression(), optional })
      if (!this.#accept(',')) break
    }
    this.#expect(']')
    const nodes = items.map(({ node }) => node)
    return this.#make({ kind: 'list', at, items }, nodes)
  }

  #map(at: number): Node {
    const entries: MapNode['entries'][number][] = []
    while (!this.#isAt('}')) {
      const optional = this.#accept('?')
      const key = this.#expression()
      this.#expect(':')
      entries.push({ key, value: this.#expression(), optional })
      if (!this.#accept(',')) break
    }
    this.#expect('}')
    const nodes = entries.flatMap(({ key, value }) => [key, value])
    return this.#make({ kind: 'map', at, entries }, nodes)
  }
}

function isName(token: Token | undefined): boolean {
  return token?.kind === 'name' && !keywords.has(token.text)
}

function constantOf(word: string): Pick<Literal, 'type' | 'value'> | undefined {
  if (word === 'true' || word === 'false') return { type: 'bool', value: word === 'true' }
  return word === 'null' ? { type: 'null_type', value: null } : undefined
}
