// Fetches discovery documents and key sets over undici: small, verified by TLS, no redirects, one connection that is closed
// behind it. The gateway's own token goes to the API server and nowhere else.
import type { Dispatcher } from 'undici'
import { Agent, request as send } from 'undici'
import type { FetchKeys, KeyRequest } from './keys.ts'

const maxDocumentBytes = 524_288

/** Who the gateway is to its own cluster; kube/credentials.ts is one. */
export interface ApiServer {
  readonly server: string
  readonly read: () => Promise<{ readonly headers: Readonly<Record<string, string>>; readonly dispatcher: Dispatcher }>
}

export interface FetchKeysDeps {
  /** Absent in standalone mode: then no issuer can use the API server. */
  readonly apiServer?: ApiServer
}

export function makeFetchKeys({ apiServer }: FetchKeysDeps): FetchKeys {
  return async (request) => {
    if (request.from === 'ApiServer') return await fetchFromApiServer(apiServer, request)
    const agent = new Agent({ connect: request.ca === undefined ? {} : { ca: request.ca }, connections: 1 })
    try {
      return await fetchDocument(request.url, { dispatcher: agent, headers: {}, signal: request.signal })
    } finally {
      await agent.destroy()
    }
  }
}

async function fetchFromApiServer(
  apiServer: ApiServer | undefined,
  { path, signal }: Extract<KeyRequest, { from: 'ApiServer' }>,
): Promise<unknown> {
  if (apiServer === undefined) throw new Error('there is no API server to ask for keys here')
  const { headers, dispatcher } = await apiServer.read()
  return await fetchDocument(`${apiServer.server}${path}`, { dispatcher, headers, signal })
}

interface Connection {
  readonly dispatcher: Dispatcher
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

async function fetchDocument(url: string, { dispatcher, headers, signal }: Connection): Promise<unknown> {
  const { statusCode, body } = await send(url, {
    dispatcher,
    signal,
    // The API server serves its key set as application/jwk-set+json alone.
    headers: { ...headers, accept: 'application/json, application/jwk-set+json' },
  })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) throw new Error('answered with something else than bytes')
    bytes += chunk.length
    if (bytes > maxDocumentBytes) throw new Error(`answered with more than ${maxDocumentBytes} bytes`)
    chunks.push(chunk)
  }
  if (statusCode !== 200) throw new Error(`answered with status ${statusCode}`)
  return parseDocument(Buffer.concat(chunks).toString('utf8'))
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message would quote the document.
    throw new Error('answered with something else than JSON')
  }
}
