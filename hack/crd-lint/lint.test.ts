import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseCrd } from '../generate/crd.ts'
import { readCrds } from '../generate/generate.ts'
import { makeCrd } from '../generate/make-crd.ts'
import { type CrdReason, lintCrd, MAX_CRD_BYTES } from './lint.ts'
import { findDuplicateNames } from './names.ts'

const column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

function lint(spec: object, version: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const properties = { metadata: { type: 'object' }, spec: { type: 'object', description: 'a', ...spec } }
  const text = stringify(makeCrd({ properties }, version))
  return lintCrd(parseCrd(text), text).map(({ reason, path }) => `${reason} ${path}`)
}

function lintField(field: object): readonly string[] {
  return lint({ properties: { a: { description: 'a', ...field } } })
}

describe('lintCrd', () => {
  test('has nothing to say about what is bounded and described', () => {
    const list = { type: 'array', maxItems: 2, items: { type: 'string', maxLength: 3, description: 'b' } }
    expect(lintField(list)).toEqual([])
    expect(lintField({ type: 'string', enum: ['On'] })).toEqual([])
    expect(lintField({ type: 'string', format: 'date-time' })).toEqual([])
    expect(lintField({ type: 'integer' })).toEqual([])
  })

  const text = { type: 'string', maxLength: 1, description: 'b' }
  const refused: Readonly<Record<string, readonly [object, CrdReason, string]>> = {
    'a string without maxLength': [{ type: 'string' }, 'Unbounded', 'v1.spec.a'],
    'a string of a format that bounds nothing': [{ type: 'string', format: 'byte' }, 'Unbounded', 'v1.spec.a'],
    'a list without maxItems': [{ type: 'array', items: text }, 'Unbounded', 'v1.spec.a'],
    'a map without maxProperties': [{ type: 'object', additionalProperties: text }, 'Unbounded', 'v1.spec.a'],
    'an unbounded string in a list': [
      { type: 'array', maxItems: 1, items: { type: 'string', description: 'b' } },
      'Unbounded',
      'v1.spec.a[]',
    ],
    'an unbounded string in a map': [
      { type: 'object', maxProperties: 1, additionalProperties: { type: 'string', description: 'b' } },
      'Unbounded',
      'v1.spec.a{}',
    ],
    'a field without description': [{ type: 'integer', description: ' ' }, 'Undescribed', 'v1.spec.a'],
    'a boolean': [{ type: 'boolean' }, 'Boolean', 'v1.spec.a'],
    'a float': [{ type: 'number' }, 'Float', 'v1.spec.a'],
    'an object that keeps unknown fields': [
      { type: 'object', properties: { b: text }, 'x-kubernetes-preserve-unknown-fields': true },
      'UnknownFields',
      'v1.spec.a',
    ],
    'an object without named fields': [{ type: 'object' }, 'UnknownFields', 'v1.spec.a'],
    'a map of anything': [
      { type: 'object', maxProperties: 1, additionalProperties: true },
      'UnknownFields',
      'v1.spec.a',
    ],
    'a default inside a list item': [
      {
        type: 'array',
        maxItems: 1,
        items: { type: 'object', description: 'b', properties: { c: { ...text, default: 'x' } } },
      },
      'DefaultInList',
      'v1.spec.a[].c',
    ],
    'a rule without message': [
      { ...text, 'x-kubernetes-validations': [{ rule: 'self != ""' }] },
      'RuleWithoutMessage',
      'v1.spec.a',
    ],
  }

  test.for(Object.entries(refused))('refuses %s', ([, [field, reason, path]]) => {
    expect(lintField(field)).toEqual([`${reason} ${path}`])
  })

  const conditions = { type: 'array', maxItems: 1, description: 'a', items: text }

  test.for([
    ['without keys', {}],
    ['with another key', { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['status'] }],
    ['as a set', { 'x-kubernetes-list-type': 'set' }],
  ] as const)('refuses conditions %s', ([, traits]) => {
    expect(lint({ properties: { conditions: { ...conditions, ...traits } } })).toEqual([
      'Conditions v1.spec.conditions',
    ])
  })

  test('accepts conditions by type', () => {
    const traits = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }
    expect(lint({ properties: { conditions: { ...conditions, ...traits } } })).toEqual([])
  })

  test('a default outside lists is allowed', () => {
    expect(lintField({ ...text, default: 'x' })).toEqual([])
  })

  test.for([
    ['no status subresource', { subresources: {} }, 'StatusSubresource v1'],
    ['no printer columns', { additionalPrinterColumns: [] }, 'PrinterColumns v1'],
    ['no age', { additionalPrinterColumns: [{ ...column, jsonPath: '.spec.a' }] }, 'PrinterColumns v1'],
  ] as const)('refuses a version with %s', ([, version, problem]) => {
    expect(lint({ properties: { a: text } }, version)).toEqual([problem])
  })

  test('refuses a file that client-side apply could not store', () => {
    const crd = parseCrd(stringify(makeCrd({ properties: {} })))
    expect(lintCrd(crd, 'x'.repeat(MAX_CRD_BYTES))).toEqual([])
    expect(lintCrd(crd, 'ä'.repeat(MAX_CRD_BYTES / 2 + 1)).map(({ reason }) => reason)).toEqual(['TooBig'])
  })
})

describe('findDuplicateNames', () => {
  const [first, ...others] = readCrds().map(({ crd }) => crd)

  test('the kinds of this project do not share names', () => {
    expect(findDuplicateNames(readCrds().map(({ crd }) => crd))).toEqual([])
  })

  test('names the kinds that share a short name', () => {
    const [second] = others
    if (first === undefined || second === undefined) throw new Error('there are three kinds')
    const names = { ...second.spec.names, shortNames: first.spec.names.shortNames ?? [] }
    const problems = findDuplicateNames([first, { ...second, spec: { ...second.spec, names } }])
    expect(problems.map(({ message }) => message)).toEqual([
      'the name mconn belongs to both modelconnections.portcullis.dev and inferencepolicies.portcullis.dev; kubectl would pick one of them',
    ])
  })
})
