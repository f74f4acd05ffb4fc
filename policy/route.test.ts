import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../test/helpers/make.ts'
import { findRoute } from './route.ts'

const { routes } = makeSnapshot(
  makeBundle({
    policies: [],
    connections: [
      makeConnection({}, { name: 'chat' }),
      makeConnection({}, { name: 'deep', prefix: '/team-a/chat/deep/' }),
      makeConnection({}, { name: 'hosted', prefix: '/', hostnames: ['models.example.com'] }),
      makeConnection(
        {},
        { name: 'lost', prefix: '/team-a/lost/', blocked: { reason: 'RouteConflict', message: 'older one' } },
      ),
      makeConnection({}, { name: 'broken', blocked: { reason: 'NotSupported', message: 'not yet' } }),
    ],
  }),
)

const find = (host: string, path: string): string | undefined => {
  const match = findRoute(routes, host, path)
  return match && `${match.connection.facts.name} ${match.rest}`
}

describe('findRoute', () => {
  it.each([
    ['[RT1] the prefix of a connection', 'gw', '/team-a/chat/v1/chat/completions', 'chat /v1/chat/completions'],
    ['[RT1] the longest prefix', 'gw', '/team-a/chat/deep/v1/x', 'deep /v1/x'],
    ['[RT1] a hostname, with or without port', 'Models.Example.com:8080', '/v1/x', 'hosted /v1/x'],
    ['[RT1] any host where the hostname has no such route', 'gw:8080', '/team-a/chat/x', 'chat /x'],
    ['an unknown prefix', 'gw', '/team-b/chat/v1', undefined],
    ['a prefix without its slash', 'gw', '/team-a/chat', undefined],
    ['[RT3] the loser of a conflict is nowhere', 'gw', '/team-a/lost/x', undefined],
    ['a broken connection keeps its address, to say what is wrong', 'gw', '/team-a/broken/x', 'broken /x'],
  ])('%s', (_title, host, path, expected) => {
    expect(find(host, path)).toBe(expected)
  })

  it.each([
    '/team-a/chat/../lost/x',
    '/team-a/chat/./x',
    '/team-a/chat//x',
    '/team-a/chat/%2e%2e/x',
    '/team-a/chat/a%2Fb',
    '/team-a/chat/a\\b',
    '/team-a/chat/a%5cb',
    '/team-a/chat/a%00b',
    '/team-a/chat/a%25b',
    '/team-a/chat/..',
    '/team-a/chat/a b',
    'team-a/chat/x',
    `/team-a/chat/${'x'.repeat(3000)}`,
  ])('[RT2] %s matches nothing', (path) => {
    expect(find('gw', path)).toBeUndefined()
  })
})
