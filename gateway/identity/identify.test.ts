import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IdentityProvider, ProviderMode, TestKey } from '../../test/helpers/identity-provider.ts'
import {
  makeKey,
  signText,
  startIdentityProvider,
  withHmacOfPublicKey,
  withParts,
  withoutSignature,
} from '../../test/helpers/identity-provider.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import { makeCompiler } from '../../policy/expression.ts'
import type { Identity } from '../../policy/model.ts'
import type { IssuerSettings, PresetName, Settings } from '../../policy/settings.ts'
import { GatewayError } from '../errors.ts'
import { makeFetchKeys } from './fetch-keys.ts'
import type { Identify, IdentifyDeps } from './identify.ts'
import { buildIdentify } from './identify.ts'
import type { FetchKeys, KeysEvent } from './keys.ts'
import { makeUsernameCompiler } from './username.ts'

const minute = 60_000
const hour = 60 * minute

class World implements AsyncDisposable {
  readonly clock: ManualClock
  readonly events: KeysEvent[] = []
  readonly provider: IdentityProvider
  readonly settings: Settings
  readonly #identify: Identify
  #waiting: (() => void)[] = []

  constructor(provider: IdentityProvider, clock: ManualClock, options: WorldOptions) {
    this.provider = provider
    this.clock = clock
    this.settings = settingsFor(provider, options.issuer)
    this.#identify = buildIdentify({
      clock,
      fetchKeys: options.fetchKeys ?? makeFetchKeys({}),
      compileUsername: makeUsernameCompiler(makeCompiler()),
      onKeys: (event) => {
        this.events.push(event)
        for (const wake of this.#waiting.splice(0)) wake()
      },
      ...options.deps,
    })
  }

  now(token: string, settings: Settings = this.settings): Identity | Promise<Identity> {
    return this.#identify.identify({ rawHeaders: ['authorization', `Bearer ${token}`] }, settings)
  }

  prepare(): Promise<void> {
    return this.#identify.prepare(this.settings)
  }

  /** What the caller of this token meets: `ada`, or the code of a refusal. */
  async outcome(token: string, settings?: Settings): Promise<string> {
    const error = await this.refusal(token, settings)
    return error instanceof GatewayError ? error.code : String(error)
  }

  async refusal(token: string, settings?: Settings): Promise<unknown> {
    try {
      return (await this.now(token, settings)).username
    } catch (error) {
      return error
    }
  }

  /** The next refresh of keys, however it ends. */
  async refreshed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.provider[Symbol.asyncDispose]()
  }
}

interface WorldOptions {
  readonly algorithm?: string
  readonly issuer?: Partial<IssuerSettings>
  readonly fetchKeys?: FetchKeys
  readonly deps?: Partial<IdentifyDeps>
}

async function startWorld(options: WorldOptions = {}): Promise<World> {
  const clock = new ManualClock()
  const { algorithm = 'ES256' } = options
  const provider = await startIdentityProvider({ clock, algorithm })
  return new World(provider, clock, options)
}

function settingsFor(provider: IdentityProvider, issuer: Partial<IssuerSettings> = {}): Settings {
  return { issuers: [{ name: 'test', issuer: provider.issuer, audiences: ['models'], ...issuer }], grants: [] }
}

describe('tokens that are refused', () => {
  let world: World
  let provider: IdentityProvider
  let strangers: TestKey
  let now: number

  beforeAll(async () => {
    world = await startWorld({ algorithm: 'RS256', issuer: { authorizedParties: ['workbench', 'notebook'] } })
    provider = world.provider
    strangers = await makeKey('RS256', provider.key.kid)
    now = world.clock.date().getTime() / 1000
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const honest = { azp: 'workbench' }
  type Make = () => string | Promise<string>
  const sign = async (claims: object, header: object = {}): Promise<string> =>
    provider.sign({ ...honest, ...claims }, { header: { ...header } })

  test('the honest token they are made from is accepted', async () => {
    expect(await world.outcome(await sign({}))).toBe('ada')
  })

  const rows: Readonly<Record<string, readonly [string, Make]>> = {
    // The signature
    'no JWT': ['token_invalid', () => 'sk-live-0123456789abcdef'],
    'an encrypted JWT': ['token_invalid', () => 'a.b.c.d.e'],
    'alg none': ['token_invalid', async () => withoutSignature(await sign({}), { alg: 'none' })],
    'alg NONE with a signature': ['token_invalid', async () => withParts(await sign({}), { header: { alg: 'NONE' } })],
    'no signature under an honest header': [
      'token_invalid',
      async () => withoutSignature(await sign({}), { alg: 'RS256', kid: 'key-0' }),
    ],
    'HS256 with the public key as PEM': [
      'token_invalid',
      async () => withHmacOfPublicKey(await sign({}), provider.key, 'Pem'),
    ],
    'HS256 with the modulus': [
      'token_invalid',
      async () => withHmacOfPublicKey(await sign({}), provider.key, 'Modulus'),
    ],
    'HS256 with the public JWK': [
      'token_invalid',
      async () => withHmacOfPublicKey(await sign({}), provider.key, 'Jwk'),
    ],
    'no alg': ['token_invalid', async () => withParts(await sign({}), { header: { kid: 'key-0' } })],
    'an algorithm that is not on the list': [
      'token_invalid',
      async () => {
        const key = await makeKey('RS512', 'key-0')
        return provider.sign(honest, { key })
      },
    ],
    'ES256 in the header of an RSA signature': [
      'token_invalid',
      async () => withParts(await sign({}), { header: { alg: 'ES256', kid: 'key-0' } }),
    ],
    "a stranger's key under a known kid": ['token_invalid', () => provider.sign(honest, { key: strangers })],
    'an unknown kid': ['token_invalid', () => sign({}, { kid: 'key-99' })],
    'a kid that is a number': [
      'token_invalid',
      async () => withParts(await sign({}), { header: { alg: 'RS256', kid: 7 } }),
    ],
    'a key of its own in the header': [
      'token_invalid',
      () => provider.sign(honest, { key: strangers, header: { jwk: strangers.jwk } }),
    ],
    'changed claims under an honest signature': [
      'token_invalid',
      async () =>
        withParts(await sign({}), { claims: { iss: provider.issuer, aud: 'models', sub: 'root', exp: now + 60 } }),
    ],
    'a critical extension': ['token_invalid', () => sign({}, { crit: ['urn:example:ext'], 'urn:example:ext': true })],
    'an unencoded payload': [
      'token_invalid',
      async () => withParts(await sign({}), { header: { alg: 'RS256', kid: 'key-0', b64: false } }),
    ],
    'a logout token by type': ['token_invalid', () => sign({}, { typ: 'logout+jwt' })],
    'a proof by type': ['token_invalid', () => sign({}, { typ: 'dpop+jwt' })],
    'padding behind the signature': ['token_invalid', async () => `${await sign({})}==`],
    'an oversized token': ['token_invalid', () => sign({ padding: 'x'.repeat(13_000) })],
    'a payload that is a list': [
      'token_invalid',
      async () => signText('[]', provider.key, { alg: 'RS256', kid: 'key-0' }),
    ],
    'a payload that is no JSON': [
      'token_invalid',
      async () => signText('{', provider.key, { alg: 'RS256', kid: 'key-0' }),
    ],
    // The issuer and the audience
    'another iss': ['token_not_accepted', () => sign({ iss: 'https://evil.example.com' })],
    'an iss with a slash more': ['token_not_accepted', () => sign({ iss: `${provider.issuer}/` })],
    'an iss in other letters': ['token_not_accepted', () => sign({ iss: provider.issuer.replace('http', 'HTTP') })],
    'a list of iss': ['token_not_accepted', () => sign({ iss: [provider.issuer] })],
    'no iss': ['token_not_accepted', () => sign({ iss: undefined })],
    'another aud': ['token_not_accepted', () => sign({ aud: 'other' })],
    'a longer aud': ['token_not_accepted', () => sign({ aud: 'models2' })],
    'an empty list of aud': ['token_not_accepted', () => sign({ aud: [] })],
    'an aud that is an object': ['token_not_accepted', () => sign({ aud: { models: true } })],
    'no aud': ['token_not_accepted', () => sign({ aud: undefined })],
    'another azp': ['token_not_accepted', () => sign({ azp: 'elsewhere' })],
    'a list of azp': ['token_not_accepted', () => sign({ azp: ['workbench'] })],
    'no azp where clients are listed': ['token_not_accepted', () => sign({ azp: undefined })],
    // Time
    expired: ['token_expired', () => sign({ exp: now - 31 })],
    'expired exactly now minus the skew': ['token_expired', () => sign({ exp: now - 30 })],
    'no exp': ['token_not_accepted', () => sign({ exp: undefined })],
    'an exp that is text': ['token_not_accepted', () => sign({ exp: String(now + 60) })],
    'an exp beyond all numbers': [
      'token_not_accepted',
      async () =>
        signText(
          `{"iss":"${provider.issuer}","aud":"models","sub":"ada","azp":"workbench","exp":1e999}`,
          provider.key,
          { alg: 'RS256', kid: 'key-0' },
        ),
    ],
    'a future nbf': ['token_not_accepted', () => sign({ nbf: now + 31 })],
    'an nbf that is text': ['token_not_accepted', () => sign({ nbf: 'now' })],
    'a future iat': ['token_not_accepted', () => sign({ iat: now + 31 })],
    'an iat that is text': ['token_not_accepted', () => sign({ iat: 'now' })],
    'an exp before iat': ['token_not_accepted', () => sign({ iat: now + 20, exp: now + 10 })],
    // The caller
    'no sub': ['token_not_accepted', () => sign({ sub: undefined })],
    'a sub that is a number': ['token_not_accepted', () => sign({ sub: 7 })],
    'groups that are a number': ['token_not_accepted', () => sign({ groups: 7 })],
    'group overage': ['groups_unresolved', () => sign({ _claim_names: { groups: 'src1' } })],
    'group overage of the implicit flow': ['groups_unresolved', () => sign({ hasgroups: true })],
    'a security event': [
      'token_not_accepted',
      () => sign({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
    ],
    'a token bound to a key of the client': ['token_not_accepted', () => sign({ cnf: { jkt: 'x' } })],
  }
  for (const [title, [code, make]] of Object.entries(rows)) {
    test(`${title} -> ${code}`, async () => {
      const token = await make()
      const error = await world.refusal(token)
      expect(error).toBeInstanceOf(GatewayError)
      expect(error).toHaveProperty('code', code)
      // Neither the message nor anything behind it repeats what was presented.
      const shown = `${String(error)} ${JSON.stringify(error)} ${String((error as GatewayError).cause)}`
      expect(shown).not.toMatch(/evil|elsewhere|"ada"|models2|key-99|sk-live|root/u)
      expect(shown).not.toContain(token)
      // Refused once is refused twice: nothing of it was remembered.
      expect(await world.outcome(token)).toBe(code)
    })
  }

  test('two Authorization headers -> credentials_ambiguous; two slots with different tokens too', async () => {
    const [one, other] = [await sign({}), await sign({ jti: '2' })]
    const { identify } = buildIdentify({
      clock: world.clock,
      fetchKeys: makeFetchKeys({}),
      compileUsername: () => () => undefined,
    })
    const twice = ['authorization', `Bearer ${one}`, 'authorization', `Bearer ${one}`]
    const mixed = ['authorization', `Bearer ${one}`, 'x-api-key', other]
    expect(() => identify({ rawHeaders: twice }, world.settings)).toThrow(
      expect.objectContaining({ code: 'credentials_ambiguous' }),
    )
    expect(() => identify({ rawHeaders: mixed }, world.settings)).toThrow(
      expect.objectContaining({ code: 'credentials_ambiguous' }),
    )
    expect(() => identify({ rawHeaders: [] }, world.settings)).toThrow(
      expect.objectContaining({ code: 'credentials_missing' }),
    )
  })

  test('messages name what is configured', async () => {
    const messages = await Promise.all(
      [sign({ aud: 'x' }), sign({ azp: 'x' }), sign({ iss: 'x' })].map(async (made) =>
        String(await world.refusal(await made)),
      ),
    )
    expect(messages[0]).toContain('expected one of models')
    expect(messages[1]).toContain('expected one of workbench, notebook')
    expect(messages[2]).toContain(`expected one of ${provider.issuer}`)
    expect(String(await world.refusal(await sign({ exp: undefined })))).toContain('has no exp claim')
    expect(String(await world.refusal(await sign({}, { crit: ['x'], x: true })))).toContain('(crit)')
  })

  test('any character of a valid token changed makes it worthless', { timeout: 60_000 }, async () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= '.split('')
    const token = await sign({})
    expect(await world.outcome(token)).toBe('ada')
    const anywhere = fc.oneof(fc.nat(token.length - 1), fc.constant(token.length - 1), fc.nat(80))
    await fc.assert(
      fc.asyncProperty(anywhere, fc.constantFrom(...letters), async (index, letter) => {
        fc.pre(token[index] !== letter)
        const changed = `${token.slice(0, index)}${letter}${token.slice(index + 1)}`
        // At the end a blank only ends the header's value.
        fc.pre(changed.trimEnd() !== token)
        expect(await world.outcome(changed)).toMatch(/^token_(?:invalid|not_accepted|expired)$/u)
      }),
      { numRuns: 400 },
    )
  })
})

describe('tokens that are accepted', () => {
  for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    test(`signed with ${algorithm}`, async () => {
      await using world = await startWorld({ algorithm })
      expect(await world.outcome(await world.provider.sign())).toBe('ada')
    })
  }

  for (const algorithm of ['RS512', 'PS384', 'ES384', 'ES512']) {
    test(`signed with ${algorithm} where the issuer lists it`, async () => {
      await using world = await startWorld({ algorithm, issuer: { algorithms: ['RS512', 'PS384', 'ES384', 'ES512'] } })
      expect(await world.outcome(await world.provider.sign())).toBe('ada')
    })
  }

  let world: World
  let now: number
  beforeAll(async () => {
    world = await startWorld()
    now = world.clock.date().getTime() / 1000
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const rows: Readonly<Record<string, () => readonly [object, object?]>> = {
    'for one audience of several': () => [{ aud: ['other', 'models'] }],
    'expired within the clock skew': () => [{ exp: now - 29, iat: now - 100 }],
    'valid from within the clock skew': () => [{ nbf: now + 30 }],
    'issued within the clock skew': () => [{ iat: now + 30 }],
    'without iat': () => [{ iat: undefined }],
    'without typ': () => [{}, { typ: undefined }],
    'of type at+jwt (RFC 9068)': () => [{}, { typ: 'at+jwt' }],
    'of the full media type of access tokens': () => [{}, { typ: 'application/AT+JWT' }],
    'without a kid while one key fits': () => [{}, { kid: undefined }],
    'with hints about certificates that nobody reads': () => [{}, { x5t: 'abc', jku: 'https://evil.example.com/' }],
  }
  for (const [title, make] of Object.entries(rows)) {
    test(`a token ${title}`, async () => {
      const [claims, header = {}] = make()
      expect(await world.outcome(await world.provider.sign({ ...claims }, { header: { ...header } }))).toBe('ada')
    })
  }

  test('an identity carries groups, scopes, email and all claims', async () => {
    const claims = { groups: ['ml'], scope: 'openid models.use', email: 'ada@example.com', tenant: 'a' }
    const identity = await world.now(await world.provider.sign(claims))
    expect(identity).toMatchObject({
      issuer: world.provider.issuer,
      subject: 'ada',
      username: 'ada',
      email: 'ada@example.com',
      kind: 'User',
      groups: ['ml'],
      scopes: ['openid', 'models.use'],
      claims,
    })
    expect(identity).not.toHaveProperty('kubernetesUsername')
  })

  test('missing groups mean none', async () => {
    expect(await world.now(await world.provider.sign())).toMatchObject({ groups: [] })
  })

  test('kubernetesUsername is what the expression yields, and unknown when it fails', async () => {
    await using named = await startWorld({ issuer: { kubernetesUsername: '"oidc:" + string(identity.claims.login)' } })
    expect(await named.now(await named.provider.sign({ login: 'ada' }))).toMatchObject({
      kubernetesUsername: 'oidc:ada',
    })
    expect(await named.now(await named.provider.sign())).not.toHaveProperty('kubernetesUsername')
  })

  test('the maximum age counts from iat, for cached tokens too', async () => {
    await using young = await startWorld({ issuer: { maxTokenAge: '2m' } })
    const token = await young.provider.sign()
    expect(await young.outcome(token)).toBe('ada')
    await young.clock.advance(3 * minute)
    expect(await young.outcome(token)).toBe('token_expired')
    expect(await young.outcome(await young.provider.sign({ iat: undefined }))).toBe('token_not_accepted')
  })
})

describe('the client a token was issued to', () => {
  const oid = { oid: 'ada' }
  const rows: readonly (readonly [PresetName, object, string])[] = [
    ['Okta', { cid: 'workbench' }, 'ada'],
    ['Okta', { azp: 'workbench' }, 'token_not_accepted'],
    ['EntraID', { ...oid, azp: 'workbench' }, 'ada'],
    ['EntraID', { ...oid, appid: 'workbench' }, 'ada'],
    ['EntraID', { ...oid, azp: 'elsewhere', appid: 'workbench' }, 'token_not_accepted'],
    ['Generic', { client_id: 'workbench' }, 'ada'],
    ['Generic', { azp: 'elsewhere', client_id: 'workbench' }, 'token_not_accepted'],
    ['Keycloak', { preferred_username: 'ada', azp: 'workbench' }, 'ada'],
    ['Keycloak', { preferred_username: 'ada', client_id: 'workbench' }, 'token_not_accepted'],
  ]
  for (const [preset, claims, outcome] of rows) {
    test(`${preset} with ${JSON.stringify(claims)} -> ${outcome}`, async () => {
      await using world = await startWorld({ issuer: { preset, authorizedParties: ['workbench'] } })
      expect(await world.outcome(await world.provider.sign({ ...claims }))).toBe(outcome)
    })
  }
})

describe('the cache of verified tokens', () => {
  test('answers a known token at once, with the same identity', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    const first = world.now(token)
    expect(first).toBeInstanceOf(Promise)
    expect(world.now(token)).toBeInstanceOf(Promise)
    const identity = await first
    await world.now(token)
    expect(world.now(token)).not.toBeInstanceOf(Promise)
    expect(world.now(token)).toMatchObject(identity)
    expect(Object.isFrozen(identity.groups)).toBe(true)
  })

  test('forgets a token at its exp, without any skew', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    await world.now(token)
    await world.clock.advance(hour - 1)
    await world.now(token)
    expect(world.now(token)).not.toBeInstanceOf(Promise)
    await world.clock.advance(1)
    expect(world.now(token)).toBeInstanceOf(Promise)
    expect(await world.outcome(token)).toBe('ada')
    await world.clock.advance(30_000)
    expect(await world.outcome(token)).toBe('token_expired')
  })

  test('keeps tokens when a new bundle brings the same issuers', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    await world.now(token)
    const next: Settings = { ...structuredClone(world.settings), grants: [{ namespace: 'a' }] }
    expect(world.now(token, next)).not.toBeInstanceOf(Promise)
  })

  test('judges again by changed rules, without asking for keys again', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    await world.now(token)
    const stricter = settingsFor(world.provider, { audiences: ['other'] })
    expect(await world.outcome(token, stricter)).toBe('token_not_accepted')
    expect(await world.outcome(token)).toBe('ada')
    expect(world.provider.asked.keys).toBe(1)
  })

  test('knows nobody of an issuer that was removed', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    await world.now(token)
    expect(await world.outcome(token, { issuers: [], grants: [] })).toBe('token_not_accepted')
  })

  test('holds no more than its bounds', async () => {
    await using world = await startWorld({ deps: { cache: { maxEntries: 2, maxBytes: 1_000_000 } } })
    const tokens = await Promise.all(['1', '2', '3'].map((jti) => world.provider.sign({ jti })))
    await world.now(tokens[0] ?? '')
    await world.now(tokens[1] ?? '')
    await world.now(tokens[0] ?? '')
    await world.now(tokens[2] ?? '')
    expect(tokens.map((token) => world.now(token) instanceof Promise)).toEqual([false, true, false])
  })
})

describe('the keys of an issuer', () => {
  test('are fetched once for many callers', async () => {
    await using world = await startWorld()
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, jti) => world.provider.sign({ jti: String(jti) })))
    expect(await Promise.all(tokens.map((token) => world.outcome(token)))).toEqual(tokens.map(() => 'ada'))
    expect(world.provider.asked).toEqual({ discovery: 1, keys: 1 })
  })

  test('are there before the first call once prepared', async () => {
    await using world = await startWorld()
    await world.prepare()
    world.provider.mode = 'Cut'
    expect(await world.outcome(await world.provider.sign())).toBe('ada')
    expect(world.events).toEqual([{ issuer: 'test', outcome: 'Refreshed', keys: 1 }])
  })

  test('a new key after rotation is accepted at once', async () => {
    await using world = await startWorld()
    await world.now(await world.provider.sign())
    await world.clock.advance(minute)
    await world.provider.addKey()
    expect(await world.outcome(await world.provider.sign())).toBe('ada')
  })

  test('unknown kids make no more than one question in ten seconds', async () => {
    await using world = await startWorld()
    await world.now(await world.provider.sign())
    await world.clock.advance(minute)
    const guesses = await Promise.all(
      Array.from({ length: 10 }, (_, i) => world.provider.sign({}, { header: { kid: `guess-${i}` } })),
    )
    for (const guess of guesses) expect(await world.outcome(guess)).toBe('token_invalid')
    expect(world.provider.asked.keys).toBe(2)
    await world.clock.advance(10_000)
    await world.outcome(guesses[0] ?? '')
    expect(world.provider.asked.keys).toBe(3)
  })

  test('a retired key stops verifying, also for tokens that were cached', async () => {
    await using world = await startWorld()
    const old = world.provider.key
    const cached = await world.provider.sign()
    await world.now(cached)
    await world.provider.addKey()
    world.provider.retireKey(old)
    await world.clock.advance(5 * minute)
    // The call that finds the refresh due is still answered; the answer after the refresh is final.
    const refreshed = world.refreshed()
    expect(world.now(cached)).not.toBeInstanceOf(Promise)
    await refreshed
    expect(await world.outcome(cached)).toBe('token_invalid')
    expect(await world.outcome(await world.provider.sign({}, { key: old }))).toBe('token_invalid')
    expect(await world.outcome(await world.provider.sign())).toBe('ada')
  })

  test('a retired key is noticed before the answer after a quiet time', async () => {
    await using world = await startWorld()
    const cached = await world.provider.sign()
    await world.now(cached)
    world.provider.serve([])
    await world.clock.advance(11 * minute)
    expect(await world.outcome(cached)).toBe('token_invalid')
  })

  test('a key that comes back verifies again', async () => {
    await using world = await startWorld()
    const { key } = world.provider
    const token = await world.provider.sign()
    await world.now(token)
    world.provider.serve([])
    await world.clock.advance(11 * minute)
    expect(await world.outcome(token)).toBe('token_invalid')
    world.provider.serve([key.jwk])
    await world.clock.advance(10_000)
    expect(await world.outcome(token)).toBe('ada')
  })

  test('another key under a retired kid does not revive its tokens', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    await world.now(token)
    world.provider.serve([(await makeKey('ES256', world.provider.key.kid)).jwk])
    await world.clock.advance(11 * minute)
    expect(await world.outcome(token)).toBe('token_invalid')
  })

  const outages: readonly ProviderMode[] = [
    'Error',
    'Cut',
    'Redirect',
    'NotJson',
    'NoKeySet',
    'Endless',
    'OtherIssuer',
    'PlainKeys',
  ]
  for (const mode of outages) {
    test(`${mode}: cached and new tokens pass within the limit, none beyond, all after recovery`, async () => {
      await using world = await startWorld()
      const token = await world.provider.sign({ exp: undefined, ...longLived(world) })
      await world.now(token)
      world.provider.mode = mode
      await world.clock.advance(59 * minute)
      expect(await world.outcome(token)).toBe('ada')
      expect(await world.outcome(await world.provider.sign())).toBe('ada')
      await world.clock.advance(minute)
      expect(await world.outcome(token)).toBe('identity_unavailable')
      expect(await world.outcome(await world.provider.sign())).toBe('identity_unavailable')
      world.provider.mode = 'Up'
      await world.clock.advance(2_000)
      expect(await world.outcome(token)).toBe('ada')
    })
  }

  test('an issuer that never answers is given up after five seconds, and asked again after two', async () => {
    await using world = await startWorld()
    world.provider.mode = 'Hang'
    const token = await world.provider.sign()
    const first = world.outcome(token)
    await world.clock.advance(5_000)
    expect(await first).toBe('identity_unavailable')
    world.provider.mode = 'Up'
    await world.clock.advance(2_000)
    expect(await world.outcome(token)).toBe('ada')
  })

  const unsafe: readonly unknown[] = [
    'http://keys.example.com/',
    'http://169.254.169.254/',
    'file:///etc/passwd',
    'keys',
    7,
    undefined,
  ]
  for (const address of unsafe) {
    test(`are not asked for at ${String(address)}, whatever discovery says`, async () => {
      const asked: string[] = []
      const fetchKeys: FetchKeys = async (request) => {
        if (request.from === 'Url') asked.push(new URL(request.url).pathname)
        return { issuer: world.provider.issuer, jwks_uri: address }
      }
      await using world = await startWorld({ fetchKeys })
      expect(await world.outcome(await world.provider.sign())).toBe('identity_unavailable')
      expect(asked).toEqual(['/.well-known/openid-configuration'])
    })
  }

  test('a fetch that heeds no signal is left behind', async () => {
    await using world = await startWorld({ fetchKeys: async () => new Promise<never>(() => undefined) })
    const first = world.outcome(await world.provider.sign())
    await world.clock.advance(5_000)
    expect(await first).toBe('identity_unavailable')
  })

  test('during an outage a caller waits for no attempt while known keys are good', async () => {
    await using world = await startWorld()
    const token = await world.provider.sign()
    await world.now(token)
    world.provider.mode = 'Hang'
    await world.clock.advance(6 * minute)
    expect(world.now(token)).not.toBeInstanceOf(Promise)
    await world.clock.advance(30 * minute)
    expect(world.now(token)).not.toBeInstanceOf(Promise)
    expect(await world.outcome(await world.provider.sign())).toBe('ada')
  })

  test('an unknown kid during an outage may be a new key: unavailable, not invalid', async () => {
    await using world = await startWorld()
    await world.now(await world.provider.sign())
    await world.provider.addKey()
    world.provider.mode = 'Error'
    await world.clock.advance(minute)
    expect(await world.outcome(await world.provider.sign())).toBe('identity_unavailable')
  })

  test('an issuer that was never reached leaves other issuers alone', async () => {
    await using world = await startWorld()
    await using other = await startIdentityProvider({ clock: world.clock, algorithm: 'ES256' })
    world.provider.mode = 'Cut'
    const both: Settings = {
      issuers: [...world.settings.issuers, { name: 'other', issuer: other.issuer, audiences: ['models'] }],
      grants: [],
    }
    expect(await world.outcome(await world.provider.sign(), both)).toBe('identity_unavailable')
    expect(await world.outcome(await other.sign(), both)).toBe('ada')
  })

  test("one issuer's key never verifies another issuer's tokens", async () => {
    await using world = await startWorld()
    await using other = await startIdentityProvider({ clock: world.clock, algorithm: 'ES256' })
    const both: Settings = {
      issuers: [...world.settings.issuers, { name: 'other', issuer: other.issuer, audiences: ['models'] }],
      grants: [],
    }
    expect(await world.outcome(await world.provider.sign({ iss: other.issuer }), both)).toBe('token_invalid')
  })

  test('the limit of an outage is the one of the settings', async () => {
    await using world = await startWorld({ issuer: { keysStaleAfter: '2m' } })
    const token = await world.provider.sign()
    await world.now(token)
    world.provider.mode = 'Error'
    await world.clock.advance(119_000)
    expect(await world.outcome(token)).toBe('ada')
    await world.clock.advance(1_000)
    expect(await world.outcome(token)).toBe('identity_unavailable')
  })

  test('may stand at a URL of their own, and inline', async () => {
    await using world = await startWorld({ algorithm: 'RS256' })
    const { provider } = world
    const byUrl = settingsFor(provider, { jwks: { url: `${provider.issuer}/keys` } })
    expect(await world.outcome(await provider.sign(), byUrl)).toBe('ada')
    expect(provider.asked).toEqual({ discovery: 0, keys: 1 })
    const { kid, kty, n, e } = provider.key.jwk
    const inline = settingsFor(provider, {
      jwks: { keys: [{ kid: kid ?? '', kty: kty ?? '', n: n ?? '', e: e ?? '' }] },
    })
    provider.mode = 'Cut'
    expect(await world.outcome(await provider.sign({ jti: '2' }), inline)).toBe('ada')
    await world.clock.advance(24 * hour)
    expect(await world.outcome(await provider.sign({ jti: '3' }), inline)).toBe('ada')
    expect(provider.asked).toEqual({ discovery: 0, keys: 1 })
  })

  const unfit: Readonly<Record<string, (key: TestKey) => readonly unknown[]>> = {
    'a key for encryption': ({ jwk }) => [{ ...jwk, use: 'enc' }],
    'a key for other operations': ({ jwk }) => [{ ...jwk, key_ops: ['encrypt'] }],
    'a key for another algorithm': ({ jwk }) => [{ ...jwk, alg: 'RSA-OAEP' }],
    'a key that shows its secret part': ({ jwk }) => [{ ...jwk, d: 'AQAB' }],
    'a symmetric key': ({ kid }) => [{ kty: 'oct', k: 'c2VjcmV0', kid, alg: 'HS256' }],
    'two keys of one kid': ({ jwk }) => [
      jwk,
      { ...jwk, n: (jwk.n ?? '').replace(/^./u, (letter) => (letter === 'x' ? 'y' : 'x')) },
    ],
    'a broken key': ({ jwk }) => [{ ...jwk, e: undefined }],
    'things that are no keys': () => [null, 7, 'key', []],
  }
  for (const [title, serve] of Object.entries(unfit)) {
    test(`${title} verifies nothing`, async () => {
      await using world = await startWorld({ algorithm: 'RS256' })
      world.provider.serve(serve(world.provider.key))
      expect(await world.outcome(await world.provider.sign())).toBe('token_invalid')
    })
  }

  test('an RSA key of 1024 bits verifies nothing', async () => {
    await using world = await startWorld({ algorithm: 'RS256' })
    // The modulus alone decides; the signature is never looked at.
    const n = Buffer.alloc(128, 0xab).toString('base64url')
    world.provider.serve([{ ...world.provider.key.jwk, n }])
    expect(await world.outcome(await world.provider.sign())).toBe('token_invalid')
    expect(world.events).toMatchObject([{ outcome: 'Refreshed', keys: 0 }])
  })

  test('an unfit key beside a good one does no harm', async () => {
    await using world = await startWorld()
    const { jwk } = world.provider.key
    world.provider.serve([{ kty: 'oct', k: 'c2VjcmV0', kid: jwk.kid }, { ...jwk, kid: 'enc', use: 'enc' }, jwk])
    expect(await world.outcome(await world.provider.sign())).toBe('ada')
  })

  test('more keys than anybody needs are no key set', async () => {
    await using world = await startWorld()
    const { jwk } = world.provider.key
    world.provider.serve(Array.from({ length: 65 }, () => jwk))
    expect(await world.outcome(await world.provider.sign())).toBe('identity_unavailable')
  })
})

function longLived({ clock }: World): object {
  return { exp: clock.date().getTime() / 1000 + 24 * 3600 }
}
