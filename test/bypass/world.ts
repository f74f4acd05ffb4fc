// Where ways around a policy are tried: one gateway, connections of every protocol, policies that forbid a word in what is asked and
// in what is answered, and model servers that note whatever reaches them and say what the case wants them to say.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { startUpstream } from '../helpers/upstream-server.ts'

export const forbidden = 'nightjar'
/** As long, and no letter at the same place. */
export const harmless = 'sparrows'

export interface Attempt {
  readonly method?: string
  /** After the connection's prefix. */
  readonly path: string
  /** Undefined: not sent, not even where one is usual. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string | Buffer
}

export interface Reached {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Answered {
  readonly status: number
  /** Head and body, as they came, in Latin-1. */
  readonly text: string
  /** Without the framing of HTTP. */
  readonly body: Buffer
  readonly reached: readonly Reached[]
}

/** What a model server says. */
export interface ModelAnswer {
  readonly status?: number
  /** Empty: none. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Written one after the other. */
  readonly pieces: readonly (string | Buffer)[]
}

export type Rules = NonNullable<InferencePolicySpec['rules']>

export interface WorldConnection {
  readonly spec?: Partial<ModelConnectionSpec>
  /** Besides the word in the prompt. */
  readonly deny?: readonly string[]
  /** Where the word must not be in what is answered. */
  readonly answers?: NonNullable<Rules[number]['onStream']>
  /** Besides the word in the text of the answer. */
  readonly denyAnswer?: readonly string[]
  readonly policy?: Partial<InferencePolicySpec>
  /** Beside its own, one that allows everything: for policies that only watch. */
  readonly isWatched?: boolean
}

export interface World extends AsyncDisposable {
  readonly gateway: TestGateway
  /** What model servers say from now on; undefined: an empty object. */
  answer: ModelAnswer | undefined
  /** Runs while a model server has a call, before it answers. */
  onCall: ((call: Reached) => Promise<void>) | undefined
  /** Sends to the connection of that name. */
  readonly send: (connection: string, attempt: Attempt) => Promise<Answered>
  /** Bytes, for what no client would send; each occurrence of TOKEN becomes a valid one. */
  readonly sendRaw: (bytes: string | Buffer) => Promise<Answered>
}

const nothingSaid: ModelAnswer = { pieces: ['{}'] }

export async function startWorld(connections: Readonly<Record<string, WorldConnection>>): Promise<World> {
  const reached: Reached[] = []
  const upstreams: Upstream[] = []
  const said: Pick<World, 'onCall'> & { answer: ModelAnswer } = { answer: nothingSaid, onCall: undefined }
  const declared = await Promise.all(
    Object.entries(connections).map(async ([name, { spec }]) => {
      const upstream = await startUpstream((request, response) => {
        void listenTo(request).then(async (one) => {
          reached.push(one)
          await said.onCall?.(one)
          return say(response, said.answer)
        })
      })
      upstreams.push(upstream)
      return [name, masked(name), barred(name)].map((one) => toConnection(one, spec, upstream))
    }),
  )
  const policies = Object.entries(connections).flatMap(([name, one]) => [
    toPolicy(name, one),
    toMask(masked(name), 'Replace'),
    toMask(barred(name), 'Deny'),
    ...(one.isWatched === true ? [makePolicy({ targetRefs: [{ name }] }, { name: `allow-${name}` })] : []),
  ])
  const gateway = await startGateway({ connections: declared.flat(), policies })
  const sendRaw = async (bytes: string | Buffer): Promise<Answered> => {
    const before = reached.length
    const text = await exchange(
      gateway,
      Buffer.from(bytes.toString('latin1').replaceAll('TOKEN', gateway.token), 'latin1'),
    )
    const status = Number(/^HTTP\/1\.1 (\d+)/u.exec(text)?.[1] ?? 0)
    return { status, text, body: toBody(text), reached: reached.slice(before) }
  }
  return {
    gateway,
    get answer() {
      return said.answer
    },
    set answer(answer) {
      said.answer = answer ?? nothingSaid
    },
    get onCall() {
      return said.onCall
    },
    set onCall(onCall) {
      said.onCall = onCall
    },
    send: async (connection, attempt) => sendRaw(toBytes(connection, attempt)),
    sendRaw,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
    },
  }
}

function toConnection(name: string, spec: WorldConnection['spec'], { origin }: Upstream): BundleConnection {
  return makeConnection(spec, { name, endpoints: [{ name: 'm', origin, basePath: '', weight: 1, place: 'External' }] })
}

/** Beside every connection stand two more to the same model server, without rules: one that masks the word, and one that bars it. */
export const masked = (connection: string): string => `${connection}-masked`
export const barred = (connection: string): string => `${connection}-barred`

/** What stands for the word is the harmless one, so what it leaves is known to the byte. */
function toMask(name: string, action: 'Replace' | 'Deny'): BundlePolicy {
  const mask = { name: 'word', class: 'Word', action, ...(action === 'Replace' ? { label: harmless } : {}) }
  const dataClasses = [{ name: 'Word', patterns: [{ name: 'word', pattern: forbidden }] }]
  const spec = { targetRefs: [{ name }], dataClasses, masking: { request: [mask], response: [mask] } }
  return makePolicy(spec, { name: `policy-${name}` })
}

function toPolicy(name: string, { deny = [], answers, denyAnswer = [], policy }: WorldConnection): BundlePolicy {
  const asked = [`request.prompt.contains("${forbidden}")`, ...deny].map((when, i) => ({
    ...denyWhen(when, 'Not this.'),
    name: `deny-${i}`,
  }))
  const answered = [`response.text.contains("${forbidden}")`, ...denyAnswer].map((when, i) => ({
    name: `answer-${i}`,
    phase: 'Response' as const,
    action: 'Deny' as const,
    when,
    message: 'Not that.',
    onStream: answers ?? 'Hold',
  }))
  const rules = [allowAll, ...asked, ...(answers === undefined ? [] : answered)]
  return makePolicy({ targetRefs: [{ name }], rules, ...policy }, { name: `policy-${name}` })
}

async function listenTo(request: IncomingMessage): Promise<Reached> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(Buffer.from(piece))
  const { method = '', url = '', headers } = request
  return { method, url, headers, body: Buffer.concat(pieces) }
}

async function say(response: ServerResponse, { status = 200, type, headers, pieces }: ModelAnswer): Promise<void> {
  if (type !== '') response.setHeader('content-type', type ?? 'application/json')
  response.writeHead(status, headers)
  for (const piece of pieces) {
    response.write(piece)
    // Each in a segment of its own, as far as the kernel goes along with it.
    if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
}

function toBytes(connection: string, { method = 'POST', path, headers = {}, body = '' }: Attempt): Buffer {
  const content = Buffer.from(body)
  const lines = [
    `${method} /team-a/${connection}${path} HTTP/1.1`,
    'host: gateway',
    'authorization: Bearer TOKEN',
    ...Object.entries({ 'content-type': 'application/json', ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    ),
    ...(content.length === 0 ? [] : [`content-length: ${content.length}`]),
    'connection: close',
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content])
}

async function exchange(gateway: TestGateway, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(Number(new URL(gateway.origin).port), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(pieces).toString('latin1')))
  })
}

function toBody(text: string): Buffer {
  const end = text.indexOf('\r\n\r\n')
  const body = end < 0 ? '' : text.slice(end + 4)
  return Buffer.from(/^transfer-encoding: chunked/imu.test(text.slice(0, end)) ? dechunk(body) : body, 'latin1')
}

function dechunk(text: string): string {
  const pieces: string[] = []
  for (let at = 0; at < text.length;) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (lineEnd < 0 || !(size > 0)) break
    pieces.push(text.slice(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return pieces.join('')
}
