import { describe, expect, it } from 'vitest'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import type { UpstreamRequest } from '../protocol.ts'
import { toMcpAnswer } from './answer.ts'
import { buildMcp } from './mcp.ts'

const masks = makeTextMasks({ '4111': '[CARD]', ann: '[NAME]', user: '[WORD]', '😀': '😁' })
const headers = { 'content-type': 'application/json' }

function send(body: object, others: Record<string, string> = {}): UpstreamRequest {
  const head = { method: 'POST', path: '/mcp', query: '', headers: { ...headers, ...others } }
  const read = buildMcp()
    .plan(head)
    .read(Buffer.from(JSON.stringify(body)))
  return read.mask?.(masks) ?? read.upstream
}

function sendParams(method: string, params: object): Json {
  const { body } = send({ jsonrpc: '2.0', id: 1, method, params })
  const sent: JsonObject = JSON.parse(Buffer.from(body ?? []).toString())
  return sent['params'] ?? null
}

function mask(message: Json, id: string | number = 1): Json {
  const bytes = Buffer.from(JSON.stringify(message))
  const masked = toMcpAnswer(id).maskWhole?.({ status: 200, headers }, bytes, masks)
  return masked instanceof Uint8Array ? JSON.parse(Buffer.from(masked).toString()) : null
}

const encoded = (name: string): string => `=?base64?${Buffer.from(name).toString('base64')}?=`

const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'f', arguments: { who: 'ann', n: 4111 } } }

describe('a message of a client under a mask', () => {
  it('is the very same when nothing is found', () => {
    const body = Buffer.from('{ "jsonrpc":"2.0","id":1,"method":"ping" }')
    const read = buildMcp().plan({ method: 'POST', path: '/mcp', query: '', headers }).read(body)
    expect(read.mask?.(masks)).toBe(read.upstream)
  })

  it.each([
    [
      'tools/call',
      { name: 'of ann', arguments: { ann: [4111, { b: 'ann' }] } },
      { name: 'of [NAME]', arguments: { '[NAME]': ['[CARD]', { b: '[NAME]' }] } },
    ],
    ['prompts/get', { name: 'p', arguments: { who: 'ann' } }, { name: 'p', arguments: { who: '[NAME]' } }],
    ['resources/read', { uri: 'file:///ann' }, { uri: 'file:///[NAME]' }],
    [
      'completion/complete',
      {
        ref: { type: 'ref/prompt', name: 'ann' },
        argument: { name: 'who', value: 'ann' },
        context: { arguments: { a: 'ann' } },
      },
      {
        ref: { type: 'ref/prompt', name: '[NAME]' },
        argument: { name: 'who', value: '[NAME]' },
        context: { arguments: { a: '[NAME]' } },
      },
    ],
    ['logging/setLevel', { level: 'info' }, { level: 'info' }],
    [
      'initialize',
      { protocolVersion: '2025-11-25', capabilities: { sampling: {} }, clientInfo: { name: 'ann', version: '4111' } },
      {
        protocolVersion: '2025-11-25',
        capabilities: { sampling: {} },
        clientInfo: { name: '[NAME]', version: '[CARD]' },
      },
    ],
  ])('hides what a person or a model wrote in %s', (method, params, masked) => {
    expect(sendParams(method, params)).toEqual(masked)
  })

  it('hides what a person answered to the server', () => {
    const { body } = send({ jsonrpc: '2.0', id: 7, result: { action: 'accept', content: { name: 'ann', data: 4111 } } })
    expect(JSON.parse(Buffer.from(body ?? []).toString())).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: { action: 'accept', content: { name: '[NAME]', data: '[CARD]' } },
    })
  })

  it('hides files behind base64 wherever a server would decode them', () => {
    const blob = Buffer.from('ann,4111').toString('base64')
    const masked = Buffer.from('[NAME],[CARD]').toString('base64')
    expect(sendParams('tools/call', { name: 'f', arguments: { file: { blob }, list: [{ data: blob }] } })).toEqual({
      name: 'f',
      arguments: { file: { blob: masked }, list: [{ data: masked }] },
    })
  })

  it.each([[1], [4111], ['a-1'], ['786512e2-9e0d-44bd-8f29-789f320fe840']])('keeps its id %j', (id) => {
    const { body } = send({ ...call, id })
    const sent: JsonObject = JSON.parse(Buffer.from(body ?? []).toString())
    expect(sent['id']).toBe(id)
  })

  it('is refused when its id holds what is masked, and the id is not quoted', () => {
    let refused: unknown
    try {
      send({ ...call, id: 'ann' })
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(GatewayError)
    expect(refused).toMatchObject({
      code: 'bad_request',
      message: 'The `id` of the message holds data that a policy masks; send another one.',
    })
  })
})

describe('headers that repeat a masked call', () => {
  it('say what the body says now, and only where it changed', () => {
    const others = { 'mcp-method': 'tools/call', 'mcp-name': 'f', 'mcp-param-who': 'ann', 'mcp-param-n': '4111.0' }
    expect(send(call, others).headers).toEqual({ 'mcp-param-who': '[NAME]', 'mcp-param-n': '[CARD]' })
  })

  it('are encoded when the text is no plain header, under the name that came', () => {
    const named = { ...call, params: { ...call.params, name: 'f 😀' } }
    expect(send(named, { mcp_name: encoded('f 😀') }).headers).toEqual({ mcp_name: encoded('f 😁') })
  })

  it('follow the value that was masked where two arguments have the same', () => {
    const twice = { ...call, params: { name: 'f', arguments: { a: 4111, b: '4111' } } }
    expect(send(twice, { 'mcp-param-a': '4111' }).headers).toEqual({ 'mcp-param-a': '[CARD]' })
  })

  it('are not touched when nothing of theirs is masked', () => {
    expect(send(call, { 'mcp-name': 'f' })).not.toHaveProperty('headers')
  })
})

describe('a message of a server under a mask', () => {
  it('keeps the id of the request, whatever it is, and masks any other text in its place', () => {
    expect(mask({ jsonrpc: '2.0', id: 'of ann', result: {} }, 'of ann')).toEqual({
      jsonrpc: '2.0',
      id: 'of ann',
      result: {},
    })
    expect(mask({ jsonrpc: '2.0', id: 'of ann', result: {} }, 'a')).toEqual({
      jsonrpc: '2.0',
      id: 'of [NAME]',
      result: {},
    })
  })

  it('keeps the id in its own place alone', () => {
    expect(mask({ jsonrpc: '2.0', id: 'ann', result: { ann: 'ann', id: 'ann' } }, 'ann')).toEqual({
      jsonrpc: '2.0',
      id: 'ann',
      result: { '[NAME]': '[NAME]', id: '[NAME]' },
    })
  })

  it('says the same in a text and in structured content', () => {
    const structuredContent = { n: 4111, who: 'ann' }
    const content = [{ type: 'text', text: JSON.stringify(structuredContent) }]
    const masked = { n: '[CARD]', who: '[NAME]' }
    expect(mask({ jsonrpc: '2.0', id: 1, result: { content, structuredContent } })).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: JSON.stringify(masked) }], structuredContent: masked },
    })
  })

  it('is masked in each message of a batch', () => {
    expect(mask([{ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'ann' }] } }, 'ann'])).toEqual([
      { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: '[NAME]' }] } },
      '[NAME]',
    ])
  })

  it.each([
    ['role', 'user', 'user'],
    ['role', 'user 2', '[WORD] 2'],
    ['mimeType', 'text/plain', 'text/plain'],
    ['mimeType', 'text/ann', 'text/[NAME]'],
    ['type', 'of ann', 'of [NAME]'],
  ])('keeps words of the protocol alone: %s %s', (name, word, masked) => {
    expect(mask({ jsonrpc: '2.0', id: 1, result: { [name]: word } })).toMatchObject({ result: { [name]: masked } })
  })
})
