// Wherever a path is routed, a server that normalises it (a URL parser, one that decodes) must land in the same connection with
// the same rest, or a rule about one path would be asked about another.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readHead } from '../../gateway/listen/head.ts'
import { assertPlainPath } from '../../gateway/upstream/path.ts'
import { findRoute } from '../../policy/route.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../helpers/make.ts'
import { runs } from './runs.ts'

const prefixes = ['/team-a/chat/', '/team-a/chat/inner/', '/team-a/', '/admin/', '/a/b/c/']
const { routes } = makeSnapshot(
  makeBundle({ connections: prefixes.map((prefix, i) => makeConnection({}, { name: `c${i}`, prefix })), policies: [] }),
)

interface Place {
  readonly connection: string
  readonly rest: string
}

function place(target: string): Place | undefined {
  const { path, malformed } = readHead(target, ['host', 'gw'])
  if (malformed !== undefined) return undefined
  const found = findRoute(routes, 'gw', path)
  return found && { connection: found.connection.id, rest: found.rest }
}

/** As a server without caution would: by the longest prefix, of whatever it is given. */
function placeNaively(path: string): string | undefined {
  const [longest] = prefixes.filter((prefix) => path.startsWith(prefix)).toSorted((a, b) => b.length - a.length)
  return longest && `team-a/c${prefixes.indexOf(longest)}`
}

const segment = fc.constantFrom(
  'team-a',
  'chat',
  'inner',
  'admin',
  'a',
  'b',
  'c',
  'v1',
  'x',
  '.',
  '..',
  '',
  'üb',
  ' ',
  ';x',
  '@',
  '~',
)
const spelled = segment.chain((text) =>
  fc
    .array(fc.oneof({ weight: 20, arbitrary: fc.constant('Plain') }, fc.constantFrom('Encoded', 'Twice', 'Lower')), {
      minLength: text.length,
      maxLength: text.length,
    })
    .map((ways) =>
      text
        .split('')
        .map((letter, i) => {
          const encoded = Buffer.from(letter).reduce((all, byte) => `${all}%${byte.toString(16).padStart(2, '0')}`, '')
          if (ways[i] === 'Plain') return letter
          if (ways[i] === 'Twice') return encoded.replaceAll('%', '%25')
          return ways[i] === 'Lower' ? encoded : encoded.toUpperCase()
        })
        .join(''),
    ),
)
const slash = fc.constantFrom(
  '/',
  '/',
  '/',
  '/',
  '/',
  '//',
  '\\',
  '%2f',
  '%5C',
  '/./',
  '/../',
  '/%2e%2e/',
  '/;/',
  '%00',
  '?',
  '#',
)
const target = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...prefixes), spelled, slash, spelled).map((all) => all.join('')) },
  { weight: 3, arbitrary: fc.array(fc.tuple(slash, spelled), { maxLength: 6 }).map((all) => all.flat().join('')) },
  { weight: 1, arbitrary: fc.stringMatching(/^\/[ -~]{0,30}$/) },
  { weight: 1, arbitrary: fc.webUrl() },
)

it('a routed path lands in the same connection for every reader', () => {
  let routed = 0
  fc.assert(
    fc.property(target, (sent) => {
      const found = place(sent)
      if (found === undefined) return
      routed += 1
      const { path, query } = readHead(sent, ['host', 'gw'])
      const url = new URL(`http://gw${path}`)
      expect(url.host).toBe('gw')
      expect(placeNaively(url.pathname)).toBe(found.connection)
      expect(url.pathname).toBe(path)
      const decoded = decodeURIComponent(path)
      expect(placeNaively(decoded)).toBe(found.connection)
      expect(decoded.split('/').length).toBe(path.split('/').length)
      expect(decoded).not.toMatch(/\/\.{1,2}(?:\/|$)|\/\/|\\|\0/u)
      // What a rule about a plain path sees is what a decoding server obeys.
      for (const plain of ['admin', 'inner', 'v1']) expect(decoded.includes(plain)).toBe(path.includes(plain))
      try {
        assertPlainPath(found.rest, query)
      } catch {
        return
      }
      const upstream = new URL(`http://model/base${found.rest}`)
      expect(upstream.pathname).toBe(`/base${found.rest}`)
    }),
    runs,
  )
  expect(routed).toBeGreaterThan(20)
})

it.each([
  '/team-a/chat/%69nner/x',
  '/team-a/%63hat/',
  '/team-a/chat/%2e%2e/admin/',
  '/team-a/chat/..%2fadmin/',
  '/team-a/chat/%252e%252e/',
  '/team-a//chat/',
  '/team-a/chat\\inner/',
  'http://gw/admin/',
  '//admin/',
  '/team-a/chat/;x#@',
  '/team-a/chat/inner;a=b/',
  '/team-a/chat/%zz',
  '*',
])('nothing is routed by %s', (sent) => {
  expect(place(sent)).toBeUndefined()
})
