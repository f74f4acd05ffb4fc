// Documents of a file that are no objects of a store. What is read of objects: store-folder.test.ts.
import { describe, expect, it } from 'vitest'
import { parseManifests } from './manifests.ts'

const note = 'apiVersion: example.com/v1\nkind: Note\ncases: []\n'
const options = { file: 'a.yaml', resources: [], defaultNamespace: 'default' }
const beside = new Set(['example.com/v1 Note'])

describe('parseManifests', () => {
  it('passes over documents that may stand beside objects, without a word', () => {
    expect(parseManifests(note, { ...options, beside })).toEqual({ manifests: [], problems: [] })
  })

  it.each([
    ['where nobody said so', note, {}],
    ['of another version', note.replace('/v1', '/v2'), { beside }],
    ['of another kind', note.replace('Note', 'Notes'), { beside }],
  ])('names one %s', (_, text, given) => {
    expect(parseManifests(text, { ...options, ...given }).problems).toMatchObject([{ reason: 'UnknownKind', line: 1 }])
  })
})
