// A real little OpenID Connect issuer on port 0: discovery, key set, rotation, outages of several kinds, and tokens of every
// sort, honest and hostile. It dates tokens by the clock it is given, so that a test turns one pair of hands for all.
import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CompactSign, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import type { Clock } from '../../kube/clock.ts'
import { startTlsUpstream, startUpstream } from './upstream-server.ts'

/**
 * What the provider does when asked: answer, answer 500, close the socket, never answer, answer a redirect, something that is no
 * JSON, a document without keys, more bytes than anybody should read, or a discovery document of somebody else.
 */
export type ProviderMode =
  | 'Up'
  | 'Error'
  | 'Cut'
  | 'Hang'
  | 'Redirect'
  | 'NotJson'
  | 'NoKeySet'
  | 'Endless'
  | 'OtherIssuer'
  | 'PlainKeys'

export interface TestKey {
  readonly kid: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export type Claims = Readonly<Record<string, unknown>>

export interface SignOptions {
  readonly key?: TestKey
  /** Laid over `{ alg, kid, typ: 'JWT' }`; undefined removes. */
  readonly header?: Claims
}

export interface IdentityProvider {
  readonly issuer: string
  /** How often each document was asked for. */
  readonly asked: { discovery: number; keys: number }
  /** Authorization headers that came with questions for keys. */
  readonly authorizations: (string | undefined)[]
  mode: ProviderMode
  /** The newest key. */
  readonly key: TestKey
  /** Makes a key and serves it beside the others. */
  readonly addKey: (algorithm?: string, jwk?: Partial<JWK>) => Promise<TestKey>
  readonly retireKey: (key: TestKey) => void
  /** Serves exactly these, whatever they are. */
  readonly serve: (keys: readonly unknown[]) => void
  /** Claims are laid over an honest `{ iss, aud: 'models', sub: 'ada', iat, exp: iat + 1 h }`; undefined removes one. */
  readonly sign: (claims?: Claims, options?: SignOptions) => Promise<string>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export interface IdentityProviderOptions {
  readonly clock: Clock
  readonly algorithm?: string
  readonly tls?: boolean
  /** What its tokens and discovery say instead of its own address. */
  readonly issuer?: string
}

export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { clock, algorithm = 'RS256', tls = false } = options
  let served: unknown[] = []
  let made = 0
  let key = await makeKey(algorithm, 'key-0')
  served.push(key.jwk)
  const asked = { discovery: 0, keys: 0 }
  const authorizations: (string | undefined)[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const isDiscovery = request.url?.endsWith('/.well-known/openid-configuration') === true
    asked[isDiscovery ? 'discovery' : 'keys'] += 1
    if (!isDiscovery) authorizations.push(request.headers.authorization)
    answer(response, provider, isDiscovery ? undefined : served)
  }
  const server = await (tls ? startTlsUpstream(listener) : startUpstream(listener))
  const provider: IdentityProvider = {
    issuer: options.issuer ?? server.origin,
    asked,
    authorizations,
    mode: 'Up',
    get key() {
      return key
    },
    addKey: async (added = algorithm, jwk = {}) => {
      made += 1
      const next = await makeKey(added, `key-${made}`)
      served.push({ ...next.jwk, ...jwk })
      key = next
      return next
    },
    retireKey: ({ kid }) => {
      served = served.filter((entry) => (entry as JWK).kid !== kid)
    },
    serve: (keys) => {
      served = [...keys]
    },
    sign: async (claims = {}, { key: signer = key, header = {} } = {}) => {
      const now = Math.floor(clock.date().getTime() / 1000)
      const honest = { iss: provider.issuer, aud: 'models', sub: 'ada', iat: now, exp: now + 3600 }
      const payload = JSON.stringify({ ...honest, ...claims })
      return signText(payload, signer, { alg: signer.algorithm, kid: signer.kid, typ: 'JWT', ...header })
    },
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  }
  return provider
}

/** Any text as payload, for what no JSON encoder would write. */
export async function signText(payload: string, { privateKey }: TestKey, header: Claims): Promise<string> {
  const { alg, ...rest } = header
  const protectedHeader = JSON.parse(JSON.stringify({ alg, ...rest }))
  const crit = Array.isArray(rest['crit']) ? Object.fromEntries(rest['crit'].map((name) => [name, true])) : undefined
  const signing = new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader(protectedHeader)
  return signing.sign(privateKey, crit === undefined ? {} : { crit })
}

export async function makeKey(algorithm: string, kid: string): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }
  return { kid, algorithm, privateKey, publicKey, jwk }
}

function encodePart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The claims of an honest token under another header, without a signature. */
export function withoutSignature(token: string, header: Claims): string {
  return `${encodePart(header)}.${token.split('.')[1]}.`
}

/** Another header or other claims over the signature of an honest token. */
export function withParts(token: string, parts: { readonly header?: Claims; readonly claims?: Claims }): string {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const replaced = [
    parts.header === undefined ? header : encodePart(parts.header),
    parts.claims === undefined ? claims : encodePart(parts.claims),
  ]
  return [...replaced, signature].join('.')
}

/** The classic: an HMAC whose secret is the issuer's public key, in each form that a careless verifier might use. */
export async function withHmacOfPublicKey(
  token: string,
  key: TestKey,
  form: 'Pem' | 'Modulus' | 'Jwk',
): Promise<string> {
  const secrets = {
    Pem: await exportSPKI(key.publicKey),
    Modulus: Buffer.from(key.jwk.n ?? '', 'base64url'),
    Jwk: JSON.stringify(key.jwk),
  }
  const input = `${encodePart({ alg: 'HS256', kid: key.kid, typ: 'JWT' })}.${token.split('.')[1]}`
  return `${input}.${createHmac('sha256', secrets[form]).update(input).digest('base64url')}`
}

/** Undefined as keys: the discovery document is asked for. */
function answer(response: ServerResponse, provider: IdentityProvider, keys: readonly unknown[] | undefined): void {
  const json = (document: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }
  const { issuer } = provider
  const discovery = { issuer, jwks_uri: `${issuer}/keys`, token_endpoint: `${issuer}/token` }
  const honest = keys === undefined ? discovery : { keys }
  const answers: Readonly<Record<ProviderMode, () => void>> = {
    Up: () => json(honest),
    Error: () => void response.writeHead(500).end('down for maintenance'),
    Cut: () => void response.destroy(),
    Hang: () => undefined,
    Redirect: () => void response.writeHead(302, { location: `${issuer}/elsewhere` }).end(),
    NotJson: () => void response.writeHead(200).end('<html>'),
    NoKeySet: () => json(keys === undefined ? discovery : { error: 'none' }),
    Endless: () => void response.writeHead(200).end(`{"keys":[],"padding":"${'x'.repeat(1_000_000)}"}`),
    OtherIssuer: () => json(keys === undefined ? { ...discovery, issuer: 'https://id.example.com' } : { keys }),
    PlainKeys: () => json(keys === undefined ? { ...discovery, jwks_uri: 'http://keys.example.com/' } : { keys }),
  }
  answers[provider.mode]()
}
