// A development identity provider for one machine: real OpenID Connect discovery, keys and signed tokens, for people who do not
// exist and have no passwords. Its key is made at start and dies with the process, so no token of it outlives a session.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { CryptoKey, JWK } from 'jose'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { LoopbackServer } from './loopback-server.ts'
import { startLoopbackServer } from './loopback-server.ts'

export interface DevUser {
  readonly name: string
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
}

export interface DevIdentityProvider extends LoopbackServer {
  readonly issuer: string
  readonly audience: string
  readonly users: readonly DevUser[]
  /** The same token that the endpoints give out. */
  readonly issueToken: (user: DevUser) => Promise<string>
}

export interface DevIdentityProviderOptions {
  readonly users: readonly DevUser[]
  readonly audience: string
  readonly lifetimeSeconds: number
  readonly now: () => number
  /** Absent: any free one. */
  readonly port?: number
}

const algorithm = 'RS256'

export async function startDevIdentityProvider(options: DevIdentityProviderOptions): Promise<DevIdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const kid = randomUUID()
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }
  const signer: Signer = { privateKey, kid }
  const server = await startLoopbackServer((app, origin) => {
    addDiscovery(app, origin, jwk)
    addTokens(app, options, async (user) => signToken(signer, options, { issuer: origin(), user }))
  }, options.port)
  return {
    ...server,
    issuer: server.origin,
    audience: options.audience,
    users: options.users,
    issueToken: async (user) => signToken(signer, options, { issuer: server.origin, user }),
  }
}

function addDiscovery(app: FastifyInstance, origin: () => string, jwk: JWK): void {
  app.get('/.well-known/openid-configuration', async () => ({
    issuer: origin(),
    jwks_uri: `${origin()}/jwks`,
    token_endpoint: `${origin()}/token`,
    grant_types_supported: ['password'],
    response_types_supported: ['token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
  }))
  app.get('/jwks', async () => ({ keys: [jwk] }))
}

type Issue = (user: DevUser) => Promise<string>

function addTokens(app: FastifyInstance, { users, lifetimeSeconds }: DevIdentityProviderOptions, issue: Issue): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body.toString())),
  )
  // RFC 6749 section 4.3. The password is not looked at: nobody here has one.
  app.post('/token', async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
    if (form.get('grant_type') !== 'password') return refuse(reply, 400, 'unsupported_grant_type')
    const user = users.find(({ name }) => name === form.get('username'))
    if (user === undefined) return refuse(reply, 400, 'invalid_grant')
    reply.header('cache-control', 'no-store')
    const scope = user.scopes.join(' ')
    return { access_token: await issue(user), token_type: 'Bearer', expires_in: lifetimeSeconds, scope }
  })
  // For `TOKEN=$(curl -s …)`: the token alone.
  app.get<{ Params: { name: string } }>('/users/:name/token', async (request, reply) => {
    const user = users.find(({ name }) => name === request.params.name)
    if (user === undefined) return refuse(reply, 404, 'unknown_user')
    return reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(await issue(user))
  })
  app.get('/users', async () => ({ users: users.map(({ name, groups, scopes }) => ({ name, groups, scopes })) }))
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error })
}

interface Signer {
  readonly privateKey: CryptoKey
  readonly kid: string
}

interface Claimant {
  readonly issuer: string
  readonly user: DevUser
}

async function signToken(
  { privateKey, kid }: Signer,
  { audience, lifetimeSeconds, now }: DevIdentityProviderOptions,
  { issuer, user }: Claimant,
): Promise<string> {
  const issuedAt = Math.floor(now() / 1000)
  return new SignJWT({
    preferred_username: user.name,
    email: `${user.name}@example.com`,
    email_verified: true,
    groups: user.groups,
    scope: user.scopes.join(' '),
  })
    .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.name)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(privateKey)
}
