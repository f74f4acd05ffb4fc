import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findClaim, toIdentity } from './identity.ts'
import type { JsonObject } from './model.ts'
import type { IssuerSettings } from './settings.ts'
import { parseSettings } from './parse-settings.ts'
import { resolveIssuer } from './settings-presets.ts'

interface Shape {
  readonly settings: Partial<IssuerSettings>
  readonly claims: JsonObject & { readonly iss: string; readonly aud: string | readonly string[] }
  readonly identity?: JsonObject & { readonly kind: string }
  readonly problem?: string
}

const folder = new URL('../test/golden/claims/', import.meta.url)

function issuerFor({ settings, claims }: Pick<Shape, 'settings' | 'claims'>): IssuerSettings {
  return { name: 'issuer', issuer: claims.iss, audiences: [claims.aud].flat(), ...settings }
}

describe('claims as providers really send them', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const shape: Shape = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    const issuer = issuerFor(shape)

    test(`${file}: the settings are valid`, () => {
      expect(parseSettings({ issuers: [issuer] })).toEqual({ settings: { issuers: [issuer], grants: [] } })
    })

    test(`${file}: ${shape.problem ?? `a ${shape.identity?.kind}`}`, () => {
      const result = toIdentity(resolveIssuer(issuer), shape.claims)
      const identity = shape.identity && { ...shape.identity, claims: shape.claims }
      expect('identity' in result ? result.identity : undefined).toEqual(identity)
      expect('problem' in result ? result.problem.code : undefined).toBe(shape.problem)
    })
  }
})

const claims = { iss: 'https://id.example.com', sub: 'ada', aud: 'models' }

function judge(changed: JsonObject, settings: Partial<IssuerSettings> = {}): ReturnType<typeof toIdentity> {
  return toIdentity(resolveIssuer(issuerFor({ settings, claims })), { ...claims, ...changed })
}

describe('nothing is coerced', () => {
  const refused: Readonly<Record<string, readonly [JsonObject, Partial<IssuerSettings>?]>> = {
    'groups that are a number': [{ groups: 7 }],
    'groups that are null': [{ groups: null }],
    'groups that are true': [{ groups: true }],
    'groups that are an object': [{ groups: { admins: true } }],
    'a group that is a number': [{ groups: ['a', 7] }],
    'a group that is a list': [{ groups: ['a', ['b']] }],
    'an empty group': [{ groups: [''] }],
    'a group with a line break': [{ groups: ['a\nb'] }],
    'a group that turns the reading direction': [{ groups: ['a\u202eb'] }],
    'a group of two thousand characters': [{ groups: ['a'.repeat(2000)] }],
    'scopes that are a number': [{ scope: 7 }],
    'scopes that are an object': [{ scope: {} }],
    'a subject that is a number': [{ sub: 7 }],
    'an empty subject': [{ sub: '' }],
    'an email that is a list': [{ email: ['a@b.example'] }],
    'a mapped username that is absent': [{}, { claims: { username: { claim: 'login' } } }],
    'a required claim that is absent': [{}, { requiredClaims: [{ claim: 'tid', values: ['a'] }] }],
    'a required claim of another value': [{ tid: 'b' }, { requiredClaims: [{ claim: 'tid', values: ['a'] }] }],
    'a required claim that is a list': [{ tid: ['a'] }, { requiredClaims: [{ claim: 'tid', values: ['a'] }] }],
    'an email marked verified by text': [{ email: 'a@b.example', email_verified: 'true' }, { preset: 'Google' }],
    "a subject with the cluster's prefix": [{ sub: 'system:serviceaccount:a:b' }],
    "a username with the cluster's prefix": [{ login: 'system:admin' }, { claims: { username: { claim: 'login' } } }],
    "a group with the cluster's prefix": [{ groups: ['system:masters'] }],
    "a prefix and group that together have the cluster's": [
      { groups: [':masters'] },
      { claims: { groups: { claim: 'groups', prefix: 'system' } } },
    ],
    'a ServiceAccount without the cluster claim': [{ sub: 'system:serviceaccount:a:b' }, { preset: 'Kubernetes' }],
    'a ServiceAccount bound to another': [
      { sub: 'system:serviceaccount:a:b', 'kubernetes.io': { namespace: 'a', serviceaccount: { name: 'c' } } },
      { preset: 'Kubernetes' },
    ],
    'a ServiceAccount bound to another namespace': [
      { sub: 'system:serviceaccount:a:b', 'kubernetes.io': { namespace: 'c', serviceaccount: { name: 'b' } } },
      { preset: 'Kubernetes' },
    ],
    'claims that are nested without end': [{ deep: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) }],
    'a person from the cluster issuer': [{ sub: 'ada' }, { preset: 'Kubernetes' }],
  }
  for (const [title, [changed, settings]] of Object.entries(refused)) {
    test(`refuses ${title}, without repeating it`, () => {
      const result = judge(changed, settings)
      expect(result).toEqual({ problem: { code: 'token_not_accepted', message: expect.any(String) } })
      expect(JSON.stringify(result)).not.toMatch(/masters|@b\.example|serviceaccount:a/u)
    })
  }

  test('accepts claims nested as deeply as providers do', () => {
    const deep: JsonObject = JSON.parse(`${'{"a":'.repeat(14)}[1]${'}'.repeat(14)}`)
    expect(judge({ deep })).toHaveProperty('identity')
  })

  test('groups that the provider keeps elsewhere are unresolved at any issuer', () => {
    const result = judge({ _claim_names: { groups: 'src1' } })
    expect(result).toMatchObject({ problem: { code: 'groups_unresolved' } })
  })

  test('hasgroups: false is no overage', () => {
    expect(judge({ hasgroups: false })).toMatchObject({ identity: { groups: [] } })
  })

  test('absent groups are no groups, and absent scopes no scopes', () => {
    expect(judge({})).toMatchObject({ identity: { groups: [], scopes: [] } })
  })

  test('an email that its issuer calls unverified is left out', () => {
    expect(judge({ email: 'ada@example.com', email_verified: false })).toMatchObject({ identity: { email: '' } })
  })

  test('a name from the prototype is no claim', () => {
    expect(judge({}, { claims: { groups: { claim: 'constructor.name' } } })).toMatchObject({ identity: { groups: [] } })
  })
})

describe('kubernetesUsername', () => {
  const expression = { kubernetesUsername: 'identity.username' }

  test('is unknown without an expression', () => {
    expect(judge({})).not.toHaveProperty('identity.kubernetesUsername')
  })

  test('is what the expression yields', () => {
    const rules = resolveIssuer(issuerFor({ settings: expression, claims }))
    expect(toIdentity(rules, claims, ({ username }) => `oidc:${username}`)).toMatchObject({
      identity: { kubernetesUsername: 'oidc:ada' },
    })
  })

  test('is unknown when the expression yields nothing, also for ServiceAccounts', () => {
    const account = {
      ...claims,
      sub: 'system:serviceaccount:a:b',
      'kubernetes.io': { namespace: 'a', serviceaccount: { name: 'b' } },
    }
    const rules = resolveIssuer(issuerFor({ settings: { ...expression, preset: 'Kubernetes' }, claims }))
    const result = toIdentity(rules, account, () => undefined)
    expect(result).toHaveProperty('identity.kind', 'ServiceAccount')
    expect(result).not.toHaveProperty('identity.kubernetesUsername')
  })
})

describe('findClaim', () => {
  const nested: JsonObject = { a: { b: { c: 1 } }, 'a.b': 2, list: [{ x: 1 }] }
  const cases: Readonly<Record<string, unknown>> = {
    'a.b': 2,
    'a.b.c': 1,
    'a.x': undefined,
    'a.b.c.d': undefined,
    'list.0': undefined,
    toString: undefined,
    ['__proto__']: undefined,
  }
  for (const [name, value] of Object.entries(cases)) {
    test(`${name} is ${String(value)}`, () => {
      expect(findClaim(nested, name)).toBe(value)
    })
  }
})
