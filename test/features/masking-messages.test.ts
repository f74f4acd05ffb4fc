// Masks on a whole gateway, as clients of Anthropic's API and of MCP meet them: a stream that the SDK reads, and a call whose headers
// repeat what its body no longer says.
import Anthropic from '@anthropic-ai/sdk'
import { expect, it } from 'vitest'
import type { BundlePolicy } from '../../policy/bundle.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, makeConnection, makePolicy } from '../helpers/make.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

const action = 'Redact' as const
const policy: BundlePolicy = makePolicy({
  rules: [allowAll],
  dataClasses: [{ name: 'PII', detectors: ['email', 'card'] }],
  masking: {
    request: [{ name: 'asked', class: 'PII', action }],
    response: [{ name: 'told', class: 'PII', action }],
  },
})

function toConnection(protocol: 'Anthropic' | 'MCP', origin: string): ReturnType<typeof makeConnection> {
  return makeConnection(
    { protocol },
    { endpoints: [{ name: 'main', origin, basePath: '', weight: 1, place: 'External' }] },
  )
}

function cut(text: string): readonly string[] {
  return text.match(/.{1,3}/gsu) ?? []
}

it('[MK1] a streamed message of Anthropic reaches its SDK masked, text and calls alike', async () => {
  const seen: string[] = []
  await using upstream = await startUpstream((request, response) => {
    void readText(request).then((body) => {
      seen.push(body)
      const write = (type: string, event: object): unknown =>
        response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...event })}\n\n`)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const usage = { input_tokens: 1, output_tokens: 1 }
      write('message_start', { message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage } })
      write('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
      for (const text of cut('Write to ann@example.com')) {
        write('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
      }
      write('content_block_stop', { index: 0 })
      write('content_block_start', {
        index: 1,
        content_block: { type: 'tool_use', id: 'toolu_1', name: 'pay', input: {} },
      })
      for (const partial_json of cut('{"card":4111111111111111,"to":"ann@example.com"}')) {
        write('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json } })
      }
      write('content_block_stop', { index: 1 })
      write('message_delta', { delta: { stop_reason: 'tool_use', stop_sequence: null }, usage })
      write('message_stop', {})
      return response.end()
    })
  })
  await using gw = await startGateway({ connections: [toConnection('Anthropic', upstream.origin)], policies: [policy] })
  const client = new Anthropic({
    baseURL: `${gw.origin}/team-a/chat`,
    authToken: gw.token,
    apiKey: null,
    maxRetries: 0,
  })
  const messages = [{ role: 'user' as const, content: 'I am jo@example.com.' }]
  const { content } = await client.messages.stream({ model: 'm', max_tokens: 99, messages }).finalMessage()
  expect(content).toMatchObject([
    { type: 'text', text: 'Write to [PII]' },
    { type: 'tool_use', id: 'toolu_1', input: { card: '[PII]', to: '[PII]' } },
  ])
  expect(seen.map((body): unknown => JSON.parse(body))).toMatchObject([
    { messages: [{ role: 'user', content: 'I am [PII].' }] },
  ])
})

it('[MK1] a call of MCP reaches its server masked, in its headers as in its body', async () => {
  const seen: { readonly who: unknown; readonly body: string }[] = []
  await using upstream = await startUpstream((request, response) => {
    void readText(request).then((body) => {
      seen.push({ who: request.headers['mcp-param-who'], body })
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end(
        JSON.stringify({
          jsonrpc: '2.0',
          id: 'a-1',
          result: { content: [{ type: 'text', text: 'For jo@example.com' }] },
        }),
      )
    })
  })
  await using gw = await startGateway({ connections: [toConnection('MCP', upstream.origin)], policies: [policy] })
  const call = (id: string): Promise<Response> =>
    fetch(`${gw.origin}/team-a/chat/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${gw.token}`,
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'greet',
        'mcp-param-who': 'ann@example.com',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'greet', arguments: { who: 'ann@example.com' } },
      }),
    })
  const answered = await call('a-1')
  expect(await answered.json()).toEqual({
    jsonrpc: '2.0',
    id: 'a-1',
    result: { content: [{ type: 'text', text: 'For [PII]' }] },
  })
  expect(seen).toMatchObject([{ who: '[PII]' }])
  expect(seen[0]?.body).toContain('"arguments":{"who":"[PII]"}')
  const refused: unknown = await (await call('ann@example.com')).json()
  expect(refused).toMatchObject({ id: 'ann@example.com', error: { code: -32_600, data: { code: 'bad_request' } } })
  expect(seen).toHaveLength(1)
})
