// OpenAI's HTTP API, as its SDKs and many servers speak it: which path is which operation, and how each is read. Every operation
// that is not in the table is refused.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonBody } from '../json/body.ts'
import { readJsonObject } from '../json/fields.ts'
import { findUpstreamModel, withModel } from '../json/model-name.ts'
import type { AnswerFormat, Protocol, ReadRequest, RequestHead } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { readChat } from './chat.ts'
import { renderOpenAIError } from './error.ts'

/** The endpoint's base path ends in the version (`/v1`, unless its URL says otherwise), as the SDKs' base URL does. */
const operations: ReadonlyMap<string, string> = new Map([
  ['/v1/chat/completions', '/chat/completions'],
  ['/chat/completions', '/chat/completions'],
])

export function buildOpenAI(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      const path = operations.get(head.path)
      if (path === undefined || head.method !== 'POST') {
        throw new GatewayError(
          'operation_not_supported',
          'This connection offers POST /v1/chat/completions and nothing else yet.',
        )
      }
      assertKnownQuery(head)
      assertJsonBody(head)
      return { takesBody: true, read: (bytes) => readRequest(connection, { path, query: head.query }, bytes) }
    },
    renderError: renderOpenAIError,
  }
}

interface Place {
  readonly path: string
  readonly query: string
}

function readRequest(connection: CompiledConnection, place: Place, bytes: Uint8Array): ReadRequest {
  const { text, body } = readJsonObject(bytes)
  const facts = readChat(body)
  const model = findUpstreamModel(connection, facts.model)
  return {
    facts,
    upstream: { ...place, body: model === facts.model ? bytes : new TextEncoder().encode(withModel(text, model)) },
    answer: unread,
  }
}

const unread: AnswerFormat = {
  readWhole: () => {
    throw new AnswerUnreadable('Answers of this operation are not read yet.')
  },
  openStream: () => undefined,
}

/** Azure's version is harmless and needed. */
const knownQuery = /^(?:\?(?:api-version=[\w.-]{1,64})?)?$/u

function assertKnownQuery({ query }: RequestHead): void {
  if (knownQuery.test(query)) return
  throw new GatewayError('bad_request', 'The only query parameter of this operation is api-version.')
}
