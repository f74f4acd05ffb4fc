// The Model Context Protocol over streamable HTTP: one address, one JSON-RPC message per POST, a GET for what the server says on
// its own account, a DELETE for the end of a session. Sessions, resumed streams and revisions are the server's business.
import type { InferenceFacts } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonBody, assertNoQuery } from '../json/body.ts'
import type { Protocol, ReadRequest, RequestHead, RequestPlan } from '../protocol.ts'
import { assertAgreement, assertKnownRevision } from './agreement.ts'
import { toMcpAnswer } from './answer.ts'
import { renderMcpError, toMcpErrorOf } from './error.ts'
import { readMessage } from './message.ts'

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
  return {
    facts,
    upstream: { path: toUpstreamPath(head), query: '', body: bytes },
    answer: toMcpAnswer(id),
    ...(id === undefined ? {} : { renderError: toMcpErrorOf(id) }),
  }
}
