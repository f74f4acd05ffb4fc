// `connectKube` wires credentials, pace and transport into the one client of a process, and makes
// @kubernetes/client-node's generated clients travel the same road.
import type { ApiConstructor, ApiType, RequestContext } from '@kubernetes/client-node'
import { createConfiguration, ResponseContext, ServerConfiguration, wrapHttpLibrary } from '@kubernetes/client-node'
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import type { CredentialOptions } from './credentials.ts'
import { Credentials } from './credentials.ts'
import type { BackoffRange, Rate } from './pace.ts'
import { TokenBucket } from './pace.ts'
import type { RequestMetrics } from './telemetry.ts'
import type { KubeRequest } from './transport.ts'
import { Transport } from './transport.ts'

export interface KubeClientOptions extends CredentialOptions {
  readonly rate?: Rate
  readonly retry?: BackoffRange
  readonly clock?: Clock
  readonly random?: () => number
  readonly metrics?: RequestMetrics
}

export interface KubeClient extends AsyncDisposable {
  readonly server: string
  /** The namespace of the kubeconfig's context, or of the pod. */
  readonly namespace: string | undefined
  readonly transport: Transport
  /** For the one call that is not the API's own JSON: fetching the cluster's signing keys. */
  readonly credentials: Pick<Credentials, 'server' | 'read'>
  /** A generated client, for calls whose typed form fits: `client.make(AuthenticationV1Api)`. */
  readonly make: <T extends ApiType>(api: ApiConstructor<T>) => T
  readonly close: () => Promise<void>
}

const defaultRate: Rate = { perSecond: 50, burst: 100 }
const silent: RequestMetrics = { requested: () => {}, throttled: () => {} }

/** Throws when the kubeconfig cannot be read; makes no call of its own. */
export function connectKube(options: KubeClientOptions = {}): KubeClient {
  const clock = options.clock ?? systemClock
  const credentials = new Credentials(options, clock)
  const transport = new Transport({
    clock,
    random: options.random ?? Math.random,
    metrics: options.metrics ?? silent,
    credentials,
    retry: options.retry ?? { minMs: 100, maxMs: 5_000 },
    bucket: new TokenBucket(options.rate ?? defaultRate, clock.monotonicMs),
  })
  const close = async (): Promise<void> => credentials.close()
  return {
    server: credentials.server,
    namespace: credentials.namespace,
    transport,
    credentials,
    make: (api) => makeTyped(transport, api),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function makeTyped<T extends ApiType>(transport: Transport, api: ApiConstructor<T>): T {
  const httpApi = wrapHttpLibrary({ send: async (context) => toContext(transport, toRequest(context)) })
  // Only the path counts: the transport knows the server, and signs each attempt so that a retry carries the newest token.
  return new api(createConfiguration({ baseServer: new ServerConfiguration('http://kubernetes', {}), httpApi }))
}

function toRequest(context: RequestContext): KubeRequest {
  const url = new URL(context.getUrl())
  const body = context.getBody()
  if (body !== undefined && typeof body !== 'string') throw new Error('only JSON bodies travel to the Kubernetes API')
  return {
    method: toMethod(context.getHttpMethod()),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: context.getHeaders(),
    body,
    signal: context.getSignal(),
  }
}

function toMethod(method: string): KubeRequest['method'] {
  const known = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find((candidate) => candidate === method)
  if (known === undefined) throw new Error(`HTTP method ${method} is not used by the Kubernetes API`)
  return known
}

async function toContext(transport: Transport, request: KubeRequest): Promise<ResponseContext> {
  const { status, headers, body } = await transport.send(request)
  return new ResponseContext(
    status,
    { ...headers },
    {
      text: async () => body,
      binary: async () => Buffer.from(body),
      stream: () => null,
    },
  )
}
