// The gateway's start-up settings, from the environment, all checked at once. Everything per tenant or per model is a field of a
// custom resource, never a variable here.

export interface Config {
  readonly host: string
  readonly port: number
  readonly adminHost: string
  readonly adminPort: number
  /** Where the ConfigMaps of the bundle are mounted, one folder each. */
  readonly bundleFolder: string | undefined
  readonly credentialsFolder: string | undefined
  /** Where the keys for pseudonyms and hashes are mounted, a file for each namespace. */
  readonly tenantKeysFolder?: string | undefined
  /** Writable: the last good bundle. */
  readonly stateFolder: string | undefined
  /** File for session records as JSON lines; undefined when switched off in so many words. */
  readonly recordsFile: string | undefined
  readonly kubernetes: KubernetesConfig | undefined
  /** Where limits are counted for all replicas together; absent: each counts for itself. */
  readonly limitsRedis?: LimitsRedisConfig | undefined
  /** Lets connections reach loopback addresses: for a sidecar, standalone use and tests. No custom resource can set it. */
  readonly allowLoopback: boolean
  readonly maxHeaderBytes: number
  readonly drainMs: number
  readonly logLevel: LogLevel
}

export interface KubernetesConfig {
  /** Absent: the pod's own ServiceAccount. */
  readonly kubeconfig: string | undefined
  readonly namespace: string
  readonly podName: string
  readonly podUid: string
}

/** Files, not values: both may be rotated while the gateway runs, and an environment is easier to read than a mounted Secret. */
export interface LimitsRedisConfig {
  /** Holds `redis[s]://[user[:password]@]host[:port][/database]`. */
  readonly urlFile: string
  /** Authorities for its certificate. Absent: the public ones. */
  readonly caFile: string | undefined
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export type Env = Readonly<Record<string, string | undefined>>

export type ParsedConfig = { readonly config: Config } | { readonly mistakes: readonly string[] }

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

export function parseConfig(env: Env): ParsedConfig {
  const mistakes: string[] = []
  const read = new Reader(env, mistakes)
  const config: Config = {
    host: read.text('PORTCULLIS_HOST') ?? '0.0.0.0',
    port: read.integer('PORTCULLIS_PORT', { absent: 8080, min: 0, max: 65_535 }),
    adminHost: read.text('PORTCULLIS_ADMIN_HOST') ?? '0.0.0.0',
    adminPort: read.integer('PORTCULLIS_ADMIN_PORT', { absent: 9090, min: 0, max: 65_535 }),
    bundleFolder: read.text('PORTCULLIS_BUNDLE_FOLDER'),
    credentialsFolder: read.text('PORTCULLIS_CREDENTIALS_FOLDER'),
    tenantKeysFolder: read.text('PORTCULLIS_TENANT_KEYS_FOLDER'),
    stateFolder: read.text('PORTCULLIS_STATE_FOLDER'),
    recordsFile: parseRecords(read),
    kubernetes: parseKubernetes(read),
    limitsRedis: parseLimitsRedis(read, mistakes),
    allowLoopback: read.oneOf('PORTCULLIS_ALLOW_LOOPBACK', ['no', 'yes'], 'no') === 'yes',
    maxHeaderBytes: read.integer('PORTCULLIS_MAX_HEADER_BYTES', { absent: 65_536, min: 8_192, max: 1_048_576 }),
    drainMs: read.integer('PORTCULLIS_DRAIN_SECONDS', { absent: 25, min: 0, max: 3_600 }) * 1000,
    logLevel: read.oneOf('PORTCULLIS_LOG_LEVEL', levels, 'info'),
  }
  if (config.kubernetes === undefined && config.bundleFolder === undefined) {
    mistakes.push('PORTCULLIS_BUNDLE_FOLDER: needed when PORTCULLIS_KUBERNETES is off, or there is nothing to judge by')
  }
  return mistakes.length > 0 ? { mistakes } : { config: Object.freeze(config) }
}

function parseRecords(read: Reader): string | undefined {
  const value = read.required('PORTCULLIS_RECORDS', 'a file for session records, or off')
  return value === 'off' ? undefined : value
}

function parseKubernetes(read: Reader): KubernetesConfig | undefined {
  if (read.oneOf('PORTCULLIS_KUBERNETES', ['on', 'off'], 'on') === 'off') return undefined
  return {
    kubeconfig: read.text('PORTCULLIS_KUBECONFIG'),
    namespace: read.text('PORTCULLIS_NAMESPACE') ?? 'portcullis',
    podName: read.required('PORTCULLIS_POD_NAME', 'the name of this pod (fieldRef metadata.name)'),
    podUid: read.required('PORTCULLIS_POD_UID', 'the uid of this pod (fieldRef metadata.uid)'),
  }
}

function parseLimitsRedis(read: Reader, mistakes: string[]): LimitsRedisConfig | undefined {
  const urlFile = read.text('PORTCULLIS_LIMITS_REDIS_URL_FILE')
  const caFile = read.text('PORTCULLIS_LIMITS_REDIS_CA_FILE')
  if (urlFile !== undefined) return { urlFile, caFile }
  if (caFile !== undefined) mistakes.push('PORTCULLIS_LIMITS_REDIS_CA_FILE: needs PORTCULLIS_LIMITS_REDIS_URL_FILE')
  return undefined
}

interface IntegerRange {
  readonly absent: number
  readonly min: number
  readonly max: number
}

class Reader {
  readonly #env: Env
  readonly #mistakes: string[]

  constructor(env: Env, mistakes: string[]) {
    this.#env = env
    this.#mistakes = mistakes
  }

  text(name: string): string | undefined {
    const value = this.#env[name]
    return value === undefined || value === '' ? undefined : value
  }

  required(name: string, what: string): string {
    const value = this.text(name)
    if (value === undefined) this.#mistakes.push(`${name}: missing; set it to ${what}`)
    return value ?? ''
  }

  integer(name: string, { absent, min, max }: IntegerRange): number {
    const value = this.text(name)
    if (value === undefined) return absent
    const number = Number(value)
    if (/^\d+$/u.test(value) && number >= min && number <= max) return number
    this.#mistakes.push(`${name}: must be a whole number from ${min} to ${max}`)
    return absent
  }

  oneOf<T extends string>(name: string, values: readonly T[], absent: T): T {
    const value = this.text(name)
    if (value === undefined) return absent
    const known = values.find((candidate) => candidate === value)
    if (known === undefined) this.#mistakes.push(`${name}: must be one of ${values.join(', ')}`)
    return known ?? absent
  }
}
