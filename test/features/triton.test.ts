// Triton's generate extension through a whole gateway: a stream of text passes event by event, and one that a policy ends says so in the
// protocol's own form. Triton itself is no package that a test could install, so its side is played, in its wire format.
import { describe, expect, it } from 'vitest'
import { connectionTo } from '../helpers/asking.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

const toEvent = (text: string): string =>
  `data: ${JSON.stringify({ model_name: 'llama', model_version: '1', text_output: text })}\n\n`

async function startTriton(seen: string[], words: readonly string[]): Promise<Upstream> {
  return startUpstream((request, response) => {
    void readText(request).then((body) => {
      seen.push(`${request.url ?? ''} ${body}`)
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      for (const word of words) response.write(toEvent(word))
      response.end()
    })
  })
}

const policies = [
  makePolicy({
    rules: [
      allowAll,
      denyWhen('request.prompt.contains("forbidden")', 'not this text'),
      {
        name: 'answer',
        phase: 'Response',
        action: 'Deny',
        onStream: 'Cut',
        when: 'response.text.contains("confidential")',
        message: 'not this answer',
      },
    ],
  }),
]

async function generate(gw: TestGateway, text: string): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(`${gw.origin}/team-a/chat/v2/models/llama/generate_stream`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gw.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text_input: text }),
  })
  return { status: answer.status, body: await answer.text() }
}

describe('a stream of Triton', () => {
  it('passes unchanged, to the model by its upstream name', async () => {
    const seen: string[] = []
    const words = ['Hel', 'lo é']
    await using upstream = await startTriton(seen, words)
    const models = [{ name: 'llama', upstreamName: 'ensemble', upstreamVersion: '2' }]
    await using gw = await startGateway({
      connections: [connectionTo(upstream, { protocol: 'Triton', models })],
      policies,
    })
    expect(await generate(gw, 'hi')).toEqual({ status: 200, body: words.map(toEvent).join('') })
    expect(seen).toEqual(['/v2/models/ensemble/versions/2/generate_stream {"text_input":"hi"}'])
  })

  it('is not begun for a text that a rule denies', async () => {
    const seen: string[] = []
    await using upstream = await startTriton(seen, [])
    await using gw = await startGateway({ connections: [connectionTo(upstream, { protocol: 'Triton' })], policies })
    const { status, body } = await generate(gw, 'a forbidden word')
    expect([status, JSON.parse(body)]).toEqual([
      403,
      { error: 'not this text', code: 'policy_denied', policy: 'team-a/policy', rule: 'deny' },
    ])
    expect(seen).toEqual([])
  })

  it('ends with an error where a rule cuts it, before the word that stood in two events', async () => {
    await using upstream = await startTriton([], ['this is ', 'confi', 'dential', ' and more'])
    await using gw = await startGateway({ connections: [connectionTo(upstream, { protocol: 'Triton' })], policies })
    const { status, body } = await generate(gw, 'hi')
    expect(status).toBe(200)
    expect(body).not.toContain('dential')
    expect(body).not.toContain('more')
    const last = body.trimEnd().split('\n\n').at(-1) ?? ''
    expect(JSON.parse(last.replace('data: ', ''))).toEqual({
      error: 'not this answer',
      code: 'response_denied',
      policy: 'team-a/policy',
      rule: 'answer',
    })
  })
})
