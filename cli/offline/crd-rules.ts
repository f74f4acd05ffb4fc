// The CEL rules of a CRD (x-kubernetes-validations), held against an object as an API server would before it stores a new one. The
// structural schema comes first (crds/check-object.ts); rules about what an object was before need a cluster and are left out.
import { parse } from 'yaml'
import type { CelProgram } from '../../policy/cel/engine.ts'
import { Engine } from '../../policy/cel/engine.ts'
import { kubernetesLibraries } from '../../policy/cel/kubernetes/libraries.ts'
import { isRecord } from './source.ts'

export interface BrokenRule {
  readonly path: string
  /** The CRD's own, written for people. */
  readonly message: string
}

/** Empty when an API server would take it. */
export type CheckRules = (object: unknown) => readonly BrokenRule[]

type Schema = Readonly<Record<string, unknown>>

interface Rule {
  readonly program: CelProgram
  readonly fieldPath: string
  readonly message: string
}

/** More than any object within its bounds needs; the rules are our own. */
const budget = 50_000_000

/** `text`: a CustomResourceDefinition as YAML, one of our own. Throws when one of its rules does not compile. */
export function compileCrdRules(text: string): CheckRules {
  const crd: unknown = parse(text)
  const [version]: readonly unknown[] = toList(at(crd, 'spec', 'versions'))
  const root = toRecord(at(version, 'schema', 'openAPIV3Schema'))
  const { status: _written, ...properties } = toRecord(root['properties'])
  const schema: Schema = { ...root, properties }
  const compiled = new Map<Schema, readonly Rule[]>()
  compileAll(schema, makeCompile(), compiled)
  return (object) => {
    const broken: BrokenRule[] = []
    check({ compiled, broken }, { schema, value: object, path: '' })
    return broken
  }
}

type CompileRule = (source: string) => CelProgram

function makeCompile(): CompileRule {
  const engine = new Engine({ budget, libraries: kubernetesLibraries })
  const declarations = engine.declare({ variables: { self: 'dyn' } })
  return (source) => {
    const result = engine.compile(source, declarations, { expected: 'bool' })
    if ('program' in result) return result.program
    throw new Error(`a rule of the CRD does not compile: ${source}: ${result.problems[0]?.message ?? ''}`)
  }
}

function compileAll(schema: Schema, compile: CompileRule, compiled: Map<Schema, readonly Rule[]>): void {
  const rules = toList(schema['x-kubernetes-validations']).map(toRecord).filter(isAboutOneState)
  if (rules.length > 0) {
    compiled.set(
      schema,
      rules.map((rule) => toRule(rule, compile)),
    )
  }
  for (const child of toChildren(schema)) compileAll(child, compile, compiled)
}

function isAboutOneState({ rule }: Schema): boolean {
  return typeof rule === 'string' && !/\boldSelf\b/.test(rule)
}

function toRule({ rule, fieldPath, message }: Schema, compile: CompileRule): Rule {
  return {
    program: compile(String(rule)),
    fieldPath: typeof fieldPath === 'string' ? fieldPath : '',
    message: typeof message === 'string' ? message : 'a rule of this kind does not hold',
  }
}

function toChildren(schema: Schema): readonly Schema[] {
  const children = [...Object.values(toRecord(schema['properties'])), schema['items'], schema['additionalProperties']]
  return children.filter(isRecord)
}

interface Checking {
  readonly compiled: ReadonlyMap<Schema, readonly Rule[]>
  readonly broken: BrokenRule[]
}

interface Standing {
  readonly schema: Schema
  readonly value: unknown
  readonly path: string
}

function check(checking: Checking, standing: Standing): void {
  const rules = checking.compiled.get(standing.schema)
  if (rules !== undefined) checkHere(checking, rules, standing)
  for (const child of toBelow(standing)) check(checking, child)
}

function checkHere({ broken }: Checking, rules: readonly Rule[], { schema, value, path }: Standing): void {
  const self = toSelf(schema, value)
  for (const { program, fieldPath, message } of rules) {
    const outcome = program.run({ self })
    // A rule that cannot be evaluated refuses, as in an API server.
    const holds = 'value' in outcome && outcome.value === true
    if (!holds) broken.push({ path: `${path}${fieldPath}`.replace(/^\./, ''), message })
  }
}

function toBelow({ schema, value, path }: Standing): readonly Standing[] {
  if (Array.isArray(value)) {
    const items = toRecord(schema['items'])
    return value.map((item: unknown, index) => ({ schema: items, value: item, path: `${path}[${index}]` }))
  }
  if (!isRecord(value)) return []
  const properties = toRecord(schema['properties'])
  return Object.entries(value).flatMap(([name, child]) => {
    const known = properties[name] ?? schema['additionalProperties']
    return isRecord(known) ? [{ schema: known, value: child, path: path === '' ? name : `${path}.${name}` }] : []
  })
}

/** Fields whose names CEL reserves are reached under others: `self.__namespace__`. Keys of free maps stay as they are. */
function toSelf(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => toSelf(toRecord(schema['items']), item))
  if (!isRecord(value)) return value
  const properties = toRecord(schema['properties'])
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [
      Object.hasOwn(properties, name) && reserved.has(name) ? `__${name}__` : name,
      toSelf(toRecord(properties[name] ?? schema['additionalProperties']), child),
    ]),
  )
}

/** https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules */
const reserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((inner, name) => toRecord(inner)[name], value)
}

function toRecord(value: unknown): Schema {
  return isRecord(value) ? value : {}
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
