import { describe, expect, it } from 'vitest'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { Start } from '../../policy/masking/framing/place.ts'
import { plainFormat } from '../../test/helpers/answers.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../../test/helpers/make.ts'
import type { ReadRequest } from '../protocols/protocol.ts'
import { isInNames } from './names.ts'

interface Names {
  readonly path?: string
  readonly query?: string
  readonly model?: string
}

function toRead({ path = '/v1/chat', query = '', model = 'm' }: Names): ReadRequest {
  const facts = { operation: 'chat', model, stream: false, prompt: '', body: null }
  return { facts, upstream: { path, query }, answer: plainFormat }
}

/** Finds Bob, and remembers where. */
function find(names: Names, spec: Partial<ModelConnectionSpec> = {}): readonly string[] {
  const places: string[] = []
  const start: Start = ({ path }) => ({
    push: (text) => {
      if (text.includes('bob@')) places.push(path())
      return text.replaceAll('bob@', '[NAME]')
    },
    end: () => '',
    counts: () => ({}),
  })
  const [connection] = makeSnapshot(makeBundle({ connections: [makeConnection(spec)] })).connections.values()
  if (connection === undefined) throw new Error('the connection did not compile')
  expect(isInNames(connection, toRead(names), start)).toBe(places.length > 0)
  return places
}

describe('Names that nothing can stand for', () => {
  it.each<[string, Names, readonly string[]]>([
    ['nothing', {}, []],
    ['the model', { model: 'bob@home' }, ['model']],
    ['the path', { path: '/models/bob@home/infer' }, ['path']],
    ['the path in escapes', { path: '/models/%62ob%40home' }, ['path']],
    ['a path whose escapes are none', { path: '/%zz/bob@home' }, ['path']],
    ['the query', { query: '?of=bob%40home' }, ['path']],
    ['both', { path: '/bob@home', model: 'bob@home' }, ['model', 'path']],
  ])('tell of %s', (_title, names, places) => {
    expect(find(names)).toEqual(places)
  })

  it('tell nothing where the owner of the connection has listed them', () => {
    expect(find({ model: 'bob@home', path: '/bob@home' }, { models: [{ name: 'bob@home' }] })).toEqual([])
  })
})
