// The Model Context Protocol over streamable HTTP: one address, one JSON-RPC message per POST, a GET for what the server says on
// its own account, a DELETE for the end of a session. Sessions, resumed streams and revisions are the server's business.
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { InferenceFacts } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonBody, assertNoQuery } from '../json/body.ts'
import { readText } from '../json/fields.ts'
import { maskJsonRequest } from '../json/mask-body.ts'
import { isJsonObject, parseStrictJson } from '../json/strict-json.ts'
import type { Protocol, ReadRequest, RequestHead, RequestPlan, UpstreamRequest } from '../protocol.ts'
import { agreeAgain, assertAgreement, assertKnownRevision } from './agreement.ts'
import { toMcpAnswer } from './answer.ts'
import { renderMcpError, toMcpErrorOf } from './error.ts'
import type { Message } from './message.ts'
import { readMessage } from './message.ts'
import { requestPlace } from './places.ts'

/** `/mcp` goes behind the endpoint's base path; `/` is the endpoint's own address. */
const paths: ReadonlySet<string> = new Set(['/', '/mcp'])

/** What a request without a body asks for. */
const bare: ReadonlyMap<string, string> = new Map([
  ['GET', 'stream'],
  ['DELETE', 'session/delete'],
])

export function buildMcp(): Protocol {
  return { plan: planMcp, renderError: renderMcpError }
}

function planMcp(head: RequestHead): RequestPlan {
  const operation = bare.get(head.method)
  if (!paths.has(head.path) || (operation === undefined && head.method !== 'POST')) {
    throw new GatewayError('operation_not_supported', 'This connection offers POST, GET and DELETE of /mcp and of /.')
  }
  assertNoQuery(head)
  assertKnownRevision(head.headers)
  const upstream = { path: toUpstreamPath(head), query: '' }
  if (operation !== undefined) {
    const facts = { ...nothingAsked, operation, stream: operation === 'stream' }
    return { takesBody: false, read: () => ({ facts, upstream, answer: toMcpAnswer(undefined) }) }
  }
  assertJsonBody(head)
  return { takesBody: true, read: (bytes) => readPosted(head, bytes) }
}

const nothingAsked: Omit<InferenceFacts, 'operation' | 'stream'> = {
  model: '',
  prompt: '',
  tools: [],
  toolCalls: [],
  parameters: {},
  body: null,
}

function toUpstreamPath({ path }: RequestHead): string {
  return path === '/' ? '' : path
}

function readPosted(head: RequestHead, bytes: Uint8Array): ReadRequest {
  const message = readMessage(bytes)
  assertAgreement(head.headers, message)
  const { id, facts } = message
  const upstream = { path: toUpstreamPath(head), query: '', body: bytes }
  return {
    facts,
    upstream,
    answer: toMcpAnswer(id),
    mask: (masks) => maskPosted({ head, message, upstream }, masks),
    ...(id === undefined ? {} : { renderError: toMcpErrorOf(id) }),
  }
}

interface Posted {
  readonly head: RequestHead
  readonly message: Message
  readonly upstream: UpstreamRequest
}

/**
 * Headers that repeat the body say what the masked one says. An id comes back in the answer and must be the one that was sent, so a
 * message with text in its id that a mask would change is refused: what the server has no need of is not sent, and nobody waits in vain.
 */
function maskPosted({ head, message, upstream }: Posted, masks: TextMasks): UpstreamRequest {
  const { body } = message.facts
  const masked = maskJsonRequest(upstream, requestPlace(body, masks.start), masks)
  if (masked === upstream || masked.body === undefined || !isJsonObject(body)) return upstream
  const sent = parseStrictJson(readText(masked.body))
  if ('refused' in sent || !isJsonObject(sent.value)) throw new Error('a masked message is no message any more')
  if (sent.value['id'] !== body['id']) {
    throw new GatewayError('bad_request', 'The `id` of the message holds data that a policy masks; send another one.')
  }
  const params = sent.value['params']
  const headers = agreeAgain(head.headers, message, isJsonObject(params) ? params : {})
  return Object.keys(headers).length === 0 ? masked : { ...masked, headers }
}
