// The operator's start-up settings, from the environment, all checked at once. What concerns teams or models is a field of a custom
// resource or of the platform settings, never a variable here.

export interface Config {
  /** Of the product: policies in it are the baseline, and everything that is published goes there. */
  readonly namespace: string
  readonly podName: string
  /** As which the operator runs: named in the YAML that people are told to apply. */
  readonly serviceAccount: string
  readonly gatewayService: string
  readonly clusterDomain: string
  /** Absent: the pod's own ServiceAccount. */
  readonly kubeconfig: string | undefined
  /** Lets connections name loopback addresses: for tests and standalone use. No custom resource can set it. */
  readonly allowLoopback: boolean
  readonly adminHost: string
  readonly adminPort: number
  readonly drainMs: number
  readonly leaseMs: number
  /** How often each referenced Secret is read again: what a rotation may take to arrive. */
  readonly referenceMs: number
  readonly logLevel: LogLevel
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export type Env = Readonly<Record<string, string | undefined>>

export type ParsedConfig = { readonly config: Config } | { readonly mistakes: readonly string[] }

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u
const domain = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/u

export function parseConfig(env: Env): ParsedConfig {
  const read = new Reader(env)
  const leaseSeconds = read.integer('PORTCULLIS_LEASE_SECONDS', { absent: 15, min: 3, max: 60 })
  const config: Config = {
    namespace: read.matching('PORTCULLIS_NAMESPACE', label, 'portcullis'),
    podName: read.matching('PORTCULLIS_POD_NAME', domain),
    serviceAccount: read.matching('PORTCULLIS_SERVICE_ACCOUNT', domain, 'operator'),
    gatewayService: read.matching('PORTCULLIS_GATEWAY_SERVICE', label, 'portcullis-gateway'),
    clusterDomain: read.matching('PORTCULLIS_CLUSTER_DOMAIN', domain, 'cluster.local'),
    kubeconfig: read.text('PORTCULLIS_KUBECONFIG'),
    allowLoopback: read.oneOf('PORTCULLIS_ALLOW_LOOPBACK', ['no', 'yes'], 'no') === 'yes',
    adminHost: read.text('PORTCULLIS_ADMIN_HOST') ?? '0.0.0.0',
    adminPort: read.integer('PORTCULLIS_ADMIN_PORT', { absent: 9090, min: 0, max: 65_535 }),
    drainMs: read.integer('PORTCULLIS_DRAIN_SECONDS', { absent: 20, min: 0, max: 300 }) * 1000,
    leaseMs: leaseSeconds * 1000,
    referenceMs: read.integer('PORTCULLIS_REFERENCE_SECONDS', { absent: 15, min: 1, max: 600 }) * 1000,
    logLevel: read.oneOf('PORTCULLIS_LOG_LEVEL', levels, 'info'),
  }
  return read.mistakes.length > 0 ? { mistakes: read.mistakes } : { config: Object.freeze(config) }
}

interface IntegerRange {
  readonly absent: number
  readonly min: number
  readonly max: number
}

/** Values are not repeated in mistakes: a variable that was mixed up may hold a secret. */
class Reader {
  readonly mistakes: string[] = []
  readonly #env: Env

  constructor(env: Env) {
    this.#env = env
  }

  text(name: string): string | undefined {
    const value = this.#env[name]
    return value === undefined || value === '' ? undefined : value
  }

  matching(name: string, pattern: RegExp, absent?: string): string {
    const value = this.text(name) ?? absent
    if (value === undefined)
      this.mistakes.push(`${name}: missing; set it to the name of this pod (fieldRef metadata.name)`)
    else if (!pattern.test(value))
      this.mistakes.push(`${name}: must be a name as Kubernetes has them, such as ${absent ?? 'operator-0'}`)
    return value ?? ''
  }

  integer(name: string, { absent, min, max }: IntegerRange): number {
    const value = this.text(name)
    if (value === undefined) return absent
    const number = Number(value)
    if (/^\d{1,9}$/u.test(value) && number >= min && number <= max) return number
    this.mistakes.push(`${name}: must be a whole number from ${min} to ${max}`)
    return absent
  }

  oneOf<T extends string>(name: string, values: readonly T[], absent: T): T {
    const value = this.text(name)
    if (value === undefined) return absent
    const known = values.find((candidate) => candidate === value)
    if (known === undefined) this.mistakes.push(`${name}: must be one of ${values.join(', ')}`)
    return known ?? absent
  }
}
