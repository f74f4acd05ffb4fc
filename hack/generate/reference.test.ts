import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Crd, parseCrd } from './crd.ts'
import { makeCrd } from './make-crd.ts'
import { REFERENCE_BEGIN, REFERENCE_END, spliceReference, toReference } from './reference.ts'

const crd: Crd = parseCrd(
  stringify(
    makeCrd({
      'x-kubernetes-validations': [{ rule: 'true', message: 'be good' }],
      properties: {
        spec: {
          type: 'object',
          description: 'What is wanted.',
          required: ['parts'],
          properties: {
            parts: {
              type: 'array',
              description: 'The parts.',
              maxItems: 4,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
              items: {
                type: 'object',
                description: 'One part.',
                required: ['name'],
                'x-kubernetes-validations': [{ rule: 'true', message: 'a part fits' }],
                properties: {
                  name: { type: 'string', description: 'Its <name>.', minLength: 1, maxLength: 63 },
                  mode: { type: 'string', description: 'How.', enum: ['On', 'Off'] },
                },
              },
            },
          },
        },
      },
    }),
  ),
)

describe('toReference', () => {
  const text = toReference(crd)

  test.for([
    ['rules on the object', 'What the API server holds the object to:\n\n- be good'],
    ['a field with its bounds and whether it is required', '*list of objects by name, at most 4 items, required*'],
    ['a field below it', '- `spec.parts[].name` (string, 1 to 63 characters, required): Its &lt;name>.'],
    ['the values of an enum', '- `spec.parts[].mode` (`On` or `Off`): How.'],
    ['rules on items', 'What the API server holds `spec.parts[]` to:\n\n- a part fits'],
  ] as const)('tells %s', ([, fragment]) => {
    expect(text).toContain(fragment)
  })
})

describe('spliceReference', () => {
  test('replaces only the generated part, however often', () => {
    const page = `# Widget\n\n${REFERENCE_BEGIN}\nstale text\n${REFERENCE_END}\nafter\n`
    const once = spliceReference(page, crd)
    expect(once).toContain('# Widget')
    expect(once).toContain('after')
    expect(once).not.toContain('stale text')
    expect(spliceReference(once, crd)).toBe(once)
  })

  test('refuses a page without a place for it', () => {
    expect(() => spliceReference('# Widget\n', crd)).toThrow('Widget')
  })
})
