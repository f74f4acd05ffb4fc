import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseCrd } from '../generate/crd.ts'
import { makeCrd } from '../generate/make-crd.ts'
import { validateObject } from './validate.ts'

const crd = parseCrd(
  stringify(
    makeCrd({
      required: ['spec'],
      properties: {
        metadata: { type: 'object' },
        spec: {
          type: 'object',
          required: ['mode'],
          properties: {
            mode: { type: 'string', enum: ['On', 'Off'] },
            name: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]*$' },
            count: { type: 'integer', minimum: 1, maximum: 3 },
            at: { type: 'string', format: 'date-time' },
            labels: { type: 'object', maxProperties: 1, additionalProperties: { type: 'string', maxLength: 1 } },
            tags: {
              type: 'array',
              minItems: 1,
              maxItems: 2,
              'x-kubernetes-list-type': 'set',
              items: { type: 'string' },
            },
            free: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: { type: 'string' } },
            parts: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['a', 'b'],
              items: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
            },
          },
        },
      },
    }),
  ),
)

function problemsOf(spec: unknown): readonly string[] {
  return validateObject(crd, { metadata: { name: 'a' }, spec })
}

describe('validateObject', () => {
  test.for([
    [{ mode: 'On' }],
    [{ mode: 'Off', name: 'äöüß'.replaceAll(/./gu, 'a'), count: 3, at: '2030-01-01T00:00:00Z' }],
    [{ mode: 'On', labels: { any: 'x' }, tags: ['a', 'b'], free: ['a', 'a'] }],
    [
      {
        mode: 'On',
        parts: [
          { a: '1', b: '1' },
          { a: '1', b: '2' },
        ],
      },
    ],
  ] as const)('accepts %j', ([spec]) => {
    expect(problemsOf(spec)).toEqual([])
  })

  test.for([
    ['a missing field', {}, 'spec.mode: is required'],
    ['an unknown field', { mode: 'On', modes: 1 }, 'spec.modes: is an unknown field'],
    [
      'a field named like a part of every object',
      { mode: 'On', constructor: 1 },
      'spec.constructor: is an unknown field',
    ],
    ['another value', { mode: 'Maybe' }, 'spec.mode: must be one of On, Off'],
    ['a number for a string', { mode: 'On', name: 1 }, 'spec.name: must be a string'],
    ['a string for a list', { mode: 'On', tags: 'a' }, 'spec.tags: must be a list'],
    ['a list for a map', { mode: 'On', labels: [] }, 'spec.labels: must be a map'],
    ['a fraction', { mode: 'On', count: 1.5 }, 'spec.count: must be an integer'],
    ['a number that is too small', { mode: 'On', count: 0 }, 'spec.count: value must be at least 1'],
    ['a number that is too large', { mode: 'On', count: 4 }, 'spec.count: value must be at most 3'],
    ['a text that is too long', { mode: 'On', name: 'abcde' }, 'spec.name: length must be at most 4'],
    ['a text that does not match', { mode: 'On', name: 'AB' }, 'spec.name: must match ^[a-z]*$'],
    ['no date', { mode: 'On', at: 'soon' }, 'spec.at: must be a date and time'],
    ['too many items', { mode: 'On', tags: ['a', 'b', 'c'] }, 'spec.tags: number of items must be at most 2'],
    ['an empty list', { mode: 'On', tags: [] }, 'spec.tags: number of items must be at least 1'],
    ['a repeated item of a set', { mode: 'On', tags: ['a', 'a'] }, 'spec.tags: has two items of the same key'],
    [
      'a repeated key of a list-map',
      {
        mode: 'On',
        parts: [
          { a: '1', b: '2' },
          { a: '1', b: '2' },
        ],
      },
      'spec.parts: has two items of the same key',
    ],
    ['too many entries', { mode: 'On', labels: { a: '1', b: '2' } }, 'spec.labels: number of fields must be at most 1'],
    ['an entry that is too long', { mode: 'On', labels: { a: '12' } }, 'spec.labels.a: length must be at most 1'],
  ] as const)('reports %s', ([, spec, problem]) => {
    expect(problemsOf(spec)).toEqual([problem])
  })

  test('reports an object without spec and metadata', () => {
    expect(validateObject(crd, {})).toEqual(['metadata: is required', 'spec: is required'])
    expect(validateObject(crd, null)).toEqual(['object: must be a map'])
  })
})
