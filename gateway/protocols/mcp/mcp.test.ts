import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InferenceFacts } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import type { ReadRequest, RequestHead } from '../protocol.ts'
import { toMcpAnswer } from './answer.ts'
import { renderMcpError } from './error.ts'
import { buildMcp } from './mcp.ts'

const protocol = buildMcp()
const json = { 'content-type': 'application/json' }
const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pay', arguments: { amount: 5 } } }

function readText(text: string, headers: RequestHead['headers'] = {}): ReadRequest {
  return protocol
    .plan({ method: 'POST', path: '/mcp', query: '', headers: { ...json, ...headers } })
    .read(Buffer.from(text))
}

const readBody = (body: unknown, headers?: RequestHead['headers']): ReadRequest =>
  readText(JSON.stringify(body), headers)
const factsOf = (body: unknown): InferenceFacts => readBody(body).facts

function outcomeOf(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof GatewayError ? error.code : 'crashed'
  }
}

describe('the address', () => {
  it.each([
    ['POST', '/mcp', true],
    ['POST', '/', true],
    ['GET', '/mcp', false],
    ['DELETE', '/mcp', false],
  ])('takes %s %s', (method, path, takesBody) => {
    expect(protocol.plan({ method, path, query: '', headers: json }).takesBody).toBe(takesBody)
  })

  it.each([
    ['PUT', '/mcp'],
    ['HEAD', '/mcp'],
    ['POST', '/mcp/'],
    ['POST', '/sse'],
    ['GET', '/.well-known/oauth-protected-resource'],
    ['POST', '/messages'],
  ])('does not take %s %s', (method, path) => {
    expect(outcomeOf(() => protocol.plan({ method, path, query: '', headers: json }))).toBe('operation_not_supported')
  })

  it('takes no query', () => {
    expect(outcomeOf(() => protocol.plan({ method: 'GET', path: '/mcp', query: '?sessionId=1', headers: {} }))).toBe(
      'bad_request',
    )
  })

  it('takes JSON alone', () => {
    const head = { method: 'POST', path: '/mcp', query: '', headers: { 'content-type': 'text/plain' } }
    expect(outcomeOf(() => protocol.plan(head))).toBe('content_type_unsupported')
  })
})

describe('a message', () => {
  it('is a tool call with its arguments as text and as a value', () => {
    expect(factsOf(call).toolCalls).toEqual([{ id: '1', name: 'pay', arguments: '{"amount":5}', input: { amount: 5 } }])
  })

  it('is a tool call without arguments', () => {
    const bare = { ...call, params: { name: 'pay' } }
    expect(factsOf(bare).toolCalls).toEqual([{ id: '1', name: 'pay', arguments: '{}', input: {} }])
  })

  it('says all its words, and the numbers of a tool call', () => {
    const { prompt } = factsOf({
      ...call,
      params: { name: 'pay', arguments: { type: 'gift', card: 4111111111111111 }, note: { deep: ['x'] } },
    })
    expect(prompt).toBe('pay\nnote\ndeep\nx\ntype\ngift\ncard\n4111111111111111')
  })

  it.each([
    ['a batch', [call]],
    ['no object', 'tools/call'],
    ['another version of JSON-RPC', { ...call, jsonrpc: '1.0' }],
    ['no version of JSON-RPC', { id: 1, method: 'ping' }],
    ['a call that wants no answer', { jsonrpc: '2.0', method: 'tools/call', params: call.params }],
    ['a call with a null id', { ...call, id: null }],
    ['a call with a fraction for an id', { ...call, id: 1.5 }],
    ['a call with an object for an id', { ...call, id: {} }],
    ['a call with an id without end', { ...call, id: 'x'.repeat(257) }],
    ['a notification with an id', { jsonrpc: '2.0', id: 1, method: 'notifications/initialized' }],
    ['a method that is no string', { ...call, method: 1 }],
    ['a method in capitals beside itself', { ...call, Method: 'ping' }],
    ['parameters in a list', { ...call, params: ['pay'] }],
    ['a name that is no string', { ...call, params: { name: 1 } }],
    ['a name twice, once in capitals', { ...call, params: { name: 'pay', Name: 'steal' } }],
    ['arguments in capitals', { ...call, params: { name: 'pay', Arguments: {} } }],
    ['arguments in a list', { ...call, params: { name: 'pay', arguments: [] } }],
    [
      'an argument twice, once in capitals',
      { ...call, params: { name: 'pay', arguments: { list: [{ amount: 1, Amount: 1000 }] } } },
    ],
    ['arguments as text', { ...call, params: { name: 'pay', arguments: '{}' } }],
    ['a request and a result', { ...call, result: {} }],
    ['a result and an error', { jsonrpc: '2.0', id: 1, result: {}, error: {} }],
    ['a result without an id', { jsonrpc: '2.0', result: {} }],
    ['a result that is a string', { jsonrpc: '2.0', id: 1, result: 'x' }],
  ])('[RQ2] is refused: %s', (_title, body) => {
    expect(outcomeOf(() => readBody(body))).toBe('body_malformed')
  })

  it.each([
    'vendor/thing',
    'tools/Call',
    'sampling/createMessage',
    'roots/list',
    '__proto__',
    'notifications/message',
    '',
  ])('is refused with the method %j', (method) => {
    expect(outcomeOf(() => readBody({ jsonrpc: '2.0', id: 1, method }))).toBe('operation_not_supported')
  })

  it('is refused with a key twice', () => {
    expect(outcomeOf(() => readText('{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}'))).toBe(
      'body_malformed',
    )
  })

  it('[RQ2] throws nothing but refusals, whatever the JSON', () => {
    const methods = fc.constantFrom('tools/call', 'resources/read', 'notifications/progress', 'other')
    fc.assert(
      fc.property(methods, fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 2 }), (method, params, id) => {
        const outcomes = ['read', 'body_malformed', 'operation_not_supported', 'bad_request']
        expect(outcomes).toContain(
          outcomeOf(() => readBody({ jsonrpc: '2.0', method, params, id }, { 'mcp-name': 'x' })),
        )
        expect(outcomes).toContain(outcomeOf(() => readBody({ jsonrpc: '2.0', id, result: params })))
        expect(outcomes).toContain(outcomeOf(() => readBody(params)))
      }),
    )
  })
})

describe('headers that repeat the body', () => {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  const modern = {
    ...call,
    params: { ...call.params, arguments: { amount: 5, deep: { region: 'grüße', on: true }, list: ['x'] }, _meta: meta },
  }

  it.each([
    ['the method', { 'mcp-method': 'tools/call' }],
    ['the name', { 'mcp-name': 'pay' }],
    ['the name, encoded', { 'mcp-name': '=?base64?cGF5?=' }],
    ['the revision', { 'mcp-protocol-version': '2026-07-28' }],
    ['a number', { 'mcp-param-amount': '5' }],
    ['a number written otherwise', { 'mcp-param-amount': '5.0' }],
    ['a flag', { 'mcp-param-on': 'true' }],
    ['a value further inside, encoded', { 'mcp-param-where': '=?base64?Z3LDvMOfZQ==?=' }],
  ])('agree: %s', (_title, headers) => {
    expect(outcomeOf(() => readBody(modern, headers))).toBe('read')
  })

  it.each([
    ['another method', { 'mcp-method': 'tools/list' }],
    ['another method, as CGI reads it', { mcp_method: 'tools/list' }],
    ['two methods', { 'mcp-method': 'tools/call, tools/list' }],
    ['another name', { 'mcp-name': 'steal' }],
    ['a name in capitals', { 'mcp-name': 'Pay' }],
    ['another name, encoded', { 'mcp-name': '=?base64?c3RlYWw=?=' }],
    ['a name in half an encoding', { 'mcp-name': '=?base64?cGF?=' }],
    ['a name encoded in nothing known', { 'mcp-name': '=?BASE64?cGF5?=' }],
    ['an empty name', { 'mcp-name': '' }],
    ['another revision than the body', { 'mcp-protocol-version': '2025-11-25' }],
    ['a revision that is not known', { 'mcp-protocol-version': '2031-01-01' }],
    ['an argument that is none', { 'mcp-param-amount': '6' }],
    ['an argument of nothing', { 'mcp-param-amount': '' }],
    ['a value of a list', { 'mcp-param-list': 'x' }],
    ['an argument with a bad encoding', { 'mcp-param-amount': '=?base64?//8=?=' }],
  ])('disagree: %s', (_title, headers) => {
    expect(outcomeOf(() => readBody(modern, headers))).toBe('bad_request')
  })

  it.each([
    ['a name where nothing is named', { jsonrpc: '2.0', id: 1, method: 'tools/list' }],
    ['a name beside an answer', { jsonrpc: '2.0', id: 1, result: {} }],
    [
      'the name of a tool for a resource',
      { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'file:///a', name: 'pay' } },
    ],
  ])('disagree: %s', (_title, body) => {
    expect(outcomeOf(() => readBody(body, { 'mcp-name': 'pay' }))).toBe('bad_request')
  })

  it('take the address of a resource for its name', () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'file:///a' } }
    expect(outcomeOf(() => readBody(body, { 'mcp-name': 'file:///a' }))).toBe('read')
  })
})

describe('refusals', () => {
  const refusal = { status: 403, code: 'policy_denied', message: 'Ask Ann.', policy: 'a/b', rule: 'c' } as const

  it('answer a request by its id', () => {
    expect(readBody({ ...call, id: 'x' }).renderError?.(refusal)).toEqual({
      status: 200,
      contentType: 'application/json',
      body: '{"jsonrpc":"2.0","id":"x","error":{"code":-32010,"message":"Ask Ann.","data":{"code":"policy_denied","policy":"a/b","rule":"c"}}}',
    })
  })

  it('of a notification have a status', () => {
    expect(readBody({ jsonrpc: '2.0', method: 'notifications/initialized' }).renderError).toBeUndefined()
    expect(renderMcpError(refusal)).toMatchObject({ body: expect.stringContaining('"id":null') })
    expect(renderMcpError(refusal).status).toBeUndefined()
  })

  it('never look like a session that is gone', () => {
    expect(renderMcpError({ ...refusal, status: 404, code: 'operation_not_supported' }).status).toBe(400)
  })

  it('tell when to come back', () => {
    const limited = { ...refusal, status: 429, code: 'limit_exceeded', retryAfterSeconds: 7 } as const
    expect(JSON.parse(renderMcpError(limited).body)).toMatchObject({ error: { data: { retryAfterSeconds: 7 } } })
  })

  it('of the gateway’s own making are internal errors', () => {
    expect(JSON.parse(renderMcpError({ ...refusal, status: 502 }).body)).toMatchObject({ error: { code: -32603 } })
  })
})

describe('answers', () => {
  const head = { status: 200, headers: json }

  it('of any shape are read', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        for (const body of [
          value,
          { result: value },
          { result: { content: [value, { type: 'text', text: '[' }], structuredContent: value } },
        ]) {
          expect(typeof toMcpAnswer(1).readWhole(head, Buffer.from(JSON.stringify(body))).text).toBe('string')
        }
      }),
    )
  })

  it('of more words than a call takes arguments are read', () => {
    const many = JSON.stringify({
      result: Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, 'v'])),
    })
    const stream = toMcpAnswer(1).openStream({ status: 200, headers: { 'content-type': 'text/event-stream' } })
    for (let i = 0; i < 4; i += 1) stream?.push(Buffer.from(`data: ${many}\n\n`))
    expect(stream?.facts().text.length).toBeGreaterThan(1_000_000)
  })

  it('count every message of a batch', () => {
    const body = [
      { result: { content: [{ type: 'text', text: 'a' }] } },
      { method: 'notifications/message', params: { data: 'b' } },
    ]
    expect(toMcpAnswer(1).readWhole(head, Buffer.from(JSON.stringify(body))).text).toBe('a\nb')
  })
})
