// Facts as CEL sees them: integers as int (also in undeclared JSON, as in Kubernetes), list elements as typed structs, time as a
// timestamp. Only what the programs read is made, so that a rule on the model's name never pays for the body.
import type { Activation } from './expression.ts'
import { CelMessage, CelTool, CelToolCall } from './expression.ts'
import type { Facts, Json } from './model.ts'

type Reads = ReadonlySet<string>

export function toActivation(facts: Facts, reads: Reads): Activation {
  return {
    identity: toIdentityView(facts, reads),
    connection: facts.connection,
    request: toRequestView(facts, reads),
    // oxlint-disable-next-line no-restricted-globals -- a pure conversion of a number that came in as an argument
    now: new Date(facts.nowMs),
  }
}

function toIdentityView({ identity }: Facts, reads: Reads): unknown {
  if (!reads.has('identity.claims') && !reads.has('identity')) return identity
  return { ...identity, claims: toCelJson(identity.claims) }
}

function toRequestView({ request }: Facts, reads: Reads): unknown {
  const view: Record<string, unknown> = { ...request, bytes: BigInt(request.bytes) }
  if (request.maxTokens !== undefined) view['maxTokens'] = BigInt(request.maxTokens)
  const all = reads.has('request')
  for (const [field, convert] of converters) {
    if (request[field] !== undefined && (all || reads.has(`request.${field}`))) view[field] = convert(request)
  }
  return view
}

type Request = Facts['request']
type Converted = 'messages' | 'tools' | 'toolCalls' | 'parameters' | 'body'

const converters: readonly (readonly [Converted, (request: Request) => unknown])[] = [
  ['messages', ({ messages }) => messages?.map((message) => new CelMessage(message))],
  ['tools', ({ tools }) => tools?.map((tool) => new CelTool(tool))],
  ['toolCalls', ({ toolCalls }) => toolCalls?.map((call) => new CelToolCall(call))],
  ['parameters', ({ parameters }) => toCelJson(parameters ?? {})],
  ['body', ({ body }) => toCelJson(body ?? null)],
]

/** JSON with its integers as int. Keys that JavaScript objects inherit are kept as data by copying onto bare objects. */
export function toCelJson(value: Json): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(toCelJson)
  if (value !== null && typeof value === 'object') {
    return new Map(Object.entries(value).map(([key, item]) => [key, toCelJson(item)]))
  }
  return value
}
