// Protocol HTTP in mode Declared: an API that nobody knows but the connection's owner, who says where content stands. What is not
// declared is refused. The method and the path are free within the route, and judged by rules.
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { InferenceFacts, Json } from '../../../policy/model.ts'
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { assertNoQuery } from '../json/body.ts'
import { readText } from '../json/fields.ts'
import { maskJsonBytes } from '../json/mask-body.ts'
import type { MediaType } from '../media/media-type.ts'
import { isText, parseMediaType } from '../media/media-type.ts'
import { readBoundary } from '../multipart/multipart.ts'
import { renderOpenAIError } from '../openai/error.ts'
import type { Protocol, RequestHead, UpstreamRequest } from '../protocol.ts'
import { toAnswerFormat } from './answer.ts'
import { gatherBinary, gatherJson, gatherMultipart, gatherUrlEncoded, parseJson } from './body.ts'
import type { Declaration } from './declaration.ts'
import { toDeclaration } from './declaration.ts'
import { Gathering } from './gathering.ts'
import {
  maskBinary,
  maskMultipartBody,
  maskTextPart,
  maskTypeHeader,
  maskUrlEncodedBody,
  unmaskable,
} from './mask-body.ts'
import { toDeclaredPlace } from './mask-places.ts'
import { toTexts } from './texts.ts'

export function buildDeclared(connection: CompiledConnection): Protocol {
  const { content } = connection.declared.spec
  const declaration = toDeclaration(content, 'Request')
  const answer = toAnswerFormat(renderOpenAIError, toDeclaration(content, 'Response'))
  return {
    plan: (head) => {
      assertKnownMethod(head)
      assertPlainPath(head)
      assertNoQuery(head)
      const planned = planBody(head, declaration)
      return {
        takesBody: planned !== undefined,
        read: (bytes) => {
          const into = new Gathering(declaration.fields)
          const upstream = { path: head.path, query: '', ...(planned && { body: bytes }) }
          const body = planned === undefined ? null : planned.gather(bytes, into)
          const read = { facts: toFacts(head.method, into, body), upstream, answer }
          return planned === undefined
            ? read
            : { ...read, mask: (masks) => maskUpstream(upstream, head, planned.mask(bytes, masks), masks) }
        },
      }
    },
    renderError: renderOpenAIError,
  }
}

function toFacts(operation: string, { text, fields, media }: Gathering, body: Json): InferenceFacts {
  return { operation, model: '', stream: false, prompt: text, fields, media, body }
}

const withBody = new Set(['POST', 'PUT', 'PATCH'])
const methods = new Set([...withBody, 'GET', 'DELETE'])

function assertKnownMethod({ method }: RequestHead): void {
  if (methods.has(method)) return
  throw new GatewayError('operation_not_supported', 'This connection takes GET, POST, PUT, PATCH and DELETE.')
}

/** Routing took what is ambiguous; an escape could still hold a sentence. */
function assertPlainPath({ path }: RequestHead): void {
  if (!path.includes('%')) return
  throw new GatewayError('operation_not_supported', 'The path on this connection must do without percent signs.')
}

function maskUpstream(
  upstream: UpstreamRequest,
  { headers }: RequestHead,
  body: Uint8Array,
  masks: TextMasks,
): UpstreamRequest {
  const described = maskTypeHeader(headers['content-type'] ?? '', masks)
  return body === upstream.body && described.headers === undefined ? upstream : { ...upstream, body, ...described }
}

interface PlannedBody {
  /** Gathers into the second; gives the body as a value. */
  readonly gather: (bytes: Uint8Array, into: Gathering) => Json
  /** Of what was gathered; the very same bytes when nothing was found. */
  readonly mask: (bytes: Uint8Array, masks: TextMasks) => Uint8Array
}

/** Undefined: the call has no body. */
function planBody(head: RequestHead, declaration: Declaration): PlannedBody | undefined {
  if (!withBody.has(head.method) || !announcesBody(head)) return undefined
  const mediaType = parseMediaType(head.headers['content-type'] ?? '')
  const planned =
    mediaType &&
    (planJson(mediaType, declaration) ??
      planText(mediaType, declaration) ??
      planForm(mediaType, declaration) ??
      planBinary(mediaType, declaration))
  if (planned !== undefined) return planned
  throw new GatewayError('content_type_unsupported', 'This connection declares no content of this content type.')
}

function announcesBody({ headers }: RequestHead): boolean {
  const length = headers['content-length'] ?? '0'
  return headers['content-type'] !== undefined || headers['transfer-encoding'] !== undefined || length !== '0'
}

function planJson(mediaType: MediaType, declaration: Declaration): PlannedBody | undefined {
  const { wholeText, places } = declaration
  if (!isText(mediaType, 'application/json') || (wholeText ?? places) === undefined) return undefined
  return {
    gather: (bytes, into) => {
      const body = parseJson(readText(bytes))
      gatherJson(body, declaration, into)
      return body
    },
    mask: (bytes, masks) => maskJsonBytes(bytes, toDeclaredPlace(declaration, masks), masks),
  }
}

function planText(mediaType: MediaType, { wholeText }: Declaration): PlannedBody | undefined {
  if (!isText(mediaType, 'text/plain') || wholeText === undefined) return undefined
  return {
    gather: (bytes, into) => {
      for (const text of toTexts(readText(bytes))) into.addText(text, [wholeText])
      return null
    },
    mask: (bytes, masks) => maskTextPart({ mediaType, content: bytes }, [wholeText], masks),
  }
}

function planForm(mediaType: MediaType, declaration: Declaration): PlannedBody | undefined {
  if (declaration.parts.size === 0) return undefined
  if (isText(mediaType, 'application/x-www-form-urlencoded')) {
    return {
      gather: (bytes, into) => {
        gatherUrlEncoded(bytes, declaration, into)
        return null
      },
      mask: (bytes, masks) => maskUrlEncodedBody(bytes, { declaration, masks }),
    }
  }
  if (mediaType.type !== 'multipart/form-data') return undefined
  const boundary = readBoundary(mediaType)
  return {
    gather: (bytes, into) => {
      gatherMultipart(bytes, boundary, { declaration, into })
      return null
    },
    mask: (bytes, masks) => maskMultipartBody(bytes, boundary, { declaration, masks }),
  }
}

const notBinary = /^(?:text\/plain|application\/(?:json|x-www-form-urlencoded)|multipart\/.*)$/u

function planBinary({ type }: MediaType, declaration: Declaration): PlannedBody | undefined {
  const { wholeBinary: name } = declaration
  if (name === undefined || notBinary.test(type)) return undefined
  return {
    gather: (content, into) => {
      gatherBinary({ name, type, content }, { declaration, into })
      return null
    },
    mask: (content, masks) => maskBinary(content, name, { masks, fail: unmaskable }),
  }
}
