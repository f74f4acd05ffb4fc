// A call as a person writes it in a file, and the readers for it: who asks, what is asked, and what a model server would answer.
// Everything that a case of a test and a call to be explained have in common.
import type { Identity, JsonObject } from '../../policy/model.ts'
import type { Place, Read } from '../../policy/settings-reader.ts'
import { addProblem, isPlainObject, listOf, objectOf, oneOf, optional, text } from '../../policy/settings-reader.ts'

export interface IdentitySpec {
  readonly issuer?: string
  readonly subject?: string
  readonly username?: string
  readonly email?: string
  readonly kind?: Identity['kind']
  readonly groups?: readonly string[]
  readonly scopes?: readonly string[]
  readonly claims?: JsonObject
  /** `namespace/name`: everything that a token of this service account says. */
  readonly serviceAccount?: string
}

/** At most one of `json`, `text` and `base64`. */
export interface BodySpec {
  readonly json?: unknown
  readonly text?: string
  readonly base64?: string
}

export interface RequestSpec extends BodySpec {
  /** Absent: POST with a body, GET without. */
  readonly method?: string
  readonly host?: string
  /** With its query, if there is one. Behind the connection's own prefix where the call names a connection. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly sourceIP?: string
}

export interface EventSpec {
  readonly event?: string
  /** Text as it is, everything else as JSON. */
  readonly data: unknown
}

/** At most one of the three of BodySpec and `events`. */
export interface AnswerSpec extends BodySpec {
  /** Absent: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A stream of server-sent events. */
  readonly events?: readonly EventSpec[]
}

export interface CallSpec {
  /** `namespace/name`. Absent: the path of the request finds it, as in the gateway. */
  readonly connection?: string
  readonly request: RequestSpec
  readonly answer?: AnswerSpec
  /** When the call begins. */
  readonly now?: string
}

const word = text({ max: 1024, expected: 'a text' })
export const name = text({ max: 256, expected: 'a name' })
export const anyText: Read<string> = (value, at) =>
  typeof value === 'string' ? value : addProblem(at, 'must be a text')
/** `null` is a body of its own, so that absence cannot be told by the value. */
const anyJson: Read<object> = (value, at) =>
  isJson(value) ? { value } : addProblem(at, 'must be JSON: no dates, tags or endless numbers')
const base64 = text({ max: 16_777_216, pattern: /^[A-Za-z0-9+/]*={0,2}$/, expected: 'base64' })
export const objectName = text({
  max: 317,
  pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
  expected: 'namespace/name',
})
/** As in RFC 3339, so that nobody has to guess a time zone. */
export const instant = text({
  max: 40,
  pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  test: (value) => !Number.isNaN(Date.parse(value)),
  expected: 'a time such as 2026-11-20T12:00:00Z',
})
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/
const headers: Read<Readonly<Record<string, string>>> = (value, at) => {
  const fits = isPlainObject(value) && Object.values(value).every((one) => typeof one === 'string')
  if (!fits) return addProblem(at, 'must be a map of texts (quote numbers and true or false)')
  const wrong = Object.keys(value).find((one) => !headerName.test(one))
  if (wrong !== undefined) return addProblem(at, 'has a name that no header can have')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every value was looked at just above
  return value as Readonly<Record<string, string>>
}
const claims: Read<JsonObject> = (value, at) => {
  if (!isPlainObject(value) || !isJson(value)) return addProblem(at, 'must be a map of JSON values')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- isJson looked at all of it
  return value as JsonObject
}

export function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  return isPlainObject(value) && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson)
}

const plainIdentity = objectOf<IdentitySpec>({
  issuer: optional(word),
  subject: optional(word),
  username: optional(word),
  email: optional(word),
  kind: optional(oneOf(['User', 'ServiceAccount', 'Workload'])),
  groups: optional(listOf(word, { max: 1000 })),
  scopes: optional(listOf(word, { max: 1000 })),
  claims: optional(claims),
  serviceAccount: optional(objectName),
})

export const readIdentity: Read<IdentitySpec> = (value, at) => {
  const read = plainIdentity(value, at)
  if (read === undefined) return undefined
  const { serviceAccount, username, subject, kind } = read
  if (serviceAccount === undefined) return username === undefined ? addProblem(at, 'needs a username') : read
  const twice = [username, subject, kind].some((one) => one !== undefined)
  return twice ? addProblem(at, 'serviceAccount says username, subject and kind already; leave them out') : read
}

export const readIdentities: Read<Readonly<Record<string, IdentitySpec>>> = (value, at) => {
  if (!isPlainObject(value)) return addProblem(at, 'must be a map of identities by name')
  const read = Object.entries(value).map(
    ([one, spec]) => [one, readIdentity(spec, { ...at, path: `${at.path}.${one}` })] as const,
  )
  return Object.fromEntries(read.flatMap(([one, spec]) => (spec === undefined ? [] : [[one, spec]])))
}

/** The wrapped value of `json`, so that `json: null` is seen. */
interface RawBody {
  readonly json?: object
  readonly text?: string
  readonly base64?: string
}

type Raw<T extends BodySpec> = Omit<T, 'json'> & RawBody

const body = { json: optional(anyJson), text: optional(anyText), base64: optional(base64) }

const rawRequest = objectOf<Raw<RequestSpec>>({
  ...body,
  method: optional(text({ max: 32, pattern: /^[A-Z]+$/, expected: 'a method such as POST' })),
  host: optional(text({ max: 260, pattern: /^[\w.[\]:-]+$/, expected: 'a host name' })),
  path: text({ max: 4096, pattern: /^\//, expected: 'a path that starts with a slash' }),
  headers: optional(headers),
  sourceIP: optional(text({ max: 64, pattern: /^[0-9a-fA-F.:]+$/, expected: 'an IP address' })),
})

const rawEvent = objectOf<{ readonly event?: string; readonly data: object }>({
  event: optional(text({ max: 256, expected: 'a name' })),
  data: anyJson,
})

const rawAnswer = objectOf<
  Omit<Raw<AnswerSpec>, 'events'> & { readonly events?: readonly { event?: string; data: object }[] }
>({
  ...body,
  status: optional((value, at) =>
    Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599
      ? Number(value)
      : addProblem(at, 'must be a status from 100 to 599'),
  ),
  headers: optional(headers),
  events: optional(listOf(rawEvent, { min: 1, max: 10_000 })),
})

const bodyWays = ['json', 'text', 'base64'] as const

const rawBody = objectOf<RawBody>(body)

/** One that is expected: it says something. */
export const readBody: Read<BodySpec> = (value, at) => {
  const read = withBody(rawBody(value, at), at, bodyWays)
  if (read === undefined) return undefined
  return Object.keys(read).length === 0 ? addProblem(at, 'needs json, text or base64') : read
}

export const readRequest: Read<RequestSpec> = (value, at) => withBody(rawRequest(value, at), at, bodyWays)

export const readAnswer: Read<AnswerSpec> = (value, at) => {
  const read = withBody(rawAnswer(value, at), at, [...bodyWays, 'events'])
  if (read === undefined) return undefined
  const { events, ...rest } = read
  return events === undefined
    ? rest
    : { ...rest, events: events.map(({ data, ...event }) => ({ ...event, data: unwrap(data) })) }
}

function withBody<T extends RawBody>(
  read: T | undefined,
  at: Place,
  ways: readonly (keyof T & string)[],
): (Omit<T, 'json'> & { readonly json?: unknown }) | undefined {
  if (read === undefined) return undefined
  const given = ways.filter((way) => read[way] !== undefined)
  if (given.length > 1) return addProblem(at, `has ${given.join(' and ')}; a body is written in one way`)
  const { json, ...rest } = read
  return json === undefined ? rest : { ...rest, json: unwrap(json) }
}

function unwrap(wrapped: object): unknown {
  return 'value' in wrapped ? wrapped.value : undefined
}

const usualIssuer = 'https://idp.example.com'
const clusterIssuer = 'https://kubernetes.default.svc.cluster.local'

/** What is not said is what a token without that claim gives. */
export function toIdentity(spec: IdentitySpec): Identity {
  const { serviceAccount, groups = [], scopes = [], claims: given = {}, email = '' } = spec
  const caller = serviceAccount === undefined ? toPerson(spec) : toServiceAccount(spec, serviceAccount)
  return { ...caller, email, groups: [...caller.groups, ...groups], scopes, claims: given }
}

type Caller = Pick<Identity, 'issuer' | 'subject' | 'username' | 'kind' | 'groups'>

function toPerson({ issuer = usualIssuer, username = '', subject = username, kind = 'User' }: IdentitySpec): Caller {
  return { issuer, subject, username, kind, groups: [] }
}

/** As policy/identity.ts reads a projected token. */
function toServiceAccount({ issuer = clusterIssuer }: IdentitySpec, serviceAccount: string): Caller {
  const [namespace = ''] = serviceAccount.split('/')
  const subject = `system:serviceaccount:${serviceAccount.replace('/', ':')}`
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  return { issuer, subject, username: subject, kind: 'ServiceAccount', groups }
}
