// What can go wrong between us and the Kubernetes API, as a closed list of codes. A KubeError never carries the
// server's body, headers or free text: validation messages echo the values they refuse, and those may be secrets.

export type KubeErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Forbidden'
  | 'Unauthorized'
  | 'Invalid'
  | 'BadRequest'
  | 'Gone'
  | 'TooLarge'
  | 'TooManyRequests'
  | 'Unavailable'
  | 'Timeout'
  | 'Network'
  | 'Aborted'
  | 'Undecodable'
  | 'Unexpected'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

/** What was being attempted: names only, fit for logs and metrics. */
export interface KubeCall {
  readonly verb: Verb
  /** Plural, group and subresource as in RBAC: `leases.coordination.k8s.io`, `pods/status`. */
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

export interface KubeErrorOptions {
  readonly status?: number | undefined
  readonly detail?: string | undefined
  readonly retryAfterMs?: number | undefined
}

export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly code: KubeErrorCode
  readonly call: KubeCall
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: KubeErrorCode, call: KubeCall, options: KubeErrorOptions = {}) {
    const detail = options.detail === undefined ? '' : `: ${options.detail}`
    super(`${toWords(call)} failed (${code})${detail}`)
    this.code = code
    this.call = call
    this.status = options.status
    this.retryAfterMs = options.retryAfterMs
  }
}

export function isKubeError(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code))
}

function toWords(call: KubeCall): string {
  const object = [call.namespace, call.name].filter((part) => part !== undefined).join('/')
  return `${call.verb} ${call.resource}${object === '' ? '' : ` ${object}`}`
}

const byReason: Readonly<Record<string, KubeErrorCode>> = {
  NotFound: 'NotFound',
  AlreadyExists: 'AlreadyExists',
  Conflict: 'Conflict',
  Forbidden: 'Forbidden',
  Unauthorized: 'Unauthorized',
  Invalid: 'Invalid',
  BadRequest: 'BadRequest',
  Gone: 'Gone',
  Expired: 'Gone',
  RequestEntityTooLarge: 'TooLarge',
  TooManyRequests: 'TooManyRequests',
  ServerTimeout: 'Unavailable',
  ServiceUnavailable: 'Unavailable',
  InternalError: 'Unavailable',
  Timeout: 'Timeout',
}

const byStatus: Readonly<Record<number, KubeErrorCode>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'TooLarge',
  422: 'Invalid',
  429: 'TooManyRequests',
  504: 'Timeout',
}

/** From an HTTP reply that is not a success, or from the Status object of a watch's ERROR event. */
export function toKubeError(call: KubeCall, body: unknown, options: KubeErrorOptions = {}): KubeError {
  const said = readStatus(body)
  const status = options.status ?? said.status
  const code = toCode(said.reason, status ?? 0)
  return new KubeError(code, call, {
    status,
    retryAfterMs: options.retryAfterMs ?? said.retryAfterMs,
    detail: toDetail(code, said),
  })
}

function toCode(reason: string, status: number): KubeErrorCode {
  return byReason[reason] ?? byStatus[status] ?? (status >= 500 ? 'Unavailable' : 'Unexpected')
}

/** From whatever the HTTP client threw: only its code survives, such as ECONNREFUSED. */
export function toNetworkError(call: KubeCall, error: unknown): KubeError {
  if (error instanceof KubeError) return error
  const code = isRecord(error) && typeof error['code'] === 'string' ? error['code'] : undefined
  const safe = code !== undefined && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)
  return new KubeError('Network', call, {
    detail: safe ? `no answer from the API server, ${code}` : 'no answer from the API server',
  })
}

interface Said {
  readonly status: number | undefined
  readonly reason: string
  readonly message: string
  readonly fields: readonly string[]
  readonly retryAfterMs: number | undefined
}

function readStatus(body: unknown): Said {
  const { code, reason, message, details } = isRecord(body) ? body : {}
  const { causes, retryAfterSeconds } = isRecord(details) ? details : {}
  const listed: readonly unknown[] = Array.isArray(causes) ? causes : []
  return {
    status: typeof code === 'number' ? code : undefined,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : '',
    fields: listed.flatMap((cause) => (isRecord(cause) && typeof cause['field'] === 'string' ? [cause['field']] : [])),
    retryAfterMs: typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined,
  }
}

// Sentences whose every part is a name. Anything else the server says may quote the object.
const safeSentences: readonly RegExp[] = [
  /User "[\w.@:+-]{1,256}" cannot \w{1,20} resource "[\w./-]{1,128}" in API group "[\w.-]{0,128}"(?: in the namespace "[\w.-]{1,63}"| at the cluster scope)?/,
  /ValidatingAdmissionPolicy '[\w.-]{1,253}' with binding '[\w.-]{1,253}' denied request/,
  /admission webhook "[\w.-]{1,253}" denied the request/,
  /exceeded quota: [\w.-]{1,253}/,
  /unable to create new content in namespace [\w.-]{1,63} because it is being terminated/,
  /sendInitialEvents is forbidden for watch/,
]

function toDetail(code: KubeErrorCode, said: Said): string | undefined {
  for (const sentence of safeSentences) {
    const safe = sentence.exec(said.message)?.[0]
    if (safe !== undefined) return safe
  }
  const fields = [...new Set(said.fields.map(toSafeField))].slice(0, 8)
  if (fields.length === 0) return undefined
  return `${code === 'Conflict' ? 'owned by another manager' : 'at'} ${fields.join(', ')}`
}

/** Keeps the path, drops map keys that do not look like names: a key can be anything a user typed. */
function toSafeField(field: string): string {
  return field
    .slice(0, 160)
    .replace(/\[[^\]]*\]?/g, (key) => (/^\[(?:\d{1,6}|[a-z]{1,30}="[\w.-]{1,63}")\]$/.test(key) ? key : '[*]'))
    .replace(/[^\w.[\]="*-]/g, '_')
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
