import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseCrd } from './crd.ts'
import { makeCrd } from './make-crd.ts'

describe('parseCrd', () => {
  test('reads a CRD', () => {
    const crd = parseCrd(stringify(makeCrd({ properties: { spec: { type: 'object' } } })))
    expect(crd.spec.names.kind).toBe('Widget')
    expect(crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']).toEqual({ type: 'object' })
  })

  test.for([
    ['something else', { kind: 'ConfigMap' }, 'not a CustomResourceDefinition'],
    ['a keyword that nobody here understands', makeCrd({ properties: { a: { oneOf: [] } } }), 'v1: oneOf'],
    ['a keyword with a value of another type', makeCrd({ properties: { a: { maxLength: '4' } } }), 'maxLength'],
    ['a field that is no schema', makeCrd({ properties: { a: 'string' } }), 'not a schema'],
    ['properties that are a list', makeCrd({ properties: [] }), 'properties is not a map'],
    ['a rule without an expression', makeCrd({ 'x-kubernetes-validations': [{ message: 'a' }] }), 'validations'],
  ] as const)('refuses %s', ([, value, fragment]) => {
    const [keyword = ''] = fragment.split(': ').slice(-1)
    expect(() => parseCrd(stringify(value))).toThrow(keyword)
  })
})
