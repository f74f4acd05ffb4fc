// Ways to bring a forbidden word past the rules of an MCP connection.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { attack } from './classes.ts'
import { expectFound, expectHeld, expectOddRefused } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, harmless, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  const deny = ['request.toolCalls.exists(c, c.name == "drop")']
  world = await startWorld({ tools: { spec: { protocol: 'MCP' }, deny } })
})

afterAll(async () => world[Symbol.asyncDispose]())

type Body = { readonly [key: string]: Json }
type Case = readonly [title: string, toAttempt: (word: string) => Attempt]

const post = (message: Json | Body, headers: Attempt['headers'] = {}): Attempt => ({
  path: '/mcp',
  headers,
  body: JSON.stringify(message),
})
const message = (method: string, params: Body, more: Body = {}): Body => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params,
  ...more,
})
const call = (params: Body, headers: Attempt['headers'] = {}): Attempt => post(message('tools/call', params), headers)
const find = (input: Json, more: Body = {}): Attempt => call({ name: 'find', arguments: input, ...more })
const answer = (result: Body): Attempt => post({ jsonrpc: '2.0', id: 1, result })
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const expectRefused = (odd: Attempt, codes = ['body_malformed', 'bad_request']): Promise<void> =>
  expectOddRefused(world, 'tools', { plain: ask('MCP', harmless), odd, codes })

function each(cases: readonly Case[]): void {
  it.each(cases)('%s', async (_title, toAttempt) => {
    await expectFound(world, 'tools', toAttempt)
  })
}

attack('tool results and calls', 'MCP', () => {
  each([
    [
      'what the model of the client said',
      (word) => answer({ role: 'assistant', model: 'm', content: { type: 'text', text: word } }),
    ],
    ['what the person of the client wrote', (word) => answer({ action: 'accept', content: { name: word } })],
    ['an error of the client', (word) => post({ jsonrpc: '2.0', id: 1, error: { code: 1, message: word } })],
    ['data of an error', (word) => post({ jsonrpc: '2.0', id: 1, error: { code: 1, message: '', data: [word] } })],
    [
      'a result of more rounds',
      (word) => find({}, { inputResponses: { a: { action: 'accept', content: { b: word } } } }),
    ],
    [
      'text that the client calls a sound',
      (word) =>
        answer({
          role: 'assistant',
          model: 'm',
          content: { type: 'audio', mimeType: 'audio/wav', data: base64(`${'the '.repeat(20)}${word}`) },
        }),
    ],
  ])
})

attack('nested parts', 'MCP', () => {
  each([
    ['an argument deep within', (word) => find({ a: [{ b: [[word]] }] })],
    ['a key of an argument', (word) => find({ a: { [word]: 1 } })],
    ['a prompt', (word) => post(message('prompts/get', { name: 'a', arguments: { b: word } }))],
    [
      'a completion',
      (word) =>
        post(
          message('completion/complete', {
            ref: { type: 'ref/prompt', name: 'a' },
            argument: { name: 'b', value: word },
          }),
        ),
    ],
    ['a resource', (word) => post(message('resources/read', { uri: `file:///${word}` }))],
  ])
})

attack('non-string content', 'MCP', () => {
  each([['a number beside it', (word) => find({ n: 1e300, q: [null, 7, true, word] })]])

  it.each<[string, Attempt]>([
    ['arguments as a list', find([forbidden])],
    ['arguments as text', find(`{"q":"${forbidden}"}`)],
    ['params as a list', post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: [forbidden] })],
    ['a name that is none', call({ name: ['find'], arguments: {} })],
    ['a result that is text', post({ jsonrpc: '2.0', id: 1, result: forbidden })],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })
})

attack('unknown fields that carry text', 'MCP', () => {
  each([
    ['of the parameters', (word) => find({}, { note: word })],
    ['as a key', (word) => find({}, { note: { [word]: 1 } })],
    ['of what comes along', (word) => find({}, { _meta: { 'example.com/note': word } })],
    ['sealed values that are none', (word) => find({}, { requestState: `the ${word}` })],
  ])
})

attack('names and descriptions', 'MCP', () => {
  each([
    ['name of a tool', (word) => call({ name: word, arguments: {} })],
    [
      'title of the client',
      (word) =>
        post(
          message('initialize', {
            protocolVersion: '2025-06-18',
            capabilities: {},
            clientInfo: { name: 'a', title: word, version: '1' },
          }),
        ),
    ],
    [
      'a capability',
      (word) =>
        post(
          message('initialize', {
            protocolVersion: '2025-06-18',
            capabilities: { experimental: { [word]: {} } },
            clientInfo: { name: 'a', version: '1' },
          }),
        ),
    ],
  ])
})

attack('header and body disagree', 'MCP', () => {
  it.each<[string, Attempt]>([
    ['another method', call({ name: 'find', arguments: {} }, { 'mcp-method': 'tools/list' })],
    ['another tool', call({ name: 'find', arguments: {} }, { 'mcp-name': 'drop' })],
    ['another tool in base64', call({ name: 'find', arguments: {} }, { 'mcp-name': `=?base64?${base64('drop')}?=` })],
    ['another tool with an underscore', call({ name: 'find', arguments: {} }, { mcp_name: 'drop' })],
    ['two tools', call({ name: 'find', arguments: {} }, { 'mcp-name': 'find', 'Mcp-Name': 'drop' })],
    ['a tool where none is named', post(message('tools/list', {}), { 'mcp-name': 'drop' })],
    ['an argument', call({ name: 'find', arguments: { q: 'a' } }, { 'mcp-param-q': forbidden })],
    ['an argument with an underscore', call({ name: 'find', arguments: { q: 'a' } }, { mcp_param_q: forbidden })],
    ['a revision that nobody knows', call({ name: 'find', arguments: {} }, { 'mcp-protocol-version': '2099-01-01' })],
    [
      'another revision',
      call(
        { name: 'find', arguments: {}, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
        { 'mcp-protocol-version': '2025-06-18' },
      ),
    ],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })

  it('a tool that is refused is refused whatever its header says', async () => {
    for (const headers of [{}, { 'mcp-name': 'drop' }]) {
      expectHeld(await world.send('tools', call({ name: 'drop', arguments: {} }, headers)))
    }
  })
})

attack('duplicate keys', 'MCP', () => {
  const base = '"jsonrpc":"2.0","method":"tools/call","params":{"name":"find","arguments":{}}'
  it.each([
    ['two ids', `{"id":1,"id":2,${base}}`],
    ['an id in capitals', `{"id":1,"ID":2,${base}}`],
    ['two methods', `{"id":1,${base},"method":"tools/list"}`],
    ['a method in capitals', `{"id":1,${base},"Method":"tools/list"}`],
    ['two names', `{"id":1,${base.replace('"name"', '"Name":"drop","name"')}}`],
    ['two arguments', `{"id":1,${base.replace('{}', '{"q":"a","Q":"b"}')}}`],
    ['arguments of two spellings', `{"id":1,${base.replace('"arguments"', '"Arguments":{"q":"a"},"arguments"')}}`],
    ['a request that is an answer', `{"id":1,"result":{},${base}}`],
    ['a result that is an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}'],
  ])('%s', async (_title, body) => {
    await expectRefused({ path: '/mcp', body })
  })
})

attack('other endpoints', 'MCP', () => {
  const one = message('tools/call', { name: 'find', arguments: { q: forbidden } })
  const unsupported = ['body_malformed', 'operation_not_supported', 'route_not_found', 'bad_request']
  it.each<[string, Attempt]>([
    ['a batch', post([one])],
    ['a batch of two', post([message('ping', {}), one])],
    ['an empty batch', post([])],
    ['a call that wants no answer', post({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'drop' } })],
    ['a call whose id is null', post({ ...one, id: null })],
    ['a call whose id is an object', post({ ...one, id: {} })],
    ['a notification with an id', post(message('notifications/initialized', {}))],
    ['a method that nobody knows', post(message('tools/run', { q: forbidden }))],
    ['a method in capitals', post(message('Tools/Call', { name: 'drop' }))],
    ['a method with a blank', post(message('tools/call ', { name: 'drop' }))],
    ['another revision of JSON-RPC', post({ ...one, jsonrpc: '1.0' })],
    ['no revision', post({ id: 1, method: 'tools/call', params: { name: 'drop' } })],
    ['the older stream', { path: '/sse', method: 'GET', headers: { 'content-type': undefined } }],
    ['the older messages', { ...post(one), path: '/messages' }],
    ['another method of HTTP', { ...post(one), method: 'PUT' }],
    ['a body to a stream', { ...post(one), method: 'GET' }],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd, unsupported)
  })
})
