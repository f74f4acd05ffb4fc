import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseCrd } from './crd.ts'
import { makeCrd } from './make-crd.ts'
import { singularize, toFileName, toSummary, toTypes } from './typescript.ts'

function typesOf(spec: Readonly<Record<string, unknown>>): string {
  return toTypes(parseCrd(stringify(makeCrd({ properties: { spec: { type: 'object', ...spec } } }))))
}

describe('toTypes', () => {
  test('gives the object with its metadata, readonly', () => {
    expect(typesOf({})).toContain(`/** A widget. */
export interface Widget {
  readonly apiVersion: 'example.com/v1'
  readonly kind: 'Widget'
  readonly metadata: ObjectMeta
  readonly spec: WidgetSpec
}`)
  })

  test('status is optional: a new object has none', () => {
    const properties = { spec: { type: 'object' }, status: { type: 'object' } }
    const types = toTypes(parseCrd(stringify(makeCrd({ properties }))))
    expect(types).toContain('readonly status?: WidgetStatus')
  })

  test('fields that are not required may be absent', () => {
    const types = typesOf({ required: ['a'], properties: { a: { type: 'string' }, b: { type: 'integer' } } })
    expect(types).toContain('  readonly a: string\n  readonly b?: number\n')
  })

  test('an enum is a union with a name', () => {
    const types = typesOf({ properties: { mode: { type: 'string', enum: ['On', 'Off'] } } })
    expect(types).toContain('readonly mode?: WidgetMode')
    expect(types).toContain("export type WidgetMode = 'On' | 'Off'")
  })

  test('lists are readonly, their items named in the singular', () => {
    const policies = { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } }
    const types = typesOf({ properties: { policies, names: { type: 'array', items: { type: 'string' } } } })
    expect(types).toContain('readonly policies?: readonly WidgetPolicy[]')
    expect(types).toContain('readonly names?: readonly string[]')
    expect(types).toContain('export interface WidgetPolicy {\n  readonly name?: string\n}')
  })

  test('a map is a readonly record', () => {
    const types = typesOf({ properties: { labels: { type: 'object', additionalProperties: { type: 'string' } } } })
    expect(types).toContain('readonly labels?: Readonly<Record<string, string>>')
  })

  test('a description that would end the comment does not', () => {
    const types = typesOf({ properties: { a: { type: 'string', description: 'Matches a*/b.' } } })
    expect(types).toContain('/** Matches a*\\/b. */')
  })

  const a = { type: 'string', enum: ['X'] }
  test.for([
    ['two places that would have the same name', { a, A: { type: 'string', enum: ['Y'] } }, 'both be called WidgetA'],
    ['an enum that is no plain word', { a: { type: 'string', enum: ["it's"] } }, 'plain words'],
    ['an object without fields', { a: { type: 'object' } }, 'without properties'],
    ['a field without type', { a: {} }, 'no TypeScript type'],
  ] as const)('refuses %s', ([, properties, message]) => {
    expect(() => typesOf({ properties })).toThrow(message)
  })
})

describe('toSummary', () => {
  test.for([
    ['The name. It is long. Absent: 1.', 'The name. Absent: 1.'],
    ['The first\n  of two lines. More.', 'The first of two lines.'],
    ['Such as v1.2.3 or e.g. this. More.', 'Such as v1.2.3 or e.g. this.'],
    ['', ''],
  ] as const)('%j is %j', ([description, summary]) => {
    expect(toSummary(description)).toBe(summary)
  })
})

test.for([
  ['Endpoints', 'Endpoint'],
  ['Policies', 'Policy'],
  ['DataClasses', 'DataClass'],
  ['Media', 'Media'],
  ['Access', 'Access'],
] as const)('one of %s is %s', ([many, one]) => {
  expect(singularize(many)).toBe(one)
})

test('a kind becomes the name of a file', () => {
  expect(toFileName('ModelConnection')).toBe('model-connection.ts')
})
