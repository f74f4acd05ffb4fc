// TorchServe's inference API: predictions, explanations, and whether it is alive. Bodies are whatever a model's handler takes, so
// everything in them counts: text of JSON, of forms and of plain bodies as prompt, all else as media.
import type { InferenceFacts } from '../../../policy/model.ts'
import type { CompiledConnection } from '../../../policy/snapshot.ts'
import { GatewayError } from '../../errors.ts'
import { toAnswerFormat } from '../declared/answer.ts'
import { maskTypeHeader } from '../declared/mask-body.ts'
import { assertNoQuery } from '../json/body.ts'
import { findTarget } from '../open-inference/model-path.ts'
import type { Protocol, RequestHead, RequestPlan } from '../protocol.ts'
import { planContent } from './content.ts'
import { renderTorchServeError } from './error.ts'

const modelPath = /^\/(?<verb>predictions|explanations)\/(?<model>[^/]+)(?:\/(?<version>[^/]+))?$/
const operations: ReadonlyMap<string, string> = new Map([
  ['predictions', 'predict'],
  ['explanations', 'explain'],
])
/** The server takes both, and its own examples send files with `curl -T`. */
const methods = new Set(['POST', 'PUT'])

export function buildTorchServe(connection: CompiledConnection): Protocol {
  return {
    plan: (head) => {
      assertNoQuery(head)
      return head.method === 'GET' && head.path === '/ping' ? ping : planModel(head, findModel(connection, head))
    },
    renderError: renderTorchServeError,
  }
}

interface Target {
  readonly named: Required<Pick<InferenceFacts, 'operation' | 'model' | 'version'>>
  readonly path: string
}

function findModel(connection: CompiledConnection, { method, path }: RequestHead): Target {
  const { verb = '', model = '', version: asked = '' } = modelPath.exec(path)?.groups ?? {}
  const operation = operations.get(verb)
  if (operation === undefined || !methods.has(method)) {
    throw new GatewayError(
      'operation_not_supported',
      'This connection offers POST and PUT to /predictions/{model} and /explanations/{model}, and GET /ping.',
    )
  }
  const { model: upstream, version } = findTarget(connection, { model, version: asked })
  return {
    named: { operation, model, version },
    path: `/${verb}/${upstream}${version === '' ? '' : `/${version}`}`,
  }
}

/** Its handlers write what they want, so an answer may be a binary too. */
const answer = toAnswerFormat(renderTorchServeError)

const alive = {
  operation: 'ping',
  model: '',
  version: '',
  stream: false,
  prompt: '',
  fields: {},
  media: [],
  body: null,
}
const ping: RequestPlan = {
  takesBody: false,
  read: () => ({ facts: alive, upstream: { path: '/ping', query: '' }, answer }),
}

function planModel(head: RequestHead, { named, path }: Target): RequestPlan {
  const { read, mask } = planContent(head)
  return {
    takesBody: true,
    read: (bytes) => {
      const upstream = { path, query: '', body: bytes }
      return {
        facts: { ...named, stream: false, ...read(bytes) },
        upstream,
        answer,
        mask: (masks) => {
          const body = mask(bytes, masks)
          const described = maskTypeHeader(head.headers['content-type'] ?? '', masks)
          return body === bytes && described.headers === undefined ? upstream : { ...upstream, body, ...described }
        },
      }
    },
  }
}
