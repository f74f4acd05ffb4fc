// Who we are to the API server and over which connections: reads a kubeconfig or the pod's ServiceAccount, hands out
// the headers of a call together with one pooled undici Agent per cluster, and replaces both when files change.
//
// @kubernetes/client-node builds a new Agent, and so a new TLS handshake, for every single call; only its loading of
// credentials (files, exec plugins, OIDC) is used here, through its public `applyToHTTPSOptions`.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { Agent, ProxyAgent } from 'undici'
import { parse, stringify } from 'yaml'
import type { Clock } from './clock.ts'
import { isRecord } from './errors.ts'

export interface CredentialOptions {
  /** A path, or the text itself (it has several lines). Absent: the pod's own ServiceAccount. */
  readonly kubeconfig?: string
  /** Where the ServiceAccount's files are mounted, for tests; the folder that holds `var/run/secrets/...`. */
  readonly serviceAccountRoot?: string
  /** Credentials are read again when older than this. */
  readonly maxAgeMs?: number
}

export interface Credential {
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
}

export class Credentials {
  readonly #options: CredentialOptions
  readonly #clock: Clock
  readonly #agents = new Set<Dispatcher>()
  #config: KubeConfig
  #isStale = false
  #current: (Credential & { readonly identity: string; readonly readMs: number }) | undefined

  constructor(options: CredentialOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#config = loadConfig(options)
  }

  get server(): string {
    const server = this.#config.getCurrentCluster()?.server
    if (server === undefined) throw new Error('the kubeconfig names no cluster in its current context')
    // What client-node makes of absent variables.
    if (server.includes('//undefined:')) {
      throw new Error('this process runs in no pod (KUBERNETES_SERVICE_HOST is not set) and was given no kubeconfig')
    }
    return server.replace(/\/+$/, '')
  }

  /** The namespace of the current context: in a pod, the pod's own. */
  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace
  }

  async read(): Promise<Credential> {
    const age = this.#clock.monotonicMs() - (this.#current?.readMs ?? 0)
    if (!this.#isStale && this.#current !== undefined && age < (this.#options.maxAgeMs ?? 10_000)) return this.#current
    if (this.#isStale) this.#config = loadConfig(this.#options)
    this.#isStale = false
    const options: RequestOptions = {}
    await this.#config.applyToHTTPSOptions(options)
    const identity = toIdentity(options)
    const dispatcher = this.#current?.identity === identity ? this.#current.dispatcher : this.#connect(options)
    this.#current = { headers: toHeaders(options), dispatcher, identity, readMs: this.#clock.monotonicMs() }
    return this.#current
  }

  /** The next call reads everything again, past the caches of client-node's authenticators: the server said 401. */
  reload(): void {
    this.#isStale = true
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents].map((agent) => agent.destroy()))
    this.#agents.clear()
  }

  #connect(options: RequestOptions): Dispatcher {
    const previous = this.#current?.dispatcher
    // Lets running calls and watches finish on the old connections; new ones use the new certificates.
    if (previous !== undefined) void previous.close().finally(() => this.#agents.delete(previous))
    const agent = makeAgent(this.#config, options)
    this.#agents.add(agent)
    return agent
  }
}

function loadConfig(options: CredentialOptions): KubeConfig {
  const config = new KubeConfig()
  if (options.kubeconfig === undefined) {
    config.loadFromCluster(options.serviceAccountRoot ?? '')
    return config
  }
  const isText = options.kubeconfig.includes('\n')
  const root = isText ? '.' : dirname(options.kubeconfig)
  const text = isText ? options.kubeconfig : readFileSync(options.kubeconfig, 'utf8')
  config.loadFromString(withTokenFiles(text, root))
  config.makePathsAbsolute(root)
  return config
}

/** client-node reads `token-file`, which no kubeconfig has; the real field `tokenFile` becomes its file authenticator. */
function withTokenFiles(text: string, root: string): string {
  const config: unknown = parse(text)
  if (!isRecord(config) || !Array.isArray(config['users'])) return text
  const users: readonly unknown[] = config['users']
  return stringify({ ...config, users: users.map((entry) => withTokenFile(entry, root)) })
}

function withTokenFile(entry: unknown, root: string): unknown {
  if (!isRecord(entry) || !isRecord(entry['user']) || typeof entry['user']['tokenFile'] !== 'string') return entry
  const tokenFile = resolve(root, entry['user']['tokenFile'])
  return { ...entry, user: { ...entry['user'], 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }
}

function makeAgent(config: KubeConfig, options: RequestOptions): Dispatcher {
  const pool = {
    // HTTP/1.1: one socket per watch, so that a dead one is seen and closed alone.
    allowH2: false,
    // Deadlines are set per call; a watch is silent for as long as the reflector allows.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
  }
  const tls = toTls(options)
  const route = config.createDispatcherOptions(config.getCurrentCluster(), tls)
  if (route.type === 'socks') throw new Error('SOCKS proxies are not supported: use an HTTP proxy in proxy-url')
  if (route.type === 'proxy') return new ProxyAgent({ ...pool, uri: route.uri, requestTls: tls })
  return new Agent({ ...pool, connect: { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 } })
}

interface Tls extends Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'> {}

function toTls({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions): Tls {
  const present = Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
    ([, value]) => value !== undefined,
  )
  return Object.fromEntries(present)
}

function toHeaders(options: RequestOptions): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim()
  if (options.auth != null) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return headers
}

/** Changes exactly when the TLS side of the credential does; a digest, so that no key stays in a second place. */
function toIdentity(options: RequestOptions): string {
  const { ca, cert, key, servername, rejectUnauthorized } = options
  return createHash('sha256').update(JSON.stringify({ ca, cert, key, servername, rejectUnauthorized })).digest('hex')
}
