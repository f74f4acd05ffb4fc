// Where ways around a policy are tried: one gateway, a connection for each protocol, one policy that forbids a word, and model servers
// that note whatever reaches them. A case is a request in which the word is a parameter: with a harmless one it must pass (otherwise
// the refusal proves nothing), with the forbidden one it must be refused, reach no model, and not be quoted.
import type { IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'vitest'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { startUpstream } from '../helpers/upstream-server.ts'

export const forbidden = 'nightjar'
export const harmless = 'sparrows'

export interface Attempt {
  readonly method?: string
  /** After the connection's prefix. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
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
  /** Head and body, as they came. */
  readonly text: string
  readonly reached: readonly Reached[]
}

export interface World extends AsyncDisposable {
  readonly gateway: TestGateway
  /** Sends to the connection of that name. */
  readonly send: (connection: string, attempt: Attempt) => Promise<Answered>
  /** Bytes, for what no client would send; each occurrence of TOKEN becomes a valid one. */
  readonly sendRaw: (bytes: string | Buffer) => Promise<Answered>
}

export type Answer = (reached: Reached) => { readonly type?: string; readonly body: string | Buffer }

export interface WorldConnection {
  readonly spec?: Partial<ModelConnectionSpec>
  /** What its model server answers; an empty object when nothing is said. */
  readonly answer?: Answer
  /** Besides the word in the prompt. */
  readonly deny?: readonly string[]
}

export async function startWorld(connections: Readonly<Record<string, WorldConnection>>): Promise<World> {
  const reached: Reached[] = []
  const upstreams: Upstream[] = []
  const declared = await Promise.all(
    Object.entries(connections).map(async ([name, { spec, answer }]) => {
      const upstream = await startUpstream((request, response) => {
        const pieces: Buffer[] = []
        request.on('data', (piece: Buffer) => pieces.push(piece))
        request.on('end', () => {
          const { method = '', url = '', headers } = request
          const one: Reached = { method, url, headers, body: Buffer.concat(pieces) }
          reached.push(one)
          const { type = 'application/json', body } = answer?.(one) ?? { body: '{}' }
          response.setHeader('content-type', type)
          response.end(body)
        })
      })
      upstreams.push(upstream)
      const endpoints = [{ name: 'm', origin: upstream.origin, basePath: '', weight: 1, place: 'External' as const }]
      return makeConnection(spec, { name, endpoints })
    }),
  )
  const policies = Object.entries(connections).map(([name, { deny = [] }]) => {
    const rules = [`request.prompt.contains("${forbidden}")`, ...deny].map((when, i) => ({
      ...denyWhen(when, 'Not this.'),
      name: `deny-${i}`,
    }))
    return makePolicy({ targetRefs: [{ name }], rules: [allowAll, ...rules] }, { name: `policy-${name}` })
  })
  const gateway = await startGateway({ connections: declared, policies })
  const sendRaw = async (bytes: string | Buffer): Promise<Answered> => {
    const before = reached.length
    const text = await exchange(
      gateway,
      Buffer.from(bytes.toString('latin1').replaceAll('TOKEN', gateway.token), 'latin1'),
    )
    return { status: Number(/^HTTP\/1\.1 (\d+)/u.exec(text)?.[1] ?? 0), text, reached: reached.slice(before) }
  }
  return {
    gateway,
    send: async (connection, attempt) => sendRaw(toBytes(connection, attempt)),
    sendRaw,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
    },
  }
}

function toBytes(connection: string, { method = 'POST', path, headers = {}, body = '' }: Attempt): Buffer {
  const content = Buffer.from(body)
  const lines = [
    `${method} /team-a/${connection}${path} HTTP/1.1`,
    'host: gateway',
    'authorization: Bearer TOKEN',
    ...Object.entries({ 'content-type': 'application/json', ...headers }).map(([name, value]) => `${name}: ${value}`),
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

/** Refused, before any model saw it, and without quoting it. */
export function expectHeld({ status, text, reached }: Answered, codes: readonly string[] = ['policy_denied']): void {
  expect(reached).toEqual([])
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  expect(codes.some((code) => text.includes(code)) ? codes : text).toBe(codes)
  expect(text).not.toContain(forbidden)
}

/** For bytes that are no call at all: refused or cut, and no model saw anything. */
export function expectNothingPassed({ status, text, reached }: Answered): void {
  expect(reached).toEqual([])
  expect(status === 0 || (status >= 400 && status < 500)).toBe(true)
  expect(text).not.toMatch(/HTTP\/1\.1 200/u)
}

export function expectPassed({ status, text, reached }: Answered): void {
  expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
  expect(reached).toHaveLength(1)
}

/** The word is found wherever it stands: the same request passes with a harmless one. */
export async function expectFound(
  world: World,
  connection: string,
  toAttempt: (word: string) => Attempt,
): Promise<void> {
  expectPassed(await world.send(connection, toAttempt(harmless)))
  expectHeld(await world.send(connection, toAttempt(forbidden)))
}
