// What went wrong in other gateways that mask, each under the name of its report: none of it may happen here. Those that are about
// detectors alone stand beside the detectors.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { Json } from '../../policy/model.ts'
import { askStream, chatDone, chunk, completion, events, messageAround, named, whole } from '../bypass/answer-shapes.ts'
import { toSaid } from '../bypass/reading.ts'
import { ask } from '../bypass/shapes.ts'
import type { Answered, Attempt, World, WorldConnection } from '../bypass/world.ts'
import { startWorld } from '../bypass/world.ts'
import { allowAll } from '../helpers/make.ts'

type Action = NonNullable<NonNullable<InferencePolicySpec['masking']>['request']>[number]['action']

const dataClasses: NonNullable<InferencePolicySpec['dataClasses']> = [
  {
    name: 'PII',
    detectors: ['email', 'us-ssn', 'PCI', 'pem-private-key'],
    patterns: [{ name: 'person', pattern: 'John Smith' }],
  },
]

const masking = (action: Action, more: Partial<InferencePolicySpec> = {}): WorldConnection => ({
  policy: {
    rules: [allowAll],
    dataClasses,
    masking: {
      request: [{ name: 'asked', class: 'PII', action, ...(action === 'Pseudonymize' ? { restore: 'Response' } : {}) }],
      // Pseudonyms alone: what comes back is what was asked.
      ...(action === 'Pseudonymize' ? {} : { response: [{ name: 'said', class: 'PII', action }] }),
    },
    ...more,
  },
})

const claude: WorldConnection = { ...masking('Redact'), spec: { protocol: 'Anthropic' } }

let world: World
beforeAll(async () => {
  world = await startWorld({
    chat: masking('Redact'),
    claude,
    denying: masking('Deny'),
    keyed: masking('Pseudonymize'),
    keyless: masking('Hash'),
    'claude-keyed': { ...masking('Pseudonymize'), spec: { protocol: 'Anthropic' } },
    watched: { ...masking('Deny', { mode: 'Audit' }), isWatched: true },
  })
})
afterAll(async () => world[Symbol.asyncDispose]())

const giveKey = (): void => world.gateway.gateway.tenantKeys.set(new Map([['team-a', new Uint8Array(32).fill(7)]]))
const takeKey = (): void => world.gateway.gateway.tenantKeys.set(new Map())

const chat = (body: { readonly [key: string]: Json }): Attempt => ({
  path: '/v1/chat/completions',
  body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...body }),
})
const respond: Attempt = { path: '/v1/responses', body: '{"model":"m","input":"hi","stream":true}' }

const streamed = askStream('OpenAI')

async function sendFor(connection: string, attempt: Attempt, answer: World['answer']): Promise<Answered> {
  world.answer = answer
  return world.send(connection, attempt)
}

/** What a chat says in these pieces, as it reaches the caller. */
async function stream(pieces: readonly string[], connection = 'chat'): Promise<string> {
  const said = pieces.map((content) => chunk({ content }))
  const end = [chunk({}, 0, { finish_reason: 'stop' }), chatDone]
  const { body } = await sendFor(connection, streamed, events(...said, ...end))
  return toSaid(body).get('/choices/#0/delta/content') ?? ''
}

async function reachedBy(connection: string, attempt: Attempt): Promise<string> {
  const { reached, text } = await sendFor(connection, attempt, undefined)
  expect(reached.length === 1 ? '' : text).toBe('')
  return reached[0]?.body.toString() ?? ''
}

const inPieces = (text: string, size: number): readonly string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size))

const pem = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(50)}-----END PRIVATE KEY-----`

describe('Streams', () => {
  it('[litellm #41611] a value over two events is masked', async () => {
    expect(await stream(['write to user@exa', 'mple.com now'])).toBe('write to [PII] now')
  })

  it('[litellm #31503] nothing that may still be a value leaves at the end of an event', async () => {
    expect(await stream(['for jane.', 'doe', '@example.com'])).toBe('for [PII]')
    const { body } = await sendFor('chat', streamed, events(chunk({ content: 'for jane.' }), chunk({ content: '!' })))
    const [first = '', ...later] = body.toString().split('\n\n')
    expect(first).not.toContain('jane')
    expect(later.join('')).toContain('jane.!')
  })

  it.each([1, 4, 5, 9])('[litellm #29134] no window is too short: pieces of %d', async (size) => {
    expect(await stream(inPieces(`${'a '.repeat(40)}John Smith${' b'.repeat(40)}`, size))).toBe(
      `${'a '.repeat(40)}[PII]${' b'.repeat(40)}`,
    )
    expect(await stream(inPieces(`the key ${pem} ends`, size * 7))).toBe('the key [PII] ends')
  })

  it('[litellm #29135] what a mask denies ends the stream, and nobody swallows it', async () => {
    const { body } = await sendFor(
      'denying',
      streamed,
      events(chunk({ content: 'to ann@example.com ' }), chunk({ content: 'and after' }), chatDone),
    )
    expect(body.toString()).toContain('response_denied')
    expect(body.toString()).not.toMatch(/ann@|and after|DONE/u)
    const records = await world.gateway.records()
    expect(records.at(-1)?.response).toMatchObject({ rule: 'team-a/policy-denying/said' })
  })

  it('[litellm #20027] what nothing is found in stays as it is, event by event', async () => {
    const said = [...Array.from({ length: 40 }, (_, i) => chunk({ content: `word ${i}, ` })), chatDone]
    const { body } = await sendFor('chat', streamed, events(...said))
    expect(body.toString()).toBe(said.join(''))
  })

  it('[agentgateway #2956] a mask acts on a stream as it does on the whole', async () => {
    const text = 'SSN 536-22-8127 of ann@example.com'
    const { body } = await sendFor('chat', ask('OpenAI', 'hi'), whole(completion([{ content: text }])))
    const [choice] = JSON.parse(body.toString()).choices
    expect(choice.message.content).toBe('SSN [PII] of [PII]')
    expect(await stream(inPieces(text, 3))).toBe(choice.message.content)
  })

  it('[litellm #31063] events of Responses are masked, each time the text is told', async () => {
    const text = 'to ann@example.com'
    const at = { item_id: 'i', output_index: 0, content_index: 0 }
    const part = { type: 'output_text', text, annotations: [] }
    const item = { type: 'message', id: 'i', role: 'assistant', status: 'completed', content: [part] }
    const said = [
      ...inPieces(text, 4).map((delta) => named({ type: 'response.output_text.delta', ...at, delta })),
      named({ type: 'response.output_text.done', ...at, text }),
      named({ type: 'response.content_part.done', ...at, part }),
      named({ type: 'response.output_item.done', output_index: 0, item }),
      named({ type: 'response.completed', response: { id: 'r', status: 'completed', output: [item] } }),
    ]
    const { body } = await sendFor('chat', respond, events(...said))
    expect(body.toString()).not.toContain('ann@')
    expect(body.toString().match(/"text":"to \[PII\]"/gu)).toHaveLength(4)
    expect(toSaid(body).get('/delta')).toBe('to [PII]')
  })

  it('[litellm #35257] messages of Anthropic are masked, and the record says what was', async () => {
    const deltas = inPieces('to ann@example.com', 5).map((text) => ({ type: 'text_delta', text }))
    const { body } = await sendFor(
      'claude',
      askStream('Anthropic'),
      events(...messageAround({ type: 'text', text: '' }, deltas)),
    )
    expect(toSaid(body).get('/delta/text')).toBe('to [PII]')
    const records = await world.gateway.records()
    expect(records.at(-1)?.masked).toEqual([expect.objectContaining({ phase: 'Response', count: 1, acted: true })])
  })
})

const toToken = (text: string): Json => ({
  token: text,
  logprob: -1,
  bytes: [...Buffer.from(text)],
  top_logprobs: [],
})

describe('Answers', () => {
  it('[litellm-rs #1305] tokens and their bytes do not tell what the text does not', async () => {
    const logprobs = { content: ['ann', '@example.com'].map(toToken), refusal: null }
    const bytes = String([...Buffer.from('@example.com')])
    const { choices, ...rest } = completion([{ content: 'ann@example.com' }])
    const [one] = choices as readonly { readonly [key: string]: Json }[]
    const plain = await sendFor('chat', ask('OpenAI', 'hi'), whole({ ...rest, choices: [{ ...one, logprobs }] }))
    const asStream = await sendFor(
      'chat',
      streamed,
      events(chunk({ content: 'ann@example.com' }, 0, { logprobs }), chatDone),
    )
    for (const { text } of [plain, asStream]) {
      expect(text).toContain('[PII]')
      expect(text).not.toMatch(/@example|"ann"/u)
      expect(text).not.toContain(bytes)
    }
  })

  it('[litellm #30728] what cannot be read is not sent on', async () => {
    const bytes = Buffer.concat([Buffer.from('{"choices":['), Buffer.from([0xff]), Buffer.from('"ann@example.com"]}')])
    const { status, text } = await sendFor('chat', ask('OpenAI', 'hi'), { pieces: [bytes] })
    expect(status).toBe(502)
    expect(text).not.toContain('ann@')
  })
})

describe('Requests', () => {
  it('[litellm #30728] are refused where a mask cannot do its work', async () => {
    takeKey()
    const { status, text, reached } = await world.send('keyless', ask('OpenAI', 'hi'))
    expect({ status, reached }).toEqual({ status: 503, reached: [] })
    expect(text).toContain('masking_unavailable')
  })

  it('[litellm #41265] have earlier calls of tools masked, and they are JSON still', async () => {
    const input = JSON.stringify({ to: 'ann@example.com', 'ann@example.com': '"John Smith"' })
    const calls = [{ id: 'c', type: 'function', function: { name: 'send', arguments: input } }]
    const body = await reachedBy('chat', chat({ messages: [{ role: 'assistant', tool_calls: calls }] }))
    const said = JSON.parse(JSON.parse(body).messages[0].tool_calls[0].function.arguments)
    expect(said).toEqual({ to: '[PII]', '[PII]': '"[PII]"' })
  })

  it.each<[string, Json]>([
    ['as text', 'of ann@example.com'],
    ['in parts', [{ type: 'text', text: 'of ann@example.com' }]],
    ['as JSON', '{"to":["ann@example.com"]}'],
  ])('[litellm #14612] have results of tools masked, %s', async (_title, content) => {
    const body = await reachedBy('chat', chat({ messages: [{ role: 'tool', tool_call_id: 'c', content }] }))
    expect(body).toBe(
      chat({ messages: [{ role: 'tool', tool_call_id: 'c', content }] })
        .body?.toString()
        .replace('ann@example.com', '[PII]'),
    )
  })

  it.each([
    ['[clio #1372] a quote as an escape', String.raw`\u0022ann@example.com\u0022`, '"[PII]"'],
    ['[hivemind #360] a backslash before it', String.raw`C:\\ann@example.com`, String.raw`C:\[PII]`],
    ['[EDDI #702] an escape behind it', String.raw`ann@example.com\n\tthen`, '[PII]\n\tthen'],
    ['JSON in it', String.raw`{\"a\":\"\\\"ann@example.com\\\"\"}`, String.raw`{"a":"\"[PII]\""}`],
  ])('%s leaves JSON', async (_title, written, wanted) => {
    const body = await reachedBy('chat', {
      ...chat({}),
      body: `{"model":"m","messages":[{"role":"user","content":"${written}"}]}`,
    })
    expect(JSON.parse(body).messages[0].content).toBe(wanted)
  })
})

const toCall = (text: string): { readonly [key: string]: Json } => ({
  index: 0,
  id: 'c',
  type: 'function',
  function: { name: 'f', arguments: JSON.stringify({ q: text }) },
})

describe('Pseudonyms', () => {
  const token = /PII(?:-[B-DF-HJ-NP-TV-XZ]{4}){5}/gu
  const asked = 'from ann@example.com to bob@example.com'

  /** The model says what it was told, in the form that `toAnswer` gives it. */
  async function echo(
    connection: string,
    attempt: Attempt,
    toAnswer: (text: string) => World['answer'],
  ): Promise<string> {
    giveKey()
    world.onCall = async ({ body }) => {
      const [ann = '', bob = ''] = body.toString().match(token) ?? []
      world.answer = toAnswer(`to ${bob} from ${ann}`)
    }
    const { body, reached } = await world.send(connection, attempt)
    world.onCall = undefined
    expect(reached[0]?.body.toString()).not.toContain('@example.com')
    return [...toSaid(body).values()].join('\n')
  }

  const chatAsked = ask('OpenAI', asked)
  const chatStreamed = { ...chatAsked, body: JSON.stringify({ ...JSON.parse(String(chatAsked.body)), stream: true }) }
  const claudeAsked = ask('Anthropic', asked)
  const claudeStreamed = {
    ...claudeAsked,
    body: JSON.stringify({ ...JSON.parse(String(claudeAsked.body)), stream: true }),
  }
  const responded = { path: '/v1/responses', body: JSON.stringify({ model: 'm', input: asked }) }

  it.each<[string, string, Attempt, (text: string) => World['answer']]>([
    ['a chat', 'keyed', chatAsked, (content) => whole(completion([{ content }]))],
    ['calls of a chat', 'keyed', chatAsked, (text) => whole(completion([{ tool_calls: [toCall(text)] }]))],
    [
      'a streamed chat',
      'keyed',
      chatStreamed,
      (text) => events(...inPieces(text, 3).map((content) => chunk({ content })), chatDone),
    ],
    [
      'streamed calls',
      'keyed',
      chatStreamed,
      (text) =>
        events(
          ...inPieces(JSON.stringify({ q: text }), 3).map((piece) =>
            chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
          ),
          chatDone,
        ),
    ],
    [
      'a response',
      'keyed',
      responded,
      (text) =>
        whole({
          object: 'response',
          output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
        }),
    ],
    [
      'a message',
      'claude-keyed',
      claudeAsked,
      (text) => whole({ type: 'message', role: 'assistant', content: [{ type: 'text', text }] }),
    ],
    [
      'a tool of a message',
      'claude-keyed',
      claudeAsked,
      (q) =>
        whole({
          type: 'message',
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't', name: 'f', input: { q } }],
        }),
    ],
    [
      'a streamed message',
      'claude-keyed',
      claudeStreamed,
      (text) =>
        events(
          ...messageAround(
            { type: 'text', text: '' },
            inPieces(text, 3).map((piece) => ({ type: 'text_delta', text: piece })),
          ),
        ),
    ],
    [
      'a streamed tool',
      'claude-keyed',
      claudeStreamed,
      (text) =>
        events(
          ...messageAround(
            { type: 'tool_use', id: 't', name: 'f', input: {} },
            inPieces(JSON.stringify({ q: text }), 3).map((partial_json) => ({
              type: 'input_json_delta',
              partial_json,
            })),
          ),
        ),
    ],
  ])('[litellm #31950] come back as originals in %s', async (_title, connection, attempt, toAnswer) => {
    expect(await echo(connection, attempt, toAnswer)).toContain('to bob@example.com from ann@example.com')
  })

  it('[presidio #1151] are undone by what undoes them: the caller reads every text that a caller wrote', async () => {
    const text = 'ann@example.com, Ann@Example.com; "bob@example.com" <bob@example.com>\n536-22-8127'
    giveKey()
    world.onCall = async ({ body }) => {
      world.answer = whole(completion([{ content: JSON.parse(body.toString()).messages[0].content }]))
    }
    const { body, reached } = await world.send('keyed', ask('OpenAI', text))
    world.onCall = undefined
    expect(reached[0]?.body.toString()).not.toMatch(/example|536-22/iu)
    expect(JSON.parse(body.toString()).choices[0].message.content.toLowerCase()).toBe(text.toLowerCase())
  })
})

describe('Nobody', () => {
  it('[litellm #37965, #35951] reads in records, logs or metrics what was masked', async () => {
    await reachedBy('chat', { ...ask('OpenAI', 'raw.text@example.com'), headers: { 'x-user': 'raw.text@example.com' } })
    await stream(['raw.text@', 'example.com'], 'denying')
    const metrics = await (await fetch(`${world.gateway.adminOrigin}/metrics`)).text()
    const records = JSON.stringify(await world.gateway.records())
    expect(records).toContain('header:x-user')
    for (const told of [world.gateway.logs(), records, metrics]) expect(told).not.toContain('raw.text')
  })

  it('[litellm #30447] notices mode Audit: what is only counted is sent as it was, byte for byte', async () => {
    const said = [...inPieces('to ann@example.com', 4).map((content) => chunk({ content })), chatDone]
    const attempt = { ...streamed, body: String(streamed.body).replace('hi', 'of ann@example.com') }
    const { body, reached } = await sendFor('watched', attempt, events(...said))
    expect(reached[0]?.body.toString()).toBe(attempt.body)
    expect(body.toString()).toBe(said.join(''))
    const records = await world.gateway.records()
    expect(records.at(-1)?.masked).toEqual([
      expect.objectContaining({ phase: 'Request', acted: false, count: 1 }),
      expect.objectContaining({ phase: 'Response', acted: false, count: 1 }),
    ])
  })
})
