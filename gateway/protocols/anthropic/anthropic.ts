// Anthropic's HTTP API, as its SDKs and other servers speak it: which path is which operation, and how each is read. Every
// operation that is not here (batches, files, the older completions) is refused.
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { assertJsonBody } from '../json/body.ts'
import { readJsonObject } from '../json/fields.ts'
import { maskJsonRequest } from '../json/mask-body.ts'
import { findUpstreamModel, withModel } from '../json/model-name.ts'
import type { Protocol, ReadRequest, RequestHead, RequestPlan } from '../protocol.ts'
import { anthropicAnswer } from './answer.ts'
import { renderAnthropicError } from './error.ts'
import { toModelsFacts } from '../json/own-models.ts'
import { toModelAnswer, toModelList, toQuestion } from './models.ts'
import { requestPlace } from './places.ts'
import { readMessages } from './request.ts'

/** As the SDKs' base URL, the endpoint's base path ends before the version. */
const operations: ReadonlyMap<string, string> = new Map([
  ['/v1/messages', 'messages'],
  ['/v1/messages/count_tokens', 'messages.count_tokens'],
])

export function buildAnthropic(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      if (head.method === 'POST') return planMessages(connection, head)
      if (head.method === 'GET') return planModels(connection, head)
      throw notSupported()
    },
    renderError: renderAnthropicError,
  }
}

function notSupported(): GatewayError {
  return new GatewayError(
    'operation_not_supported',
    'This connection offers POST /v1/messages, POST /v1/messages/count_tokens, GET /v1/models and GET /v1/models/{model}.',
  )
}

function planMessages(connection: CompiledConnection, head: RequestHead): RequestPlan {
  const operation = operations.get(head.path)
  if (operation === undefined) throw notSupported()
  assertQuery(head, messagesQuery)
  assertJsonBody(head)
  const place = { path: head.path, query: head.query }
  return {
    takesBody: true,
    read: (bytes) => {
      const { text, body } = readJsonObject(bytes)
      const facts = readMessages(operation, text, body)
      const model = findUpstreamModel(connection, facts.model)
      const sent = model === facts.model ? bytes : new TextEncoder().encode(withModel(text, model))
      const upstream = { ...place, body: sent }
      const isDeclared = connection.models.size > 0
      return {
        facts,
        upstream,
        answer: anthropicAnswer,
        mask: (masks) => maskJsonRequest(upstream, requestPlace(body, masks.start, isDeclared), masks),
      }
    },
  }
}

const modelsPath = '/v1/models'

function planModels({ models }: CompiledConnection, head: RequestHead): RequestPlan {
  const names = [...models.keys()]
  if (head.path === modelsPath) {
    assertQuery(head, listQuery)
    return toPlan('models.list', '', {
      ...toQuestion({ path: head.path, query: head.query }),
      ...(names.length === 0 ? {} : { ownAnswer: toModelList(names) }),
    })
  }
  if (!head.path.startsWith(`${modelsPath}/`)) throw notSupported()
  assertQuery(head, messagesQuery)
  const name = readSegment(head.path.slice(modelsPath.length + 1))
  // The own answer names what the caller may use; the model server would name what it calls the same.
  findUpstreamModel({ models }, name)
  return toPlan('models.retrieve', name, {
    ...toQuestion({ path: head.path, query: head.query }),
    ...(names.length === 0 ? {} : { ownAnswer: toModelAnswer(name) }),
  })
}

function toPlan(
  operation: string,
  model: string,
  read: Pick<ReadRequest, 'upstream' | 'mask' | 'ownAnswer'>,
): RequestPlan {
  const facts = toModelsFacts(operation, model)
  return { takesBody: false, read: () => ({ facts, answer: anthropicAnswer, ...read }) }
}

function readSegment(segment: string): string {
  if (segment === '' || segment.includes('/')) throw notSupported()
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new GatewayError('bad_request', 'The name of the model in the path is not encoded as paths are.', { cause })
  }
}

/** What the SDKs' beta namespace adds. */
const messagesQuery = /^(?:\?(?:beta=true)?)?$/u
const listQuery = /^\?(?:(?:beta=true|limit=\d{1,4}|(?:after|before)_id=[\w.:@-]{1,128})(?:&(?=.)|$))*$|^$/u

function assertQuery({ query }: RequestHead, known: RegExp): void {
  if (known.test(query)) return
  throw new GatewayError('bad_request', 'The query has a parameter that this operation does not take.')
}
