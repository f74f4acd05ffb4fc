// The structural schema of a CRD against objects that an API server would take, and objects that it would refuse.
import fc from 'fast-check'
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { compileCrd } from './check-object.ts'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

const crd = `
spec:
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            apiVersion: { type: string }
            kind: { type: string }
            metadata: { type: object }
            spec:
              type: object
              required: [mode]
              properties:
                mode: { type: string, enum: ['On', 'Off'] }
                name: { type: string, minLength: 2, maxLength: 4, pattern: '^[a-z]*$' }
                count: { type: integer, minimum: 1, maximum: 3 }
                flag: { type: boolean }
                labels: { type: object, maxProperties: 1, additionalProperties: { type: string } }
                tags: { type: array, minItems: 1, maxItems: 2, x-kubernetes-list-type: set, items: { type: string } }
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [a, b]
                  items: { type: object, properties: { a: { type: string }, b: { type: string } } }
`
const check = compileCrd(crd)
const problemsOf = (spec: unknown): readonly string[] => check({ metadata: { name: 'a', labels: { x: 'y' } }, spec })

describe('compileCrd', () => {
  it.each([
    [{ mode: 'On' }],
    [{ mode: 'Off', name: 'abcd', count: 3, flag: true, labels: { any: 'x' }, tags: ['a', 'b'] }],
    [
      {
        mode: 'On',
        parts: [
          { a: '1', b: '1' },
          { a: '1', b: '2' },
        ],
      },
    ],
  ])('takes %j', (spec) => {
    expect(problemsOf(spec)).toEqual([])
  })

  it.each([
    ['no spec', undefined, 'spec: must be a map'],
    ['a field that is missing', {}, 'spec.mode: is required'],
    ['a field that is unknown', { mode: 'On', mood: 1 }, 'spec: has an unknown field "mood"'],
    ['a field that is no name', { mode: 'On', '\x1b[2J': 1 }, 'spec: has an unknown field whose name is not printable'],
    ['a word that is not allowed', { mode: 'Maybe' }, 'spec.mode: must be one of On, Off'],
    ['a number for text', { mode: 'On', name: 12 }, 'spec.name: must be text (quote numbers and true or false)'],
    ['text that is too short', { mode: 'On', name: 'a' }, 'spec.name: must have at least 2 characters'],
    ['text that is too long', { mode: 'On', name: 'abcde' }, 'spec.name: must have at most 4 characters'],
    ['text of another form', { mode: 'On', name: 'AB' }, 'spec.name: must match ^[a-z]*$'],
    ['half a number', { mode: 'On', count: 1.5 }, 'spec.count: must be a whole number'],
    ['a number that is too large', { mode: 'On', count: 4 }, 'spec.count: must be at most 3'],
    ['text for yes or no', { mode: 'On', flag: 'true' }, 'spec.flag: must be true or false'],
    ['a list for a map', { mode: 'On', labels: [] }, 'spec.labels: must be a map'],
    ['too many fields', { mode: 'On', labels: { a: 'x', b: 'y' } }, 'spec.labels: must have at most 1 fields'],
    ['a map for a list', { mode: 'On', tags: {} }, 'spec.tags: must be a list'],
    ['an empty list', { mode: 'On', tags: [] }, 'spec.tags: must have at least 1 items'],
    ['the same value twice', { mode: 'On', tags: ['a', 'a'] }, 'spec.tags: has two items with the same value'],
    ['a wrong item', { mode: 'On', tags: ['a', 2] }, 'spec.tags[1]: must be text (quote numbers and true or false)'],
    [
      'the same keys twice',
      {
        mode: 'On',
        parts: [
          { a: '1', b: '2' },
          { a: '1', b: '2' },
        ],
      },
      'spec.parts: has two items with the same a and b',
    ],
  ])('refuses %s', (_, spec, problem) => {
    expect(problemsOf(spec)).toEqual([problem])
  })

  it('says everything that is wrong at once', () => {
    expect(problemsOf({ mode: 'Maybe', name: 'A', count: 9 })).toHaveLength(4)
  })

  it('never throws, whatever JSON it gets', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Array.isArray(check(value))).toBe(true)
      }),
    )
  })
})

describe('the kinds of Portcullis', () => {
  const checks: Readonly<Record<string, (object: unknown) => readonly string[]>> = {
    ModelConnection: compileCrd(read('crds/modelconnections.yaml')),
    InferencePolicy: compileCrd(read('crds/inferencepolicies.yaml')),
  }

  it('take every object of the samples', () => {
    const files = globSync('config/{samples,samples/lessons,packs}/*.yaml', {
      cwd: new URL('..', import.meta.url).pathname,
    })
    const documents = files.flatMap((file) => [...parseAllDocuments(read(file))])
    const objects = documents.map((document) => document.toJS() as { kind: string })
    const ours = objects.filter(({ kind }) => kind in checks)
    expect(ours.map((object) => checks[object.kind]!(object))).toEqual(ours.map(() => []))
    expect(ours.length).toBeGreaterThan(30)
  })

  it('refuse a misspelt field, which would otherwise do nothing in silence', () => {
    const policy = { metadata: { name: 'p' }, spec: { mode: 'Enforce', targetRefs: [{ name: 'chat' }], rulez: [] } }
    expect(checks['InferencePolicy']!(policy)).toEqual(['spec: has an unknown field "rulez"'])
  })
})
