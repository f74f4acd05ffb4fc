import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Problem } from './problem.ts'
import type { IssuerSettings, Settings } from './settings.ts'
import { parseSettings } from './parse-settings.ts'
import { emptySettings, isHostnameGranted, isPrefixGranted, isServiceGranted } from './settings.ts'
import { maxProblems } from './settings-reader.ts'
import { toDurationMs } from './settings-text.ts'

const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

const full: Settings = {
  issuers: [
    {
      name: 'workforce',
      issuer: 'https://login.example.com/oauth2/default',
      preset: 'Okta',
      audiences: ['api://models'],
      algorithms: ['RS256', 'EdDSA'],
      authorizedParties: ['0oa1'],
      requiredClaims: [{ claim: 'tenant', values: ['a', 'b'] }],
      jwks: { url: 'https://login.example.com/keys' },
      ca: certificate,
      fetchAs: 'Anonymous',
      keysStaleAfter: '2h',
      clockSkew: '45s',
      maxTokenAge: '12h',
      claims: {
        username: { claim: 'https://example.com/user' },
        groups: { claim: 'realm_access.roles', prefix: 'okta:' },
        scopes: { claim: 'scp' },
        email: { claim: 'mail' },
        kind: { claim: 'gty', workloads: ['client-credentials'] },
      },
      kubernetesUsername: '"okta:" + identity.username',
    },
    {
      name: 'cluster',
      issuer: 'https://kubernetes.default.svc.cluster.local',
      preset: 'Kubernetes',
      audiences: ['models'],
    },
    {
      name: 'local',
      issuer: 'http://127.0.0.1:5556/dex',
      audiences: ['a'],
      jwks: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] },
    },
  ],
  grants: [
    {
      namespace: 'team-a',
      hostnames: ['a.example.com', '*.a.example.com'],
      prefixes: ['/v1/', '/a/b/'],
      services: [{ namespace: 'serving', name: 'llama' }, { namespace: 'shared' }],
    },
  ],
  network: { clusterRanges: ['10.0.0.0/8', 'fd00::/8'] },
}

function problemsOf(value: unknown): readonly Problem[] {
  const parsed = parseSettings(value)
  return 'problems' in parsed ? parsed.problems : []
}

function withIssuer(fields: Readonly<Record<string, unknown>>): unknown {
  return { issuers: [{ name: 'a', issuer: 'https://id.example.com', audiences: ['models'], ...fields }] }
}

describe('parseSettings', () => {
  test('keeps everything that a complete document says', () => {
    expect(parseSettings(full)).toEqual({ settings: full })
  })

  test('gives itself again when it reads its own result', () => {
    const parsed = parseSettings(JSON.parse(JSON.stringify(full)))
    expect(parsed).toEqual({ settings: full })
  })

  test('an empty document knows nobody and grants nothing', () => {
    expect(parseSettings({})).toEqual({ settings: emptySettings })
  })

  test('reports all mistakes at once, each where it stands', () => {
    const value = {
      issuers: [{ name: 'A', issuer: 'http://id.example.com', audiences: [], algorithms: ['HS256'], clockSkew: '6m' }],
      grants: [{ namespace: 'team-a', prefixes: ['v1'], services: [{ namespace: 'b', name: '*' }] }],
      network: { clusterRanges: ['10.0.0.0/33'] },
    }
    expect(problemsOf(value).map(({ path }) => path)).toEqual([
      'issuers[0].name',
      'issuers[0].issuer',
      'issuers[0].audiences',
      'issuers[0].algorithms[0]',
      'issuers[0].clockSkew',
      'grants[0].prefixes[0]',
      'grants[0].services[0].name',
      'network.clusterRanges[0]',
    ])
  })

  test('a value that is refused is not repeated', () => {
    const text = JSON.stringify(problemsOf(withIssuer({ issuer: 'https://user:hunter2@id.example.com' })))
    expect(text).toContain('without user')
    expect(text).not.toContain('hunter2')
  })

  const refused: Readonly<Record<string, readonly [unknown, string, string]>> = {
    'no object': ['issuers', '', 'must be an object'],
    'an unknown field': [{ issuer: [] }, '', 'unknown field "issuer"'],
    'a field whose name cannot be printed': [{ 'a\u0000b': 1 }, '', 'not printable'],
    'a field named __proto__': [JSON.parse('{"__proto__": {"issuers": []}}'), '', 'unknown field "__proto__"'],
    'an unknown field of an issuer': [withIssuer({ audience: 'models' }), 'issuers[0]', 'unknown field "audience"'],
    'a missing audience': [
      { issuers: [{ name: 'a', issuer: 'https://i.example.com' }] },
      'issuers[0].audiences',
      'is required',
    ],
    'the same audience twice': [
      withIssuer({ audiences: ['a', 'a'] }),
      'issuers[0].audiences[1]',
      'already in this list',
    ],
    'null instead of absence': [withIssuer({ ca: null }), 'issuers[0].ca', 'PEM'],
    'an algorithm with a shared secret': [
      withIssuer({ algorithms: ['HS512'] }),
      'issuers[0].algorithms[0]',
      'must be one of',
    ],
    'the algorithm none': [withIssuer({ algorithms: ['none'] }), 'issuers[0].algorithms[0]', 'must be one of'],
    'an empty list of algorithms': [withIssuer({ algorithms: [] }), 'issuers[0].algorithms', '1 to 10'],
    'plain http beyond this machine': [
      withIssuer({ issuer: 'http://id.example.com' }),
      'issuers[0].issuer',
      'https://',
    ],
    'a host that only begins like this machine': [
      withIssuer({ issuer: 'http://localhost.example.com' }),
      'issuers[0].issuer',
      'https',
    ],
    'an issuer with a query': [withIssuer({ issuer: 'https://id.example.com/?a=b' }), 'issuers[0].issuer', 'query'],
    'keys over plain http': [withIssuer({ jwks: { url: 'http://10.0.0.1/keys' } }), 'issuers[0].jwks.url', 'https://'],
    'a secret key': [
      withIssuer({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }),
      'issuers[0].jwks.keys[0]',
      'secret members',
    ],
    'a private key': [
      withIssuer({ jwks: { keys: [{ kty: 'EC', d: 'AAAA' }] } }),
      'issuers[0].jwks.keys[0]',
      'secret members',
    ],
    'a key of an unknown type': [
      withIssuer({ jwks: { keys: [{ kty: 'AKP' }] } }),
      'issuers[0].jwks.keys[0]',
      'kty among',
    ],
    'a key with a nested member': [
      withIssuer({ jwks: { keys: [{ kty: 'EC', x: {} }] } }),
      'issuers[0].jwks.keys[0]',
      'text alone',
    ],
    'keys in two places': [
      withIssuer({ jwks: { url: 'https://a.example.com/', keys: [{ kty: 'EC' }] } }),
      'issuers[0].jwks',
      'not both',
    ],
    "the pod's token for an address somebody wrote": [
      withIssuer({ fetchAs: 'ServiceAccount', jwks: { url: 'https://a.example.com/' } }),
      'issuers[0].jwks',
      'API server',
    ],
    'a CA for the API server': [withIssuer({ preset: 'Kubernetes', ca: certificate }), 'issuers[0].ca', 'API server'],
    'every Entra tenant at once': [
      withIssuer({ preset: 'EntraID', issuer: 'https://login.microsoftonline.com/common/v2.0' }),
      'issuers[0].issuer',
      'one tenant',
    ],
    'an unknown preset': [withIssuer({ preset: 'Auth0' }), 'issuers[0].preset', 'Keycloak'],
    'stale keys for ever': [withIssuer({ keysStaleAfter: '99999h' }), 'issuers[0].keysStaleAfter', '1m to 168h'],
    'a number as a duration': [withIssuer({ clockSkew: 30 }), 'issuers[0].clockSkew', 'duration'],
    'a claim mapping without a claim': [
      withIssuer({ claims: { groups: { prefix: 'a' } } }),
      'issuers[0].claims.groups.claim',
      'required',
    ],
    'the same namespace granted twice': [
      { grants: [{ namespace: 'a' }, { namespace: 'a' }] },
      'grants[1]',
      'already in this list',
    ],
    'a host name in capitals': [
      { grants: [{ namespace: 'a', hostnames: ['A.example.com'] }] },
      'grants[0].hostnames[0]',
      'lower-case',
    ],
    'every host name': [{ grants: [{ namespace: 'a', hostnames: ['*'] }] }, 'grants[0].hostnames[0]', 'host name'],
    'a whole top-level domain': [
      { grants: [{ namespace: 'a', hostnames: ['*.com'] }] },
      'grants[0].hostnames[0]',
      'host name',
    ],
    'a prefix with dot segments': [
      { grants: [{ namespace: 'a', prefixes: ['/a/../'] }] },
      'grants[0].prefixes[0]',
      'slash',
    ],
    'an address without a length': [{ network: { clusterRanges: ['10.0.0.1'] } }, 'network.clusterRanges[0]', 'CIDR'],
    'an address that is none': [{ network: { clusterRanges: ['10.0.0.256/8'] } }, 'network.clusterRanges[0]', 'CIDR'],
    'an IPv6 length beyond 128': [{ network: { clusterRanges: ['fd00::/129'] } }, 'network.clusterRanges[0]', 'CIDR'],
  }
  for (const [title, [value, path, message]] of Object.entries(refused)) {
    test(`refuses ${title}`, () => {
      const problems = problemsOf(value)
      expect(problems).toHaveLength(1)
      expect(problems[0]).toMatchObject({ path, reason: 'Invalid' })
      expect(problems[0]?.message).toContain(message)
    })
  }

  test('refuses two issuers with one name or one iss', () => {
    const one = { name: 'a', issuer: 'https://id.example.com', audiences: ['x'] }
    expect(problemsOf({ issuers: [one, one] }).map(({ path }) => path)).toEqual([
      'issuers[1].name',
      'issuers[1].issuer',
    ])
  })

  test('shows line and column of a kubernetesUsername that does not compile', () => {
    expect(problemsOf(withIssuer({ kubernetesUsername: 'identity.nickname' }))).toMatchObject([
      { path: 'issuers[0].kubernetesUsername', reason: 'InvalidExpression', line: 1, column: expect.any(Number) },
    ])
  })

  test('refuses a kubernetesUsername that is no string', () => {
    expect(problemsOf(withIssuer({ kubernetesUsername: '1 + 1' }))).toMatchObject([{ reason: 'InvalidExpression' }])
  })

  test('lists at most so many problems that they fit a status', () => {
    const grants = Array.from({ length: 500 }, () => ({ namespace: 'A' }))
    expect(problemsOf({ grants })).toHaveLength(maxProblems)
  })

  test('never throws, whatever JSON it is given', () => {
    const names = ['issuers', 'grants', 'network', 'name', 'issuer', 'audiences', 'jwks', 'keys', 'claims', 'namespace']
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof({ depthSize: 'medium' }, fc.jsonValue(), fc.array(tie('json'), { maxLength: 4 }), tie('object')),
      object: fc.dictionary(fc.constantFrom(...names), tie('json'), { maxKeys: 6 }),
    }))
    fc.assert(
      fc.property(json, (value) => {
        const parsed = parseSettings(value)
        const again = 'settings' in parsed ? parseSettings(parsed.settings) : { problems: problemsOf(value) }
        expect(again).toEqual(parsed)
        expect('settings' in parsed || parsed.problems.length > 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('a valid document with one field replaced is read or refused, and never changed', () => {
    const paths = [...leafPaths(full)].filter((path) => path.length > 0)
    expect(paths.length).toBeGreaterThan(60)
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 1 }), (path, value) => {
        const changed: unknown = replaceAt(full, path, value)
        const parsed = parseSettings(changed)
        expect('settings' in parsed ? parsed.settings : changed).toEqual(changed)
      }),
      { numRuns: 500 },
    )
  })
})

function* leafPaths(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) yield* leafPaths(item, [...path, key])
}

function replaceAt(value: unknown, [head, ...rest]: readonly string[], replacement: unknown): unknown {
  if (head === undefined) return replacement ?? {}
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === head ? replaceAt(item, rest, replacement) : item))
  const object = value as Readonly<Record<string, unknown>>
  return { ...object, [head]: replaceAt(object[head], rest, replacement) }
}

describe('grants', () => {
  const hostnames: readonly (readonly [string, string, boolean])[] = [
    ['team-a', 'a.example.com', true],
    ['team-a', 'A.Example.com', true],
    ['team-a', 'x.a.example.com', true],
    ['team-a', 'x.y.a.example.com', true],
    ['team-a', '*.a.example.com', true],
    ['team-a', '.a.example.com', false],
    ['team-a', 'b.example.com', false],
    ['team-a', 'xa.example.com', false],
    ['team-b', 'a.example.com', false],
  ]
  for (const [namespace, name, granted] of hostnames) {
    test(`${namespace} ${granted ? 'may' : 'may not'} serve ${name}`, () => {
      expect(isHostnameGranted(full, namespace, name)).toBe(granted)
    })
  }

  const prefixes: readonly (readonly [string, string, boolean])[] = [
    ['team-a', '/v1/', true],
    ['team-a', '/v1/chat/', true],
    ['team-a', '/v11/', false],
    ['team-a', '/a/', false],
    ['team-a', '/', false],
    ['team-b', '/v1/', false],
  ]
  for (const [namespace, name, granted] of prefixes) {
    test(`${namespace} ${granted ? 'may' : 'may not'} serve below ${name}`, () => {
      expect(isPrefixGranted(full, namespace, name)).toBe(granted)
    })
  }

  const services: readonly (readonly [string, string, string, boolean])[] = [
    ['team-a', 'team-a', 'anything', true],
    ['team-a', 'serving', 'llama', true],
    ['team-a', 'serving', 'other', false],
    ['team-a', 'shared', 'anything', true],
    ['team-b', 'shared', 'anything', false],
  ]
  for (const [namespace, target, name, granted] of services) {
    test(`${namespace} ${granted ? 'may' : 'may not'} reach Service ${target}/${name}`, () => {
      expect(isServiceGranted(full, namespace, { namespace: target, name })).toBe(granted)
    })
  }
})

describe('toDurationMs', () => {
  const cases: Readonly<Record<string, number | undefined>> = {
    '90s': 90_000,
    '1h30m': 5_400_000,
    '1m500ms': 60_500,
    '0s': 0,
    '1': undefined,
    '-1s': undefined,
    '1.5h': undefined,
    '1d': undefined,
    '123456s': undefined,
    '': undefined,
  }
  for (const [value, ms] of Object.entries(cases)) {
    test(`"${value}" is ${ms === undefined ? 'no duration' : `${ms} ms`}`, () => {
      expect(toDurationMs(value)).toBe(ms)
    })
  }
})

test('an issuer is what its interface says and nothing more', () => {
  const parsed = parseSettings({ issuers: [{ name: 'a', issuer: 'https://id.example.com', audiences: ['m'] }] })
  const expected: IssuerSettings = { name: 'a', issuer: 'https://id.example.com', audiences: ['m'] }
  expect(parsed).toEqual({ settings: { issuers: [expected], grants: [] } })
})
