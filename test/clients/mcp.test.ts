import { randomUUID } from 'node:crypto'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  CreateMessageRequestSchema,
  ListToolsRequestSchema,
  LoggingMessageNotificationSchema,
  McpError,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { describe, expect, it } from 'vitest'
import type { BundlePolicy } from '../../policy/bundle.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import { echo, startUpstream } from '../helpers/upstream-server.ts'

/** A real server, one session at a time; `calls` is what reached its tools. */
class Bank {
  readonly calls: unknown[] = []
  readonly methods: string[] = []
  readonly #sessions = new Map<string, StreamableHTTPServerTransport>()
  #server: Server | undefined
  readonly #json: boolean

  constructor(json: boolean) {
    this.#json = json
  }

  get sessions(): number {
    return this.#sessions.size
  }

  async sayAlone(data: string): Promise<void> {
    await this.#server?.sendLoggingMessage({ level: 'info', data })
  }

  readonly handle: Parameters<typeof startUpstream>[0] = (request, response) => {
    this.methods.push(request.method ?? '')
    const known = this.#sessions.get(String(request.headers['mcp-session-id']))
    void (known === undefined ? this.#open() : Promise.resolve(known)).then((one) =>
      one.handleRequest(request, response),
    )
  }

  async #open(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: this.#json,
      onsessioninitialized: (id) => void this.#sessions.set(id, transport),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    })
    this.#server = makeServer(this.calls)
    await this.#server.connect(transport)
    return transport
  }
}

const inputSchema = { type: 'object' as const }
const toText = (text: string) => ({ content: [{ type: 'text' as const, text }] })

function makeServer(calls: unknown[]): Server {
  const capabilities = { logging: {}, tools: {}, resources: {} }
  const server = new Server({ name: 'bank', version: '1.0.0' }, { capabilities })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      { name: 'transfer', description: 'Sends money', inputSchema },
      { name: 'draft', description: 'Asks the model of the client', inputSchema },
    ],
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    if (params.name === 'transfer') {
      calls.push(params.arguments)
      return toText(`Sent ${String(params.arguments?.['amount'])}.`)
    }
    const { content } = await server.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: 'A note, please' } }],
      maxTokens: 10,
    })
    return toText(JSON.stringify(content))
  })
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => ({
    contents: [{ uri, text: 'two percent' }],
  }))
  return server
}

interface All extends AsyncDisposable {
  readonly bank: Bank
  readonly gw: TestGateway
  readonly connect: (client?: Client, token?: string) => Promise<Client>
}

async function startAll(policies: readonly BundlePolicy[], json = false): Promise<All> {
  const bank = new Bank(json)
  const upstream = await startUpstream(bank.handle)
  const connection = makeConnection(
    { protocol: 'MCP' },
    { endpoints: [{ name: 'main', origin: upstream.origin, basePath: '', weight: 1, place: 'External' }] },
  )
  const gw = await startGateway({ connections: [connection], policies })
  const clients: Client[] = []
  return {
    bank,
    gw,
    connect: async (client = new Client({ name: 'test', version: '1.0.0' }), token = gw.token) => {
      const transport = new StreamableHTTPClientTransport(new URL(`${gw.origin}/team-a/chat/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${token}` } },
      })
      clients.push(client)
      await client.connect(transport)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map(async (client) => client.close()))
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const judging = [
  makePolicy({
    rules: [
      allowAll,
      denyWhen('request.toolCalls.exists(c, c.name == "transfer" && c.input.amount > 100)', 'ask the bank'),
      { ...denyWhen('request.prompt.contains("forbidden")', 'no such words'), name: 'words' },
    ],
  }),
]

const pay = (amount: number, to = 'Ann') => ({ name: 'transfer', arguments: { amount, to } })

describe.each([
  ['streams', false],
  ['JSON', true],
])('the MCP SDK, unchanged but for address and token, on answers as %s', (_title, json) => {
  it('begins a session, lists tools, calls one, reads a resource', async () => {
    await using all = await startAll(judging, json)
    const client = await all.connect()
    expect(client.getServerVersion()).toMatchObject({ name: 'bank' })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['transfer', 'draft'])
    expect(await client.callTool(pay(50))).toMatchObject({ content: [{ type: 'text', text: 'Sent 50.' }] })
    expect(await client.readResource({ uri: 'bank://rates' })).toMatchObject({ contents: [{ text: 'two percent' }] })
    expect(all.bank.calls).toEqual([{ amount: 50, to: 'Ann' }])
  })

  it('is told by an McpError which rule denies a call, and the server never hears of it', async () => {
    await using all = await startAll(judging, json)
    const client = await all.connect()
    const denied = client.callTool(pay(250))
    await expect(denied).rejects.toThrow(McpError)
    await expect(denied).rejects.toMatchObject({
      code: -32010,
      message: 'MCP error -32010: ask the bank',
      data: { code: 'policy_denied', policy: 'team-a/policy', rule: 'deny' },
    })
    await expect(client.callTool(pay(1, 'the forbidden one'))).rejects.toMatchObject({ data: { rule: 'words' } })
    expect(all.bank.calls).toEqual([])
    expect(await client.callTool(pay(100))).toMatchObject({ content: [{ text: 'Sent 100.' }] })
  })

  it('is told by an McpError that an answer is denied', async () => {
    const rule = {
      name: 'hush',
      phase: 'Response' as const,
      action: 'Deny' as const,
      when: 'response.text.contains("Sent")',
      message: 'hush',
    }
    await using all = await startAll([makePolicy({ rules: [allowAll, rule] })], json)
    const client = await all.connect()
    await expect(client.callTool(pay(50))).rejects.toMatchObject({
      code: -32010,
      data: { code: 'response_denied', rule: 'hush' },
    })
  })
})

describe('the MCP SDK', () => {
  it('hears what the server says on its own account, and ends its session', async () => {
    await using all = await startAll(judging)
    const client = new Client({ name: 'test', version: '1.0.0' })
    const heard = Promise.withResolvers<unknown>()
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => heard.resolve(params.data))
    await all.connect(client)
    await expect.poll(() => all.bank.methods).toContain('GET')
    await all.bank.sayAlone('closed today')
    expect(await heard.promise).toBe('closed today')
    const transport = client.transport
    if (!(transport instanceof StreamableHTTPClientTransport)) throw new Error('another transport')
    await transport.terminateSession()
    expect(all.bank.sessions).toBe(0)
  })

  it('answers what the server asks, and the answer is judged', async () => {
    await using all = await startAll(judging)
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { sampling: {} } })
    let words = 'Dear Ann'
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'm',
      role: 'assistant',
      content: { type: 'text', text: words },
    }))
    const errors: Error[] = []
    await all.connect(client)
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK knows no other way
    client.onerror = (error) => void errors.push(error)
    expect(JSON.stringify(await client.callTool({ name: 'draft' }))).toContain('Dear Ann')
    words = 'forbidden'
    const stopping = new AbortController()
    const drafting = client.callTool({ name: 'draft' }, undefined, { signal: stopping.signal })
    await expect.poll(() => errors.map(({ message }) => message).join()).toContain('no such words')
    stopping.abort()
    await expect(drafting).rejects.toThrow('aborted')
  })

  it('is told that its token is not accepted', async () => {
    await using all = await startAll(judging)
    await expect(all.connect(new Client({ name: 'test', version: '1.0.0' }), 'nonsense')).rejects.toMatchObject({
      code: 401,
    })
  })
})

describe('a client that says one thing in a header and another in the body', () => {
  it('is refused before the server hears of it', async () => {
    await using all = await startAll(judging)
    const response = await fetch(`${all.gw.origin}/team-a/chat/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${all.gw.token}`,
        'content-type': 'application/json',
        'mcp-method': 'tools/call',
        'mcp-name': 'draft',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: pay(50) }),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ id: null, error: { data: { code: 'bad_request' } } })
    expect(all.bank.methods).toEqual([])
  })
})

it.each([
  ['', '/mcp', '/mcp'],
  ['/team/tools', '/mcp', '/team/tools/mcp'],
  ['/team/tools', '/', '/team/tools'],
  ['', '/', '/'],
])('an endpoint at %j that is called at %j is asked at %j', async (basePath, address, asked) => {
  await using upstream = await startUpstream(echo)
  const endpoints = [{ name: 'main', origin: upstream.origin, basePath, weight: 1, place: 'External' as const }]
  await using gw = await startGateway({
    connections: [makeConnection({ protocol: 'MCP' }, { endpoints })],
    policies: [makePolicy()],
  })
  const response = await fetch(`${gw.origin}/team-a/chat${address}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gw.token}`, 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  })
  expect(await response.json()).toMatchObject({ url: asked })
})
