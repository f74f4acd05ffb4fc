// The development identity provider on a real socket, checked as a stranger would: discovery, keys, then a token against them.
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { DevIdentityProvider } from './dev-identity-provider.ts'
import { startDevIdentityProvider } from './dev-identity-provider.ts'

const users = [
  { name: 'alice', groups: ['ml'], scopes: ['inference'] },
  { name: 'bob', groups: [], scopes: [] },
]
const start = async (): Promise<DevIdentityProvider> =>
  startDevIdentityProvider({ users, audience: 'portcullis', lifetimeSeconds: 600, now: () => Date.now() })

async function verify(provider: DevIdentityProvider, token: string): Promise<Record<string, unknown>> {
  const discovery = await readJson(`${provider.issuer}/.well-known/openid-configuration`)
  const keys = createRemoteJWKSet(new URL(String(discovery['jwks_uri'])))
  const { payload } = await jwtVerify(token, keys, { issuer: provider.issuer, audience: 'portcullis' })
  return payload
}

async function readJson(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const reply = await fetch(url, init)
  return (await reply.json()) as Record<string, unknown>
}

describe('the development identity provider', () => {
  it('gives tokens that its published keys verify, with the groups and scopes of the user', async () => {
    await using provider = await start()
    const token = await (await fetch(`${provider.issuer}/users/alice/token`)).text()
    expect(await verify(provider, token)).toMatchObject({
      iss: provider.issuer,
      aud: 'portcullis',
      sub: 'alice',
      preferred_username: 'alice',
      groups: ['ml'],
      scope: 'inference',
    })
  })

  it('answers the password grant as OAuth clients expect', async () => {
    await using provider = await start()
    const body = new URLSearchParams({ grant_type: 'password', username: 'bob', password: 'none' })
    const reply = await readJson(`${provider.issuer}/token`, { method: 'POST', body })
    expect(reply).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
    expect(await verify(provider, String(reply['access_token']))).toMatchObject({ sub: 'bob', groups: [] })
  })

  it('gives a token that ends when it says', async () => {
    const options = { users, audience: 'portcullis', lifetimeSeconds: 600, now: () => Date.now() - 601_000 }
    await using provider = await startDevIdentityProvider(options)
    const token = await provider.issueToken(provider.users[0]!)
    await expect(verify(provider, token)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' })
  })

  it('has a key of its own in every process', async () => {
    await using one = await start()
    await using other = await start()
    const token = await one.issueToken(one.users[0]!)
    await expect(verify(other, token)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })

  it.each([
    ['another grant', new URLSearchParams({ grant_type: 'implicit', username: 'alice' }), 'unsupported_grant_type'],
    ['a stranger', new URLSearchParams({ grant_type: 'password', username: 'mallory' }), 'invalid_grant'],
    [
      'a property of every object',
      new URLSearchParams({ grant_type: 'password', username: '__proto__' }),
      'invalid_grant',
    ],
  ])('refuses %s', async (_, body, error) => {
    await using provider = await start()
    const reply = await fetch(`${provider.issuer}/token`, { method: 'POST', body })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toEqual({ error })
  })

  it('publishes no private part of its key', async () => {
    await using provider = await start()
    const { keys } = await readJson(`${provider.issuer}/jwks`)
    expect(Object.keys((keys as object[])[0]!).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  it('refuses a web page that reaches it under a name of its own', async () => {
    await using provider = await start()
    expect(await statusFor(provider.issuer, 'rebound.example.com')).toBe(421)
    expect(await statusFor(provider.issuer, 'localhost')).toBe(200)
  })
})

/** `fetch` does not let anybody choose the Host header. */
async function statusFor(origin: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(`${origin}/jwks`, { headers: { host } }, (reply) => {
      reply.resume()
      resolve(reply.statusCode)
    })
    call.on('error', reject)
    call.end()
  })
}
