// Masks on a whole gateway: what the model sees, what the caller gets back, what is kept of it. The model here says whatever the
// last message tells it to, whole or in pieces of three characters.
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

type Spec = NonNullable<Parameters<typeof makePolicy>[0]>

interface World extends AsyncDisposable {
  readonly gw: TestGateway
  readonly client: OpenAI
  /** Bodies that the model got. */
  readonly seen: string[]
}

const key = new Uint8Array(32).fill(7)

async function startWorld(policies: readonly BundlePolicy[], hasKey = true): Promise<World> {
  const seen: string[] = []
  const upstream = await startEcho(seen)
  const gw = await startGateway({ connections: [toConnection(upstream)], policies })
  if (hasKey) gw.gateway.tenantKeys.set(new Map([['team-a', key]]))
  return {
    gw,
    seen,
    client: new OpenAI({ baseURL: `${gw.origin}/team-a/chat/v1`, apiKey: gw.token, maxRetries: 0 }),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const toConnection = ({ origin }: Upstream): BundleConnection =>
  makeConnection({}, { endpoints: [{ name: 'main', origin, basePath: '/v1', weight: 1, place: 'External' }] })

/** Says what follows `say:` in the last message. */
async function startEcho(seen: string[]): Promise<Upstream> {
  return startUpstream((request, response) => {
    void readText(request).then((body) => {
      seen.push(body)
      const asked: { stream?: boolean; messages: { content: string }[] } = JSON.parse(body)
      const said = asked.messages.at(-1)?.content.replace(/^.*?say:/su, '') ?? ''
      if (asked.stream !== true) {
        const message = { role: 'assistant', content: said }
        const choice = { index: 0, message, finish_reason: 'stop', logprobs: null }
        response.writeHead(200, { 'content-type': 'application/json' })
        return response.end(
          JSON.stringify({ id: '1', object: 'chat.completion', created: 1, model: 'm', choices: [choice] }),
        )
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const head = { id: '1', object: 'chat.completion.chunk', created: 1, model: 'm' }
      const write = (choice: object): unknown =>
        response.write(`data: ${JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] })}\n\n`)
      for (const piece of said.match(/.{1,3}/gsu) ?? []) write({ delta: { content: piece }, finish_reason: null })
      write({ delta: {}, finish_reason: 'stop' })
      return response.end('data: [DONE]\n\n')
    })
  })
}

const ask = (content: string): { model: string; messages: { role: 'user'; content: string }[] } => ({
  model: 'm',
  messages: [{ role: 'user', content }],
})

async function say(client: OpenAI, text: string): Promise<string> {
  const { choices } = await client.chat.completions.create(ask(text))
  return choices[0]?.message.content ?? ''
}

async function stream(client: OpenAI, text: string): Promise<{ text: string; pieces: number; finish: string }> {
  const chunks = await client.chat.completions.create({ ...ask(text), stream: true })
  const said = { text: '', pieces: 0, finish: '' }
  for await (const { choices } of chunks) {
    const piece = choices[0]?.delta.content ?? ''
    said.text += piece
    if (piece !== '') said.pieces += 1
    said.finish = choices[0]?.finish_reason ?? said.finish
  }
  return said
}

const personal = [{ name: 'PII', detectors: ['email', 'us-ssn', 'phone'] }]
const mask = (masking: NonNullable<Spec['masking']>, more: Spec = {}): BundlePolicy =>
  makePolicy({ rules: [allowAll], dataClasses: personal, masking, ...more })

describe('what goes to the model', () => {
  it('[MK1] loses what a mask speaks of, and no other byte', async () => {
    await using world = await startWorld([mask({ request: [{ name: 'pii', class: 'PII', action: 'Redact' }] })])
    const body =
      '{ "model":"m", "seed": 1.50e1,\n "messages":[{"content":"mail \\u0061nn@example.com, h\\u0069","role":"user"}] }'
    const response = await fetch(`${world.gw.origin}/team-a/chat/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.gw.token}`, 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(200)
    expect(world.seen).toEqual([body.replace('\\u0061nn@example.com', '[PII]').replace(', h\\u0069', ', hi')])
  })

  it('[MK11] carries nothing in headers either', async () => {
    const told: NodeJS.Dict<string | string[]>[] = []
    await using upstream = await startUpstream((request, response) => {
      told.push(request.headers)
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end('{"object":"chat.completion","choices":[]}')
    })
    await using gw = await startGateway({
      connections: [toConnection(upstream)],
      policies: [
        mask(
          { request: [{ name: 'pii', class: 'PII', action: 'Redact' }] },
          // The caller's own token is one of these, and no finding: it goes no further.
          { dataClasses: [{ name: 'PII', detectors: ['email', 'jwt', 'authorization-header'] }] },
        ),
      ],
    })
    await fetch(`${gw.origin}/team-a/chat/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gw.token}`, 'content-type': 'application/json', 'x-user': 'ann@example.com' },
      body: JSON.stringify(ask('hi')),
    })
    expect(told[0]?.['x-user']).toBe('[PII]')
    const [record] = await gw.records()
    expect(record?.masked).toEqual([expect.objectContaining({ count: 1, paths: ['header:x-user'] })])
  })

  it('[MK14] is refused where a mask denies, before the model and the limits hear of it', async () => {
    const limits = [{ name: 'one', key: 'identity.subject', requests: 1, window: '1h' }]
    await using world = await startWorld([
      mask({ request: [{ name: 'no-pii', class: 'PII', action: 'Deny' }] }, { limits }),
    ])
    await expect(say(world.client, 'mail ann@example.com')).rejects.toMatchObject({
      status: 403,
      code: 'policy_denied',
    })
    expect(world.seen).toEqual([])
    const [record] = await world.gw.records()
    expect(record?.decision).toEqual({ effect: 'Deny', reason: 'SensitiveData', rules: ['team-a/policy/no-pii'] })
    expect(await say(world.client, 'say:the one call that there is')).toBe('the one call that there is')
    await expect(say(world.client, 'say:another')).rejects.toMatchObject({ status: 429 })
  })

  it('[MK16] needs the tenant’s key for a hash', async () => {
    const policies = [mask({ request: [{ name: 'h', class: 'PII', action: 'Hash' }] })]
    await using world = await startWorld(policies, false)
    await expect(say(world.client, 'hi')).rejects.toMatchObject({ status: 503, code: 'masking_unavailable' })
    world.gw.gateway.tenantKeys.set(new Map([['team-a', key]]))
    await say(world.client, 'from ann@example.com and Ann@Example.com say:x')
    expect(world.seen[0]).toMatch(/from \[PII:([a-z]{16})\] and \[PII:\1\]/u)
  })

  it('[MK2] is judged by what was found in it', async () => {
    const rules = [
      allowAll,
      { name: 'few', phase: 'Request', action: 'Deny', when: 'findings.PII.count > 1', message: 'too many' } as const,
    ]
    await using world = await startWorld([makePolicy({ rules, dataClasses: personal })])
    await expect(say(world.client, 'ann@example.com, bob@example.com')).rejects.toMatchObject({ status: 403 })
    expect(await say(world.client, 'say:ann@example.com')).toBe('ann@example.com')
  })
})

describe('what comes back', () => {
  const policies = [mask({ response: [{ name: 'pii', class: 'PII', action: 'Redact' }] })]

  it('[MK15] is masked alike, whole and in a stream', async () => {
    await using world = await startWorld(policies)
    const text = 'Ann, ann@example.com, SSN 536-22-8127, call'
    expect(await say(world.client, `say:${text}`)).toBe('Ann, [PII], SSN [PII], call')
    const said = await stream(world.client, `say:${text}`)
    expect(said).toMatchObject({ text: 'Ann, [PII], SSN [PII], call', finish: 'stop' })
    expect(said.pieces).toBeGreaterThan(5)
    expect(world.seen[0]).toContain('ann@example.com')
  })

  it('[MK15] gives what is held before the end', async () => {
    await using world = await startWorld(policies)
    expect(await stream(world.client, 'say:write to ann@example.com')).toMatchObject({
      text: 'write to [PII]',
      finish: 'stop',
    })
  })

  it('[MK14] ends where a mask denies', async () => {
    await using world = await startWorld([mask({ response: [{ name: 'pii', class: 'PII', action: 'Deny' }] })])
    await expect(say(world.client, 'say:ann@example.com')).rejects.toMatchObject({
      status: 403,
      code: 'response_denied',
    })
    let seen = ''
    const run = async (): Promise<void> => {
      const chunks = await world.client.chat.completions.create({ ...ask('say:hello ann@example.com'), stream: true })
      for await (const { choices } of chunks) seen += choices[0]?.delta.content ?? ''
    }
    await expect(run()).rejects.toThrow('data that a policy does not let through')
    expect(seen).toBe('hello ')
    const records = await world.gw.records()
    expect(records.map(({ response }) => response.outcome)).toEqual(['Refused', 'Ended'])
    expect(records[1]?.response.rule).toBe('team-a/policy/pii')
  })
})

const toPolicies = (restore: 'Never' | 'Response'): BundlePolicy[] => [
  mask({ request: [{ name: 'pii', class: 'PII', action: 'Pseudonymize', restore }] }),
]

describe('pseudonyms', () => {
  const token = /PII(?:-[B-DF-HJ-NP-TV-XZ]{4}){5}/u
  it('[MK10] stand for the same value in every turn, and come back as the original', async () => {
    await using world = await startWorld(toPolicies('Response'))
    expect(await say(world.client, 'say:write to ann@example.com')).toBe('write to ann@example.com')
    expect(await stream(world.client, 'say:{"to":"ann@example.com"}')).toMatchObject({
      text: '{"to":"ann@example.com"}',
    })
    const [first, second] = world.seen.map((body) => token.exec(body)?.[0])
    expect(first).toBeDefined()
    expect(second).toBe(first)
    expect(world.seen.join('')).not.toContain('ann@example.com')
  })

  it('[MK10] come back however the model spells them', async () => {
    await using world = await startWorld(toPolicies('Response'))
    await say(world.client, 'ann@example.com')
    const spelled =
      token
        .exec(world.seen[0] ?? '')?.[0]
        .toLowerCase()
        .replaceAll('-', '\u2011') ?? ''
    expect(await stream(world.client, `ann@example.com say:to ${spelled}, soon`)).toMatchObject({
      text: 'to ann@example.com, soon',
    })
  })

  it('[MK10] stay tokens where the original was not in this request', async () => {
    await using world = await startWorld(toPolicies('Response'))
    await say(world.client, 'ann@example.com')
    const known = token.exec(world.seen[0] ?? '')?.[0] ?? ''
    expect(await say(world.client, `bob@example.com say:${known}`)).toBe(known)
  })

  it('stay tokens where nobody asks for more', async () => {
    await using world = await startWorld(toPolicies('Never'))
    expect(await say(world.client, 'say:ann@example.com')).toMatch(token)
  })
})

describe('several policies', () => {
  it('[MK8] mask by the strictest', async () => {
    const strict = makePolicy(
      {
        dataClasses: personal,
        masking: { request: [{ name: 'hide', class: 'PII', action: 'Redact', label: 'GONE' }] },
      },
      { name: 'strict' },
    )
    await using world = await startWorld([
      mask({ request: [{ name: 'pii', class: 'PII', action: 'Partial' }] }),
      strict,
    ])
    await say(world.client, 'SSN 536-22-8127')
    expect(world.seen[0]).toContain('SSN [GONE]')
  })

  it('[MK13] only count in mode Audit, and need no key for it', async () => {
    const audit = mask(
      {
        request: [{ name: 'pii', class: 'PII', action: 'Pseudonymize' }],
        response: [{ name: 'pii', class: 'PII', action: 'Deny' }],
      },
      { mode: 'Audit' },
    )
    await using world = await startWorld([makePolicy({ rules: [allowAll] }, { name: 'allow' }), audit], false)
    expect(await say(world.client, 'say:ann@example.com')).toBe('ann@example.com')
    expect(await stream(world.client, 'say:ann@example.com')).toMatchObject({ text: 'ann@example.com' })
    const records = await world.gw.records()
    for (const record of records) {
      expect(record.masked).toEqual([
        expect.objectContaining({ phase: 'Request', acted: false, count: 1, paths: ['/messages/0/content'] }),
        expect.objectContaining({ phase: 'Response', acted: false, count: 1 }),
      ])
      expect(record.shadow).toEqual([{ policy: 'team-a/policy', rule: 'pii', reason: 'SensitiveData' }])
    }
  })

  it('[MK4] mask for those alone whom they speak about', async () => {
    const some = mask(
      { request: [{ name: 'pii', class: 'PII', action: 'Redact' }] },
      { subjects: [{ name: 'others', group: 'others' }] },
    )
    await using world = await startWorld([makePolicy({ rules: [allowAll] }, { name: 'allow' }), some])
    await say(world.client, 'ann@example.com')
    expect(world.seen[0]).toContain('ann@example.com')
  })
})

it('tells nobody what it found', async () => {
  await using world = await startWorld([
    mask({
      request: [{ name: 'in', class: 'PII', action: 'Redact' }],
      response: [{ name: 'out', class: 'PII', action: 'Redact' }],
    }),
  ])
  await say(world.client, 'ann@example.com say:536-22-8127')
  const records = await world.gw.records()
  expect(records[0]?.masked).toEqual([
    {
      phase: 'Request',
      policy: 'team-a/policy',
      mask: 'in',
      class: 'PII',
      action: 'Redact',
      acted: true,
      count: 2,
      paths: ['/messages/0/content'],
    },
  ])
  const metrics = await (await fetch(`${world.gw.adminOrigin}/metrics`)).text()
  expect(metrics).toMatch(/portcullis_masked_findings_total\{[^}]*phase="Request"[^}]*\} 2/u)
  for (const told of [world.gw.logs(), JSON.stringify(records), metrics]) {
    expect(told).not.toContain('ann@example.com')
    expect(told).not.toContain('536-22')
  }
})
