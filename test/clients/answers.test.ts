// The way back through a whole gateway: answers judged, held, ended and counted, as clients of the real SDK see it.
import type { RequestListener, ServerResponse } from 'node:http'
import OpenAI, { APIError } from 'openai'
import { describe, expect, it, vi } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { ask, connectionTo, expectSettled, open, readMetrics, toRequest } from '../helpers/asking.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { EventStream, readText, startRawUpstream, startUpstream } from '../helpers/upstream-server.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]
type OnStream = NonNullable<Rule['onStream']>

function denyAnswer(when: string, onStream: OnStream = 'Cut'): Rule {
  return { name: 'answers', phase: 'Response', action: 'Deny', when, onStream, message: 'Not to be told.' }
}

const noSecrets = 'response.text.contains("secret")'
const guarded = (onStream: OnStream): ReturnType<typeof makePolicy> =>
  makePolicy({ rules: [allowAll, denyAnswer(noSecrets, onStream)] })

const budget = (
  tokens: number,
  mode: 'Enforce' | 'Audit' = 'Enforce',
  name = 'budget',
): ReturnType<typeof makePolicy> =>
  makePolicy(
    { mode, rules: [allowAll], limits: [{ name: 'tokens', key: 'identity.username', tokens, window: '1h' }] },
    { name },
  )

const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }

function toChunk(content: string): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }]
  return `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`
}

function toStream(words: readonly string[]): string {
  const last = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' }
  const stop = `data: ${JSON.stringify({ ...last, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
  const counted = `data: ${JSON.stringify({ ...last, choices: [], usage })}\n\n`
  return `${words.map(toChunk).join('')}${stop}${counted}data: [DONE]\n\n`
}

function toCompletion(content: string): string {
  const message = { role: 'assistant', content }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  return JSON.stringify({ id: 'c1', object: 'chat.completion', created: 1, model: 'm', choices, usage })
}

/** Says these words, as a stream where one is asked for. */
function speak(...words: readonly string[]): RequestListener {
  return (request, response) => {
    void readText(request).then((body) => {
      const isStream = body.includes('"stream":true')
      response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
      response.end(isStream ? toStream(words) : toCompletion(words.join('')))
    })
  }
}

interface Stage extends AsyncDisposable {
  readonly gw: TestGateway
  readonly upstream: Upstream
  readonly client: OpenAI
}

async function stage(upstream: Upstream, policies: readonly ReturnType<typeof makePolicy>[]): Promise<Stage> {
  const gw = await startGateway({ connections: [connectionTo(upstream)], policies })
  return {
    gw,
    upstream,
    client: new OpenAI({ baseURL: `${gw.origin}/team-a/chat/v1`, apiKey: gw.token, maxRetries: 0 }),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const hello = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }

interface Heard {
  readonly text: string
  readonly finish: string | null | undefined
  readonly error: unknown
}

async function listen(client: OpenAI, more: { readonly max_tokens?: number } = {}): Promise<Heard> {
  let text = ''
  let finish: Heard['finish']
  try {
    const stream = await client.chat.completions.create({ ...hello, ...more, stream: true })
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? ''
      finish = choices[0]?.finish_reason ?? finish
    }
    return { text, finish, error: undefined }
  } catch (error) {
    return { text, finish, error }
  }
}

const fail =
  (message: string): RequestListener =>
  (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }))
  }

describe('a rule about answers', () => {
  it('lets a good answer pass as the model gave it', async () => {
    await using up = await stage(await startUpstream(speak('fine')), [guarded('Hold')])
    const { data, response } = await up.client.chat.completions.create(hello).withResponse()
    expect(data).toEqual(JSON.parse(toCompletion('fine')))
    expect(response.headers.get('x-portcullis-session')).not.toBeNull()
    expect(await listen(up.client)).toEqual({ text: 'fine', finish: 'stop', error: undefined })
  })

  it('puts a refusal in the place of an answer that it denies', async () => {
    await using up = await stage(await startUpstream(speak('a secret')), [guarded('Cut')])
    const error: unknown = await up.client.chat.completions.create(hello).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({
      status: 403,
      code: 'response_denied',
      error: { message: 'Not to be told.', policy: 'team-a/policy', rule: 'answers' },
    })
    const record = (await up.gw.records()).at(-1)
    expect(record).toMatchObject({
      decision: { effect: 'Permit' },
      response: { status: 403, outcome: 'Refused', error: 'response_denied', rule: 'team-a/policy/answers' },
    })
    expect(JSON.stringify(record) + up.gw.logs()).not.toContain('secret')
    expect(up.gw.logs()).toContain('"answerRule":"team-a/policy/answers"')
  })

  it('with Cut ends a stream where it first matches: the SDK has what came before, and raises our error', async () => {
    await using up = await stage(await startUpstream(speak('one ', 'two ', 'sec', 'ret ', 'three')), [guarded('Cut')])
    const { text, error } = await listen(up.client)
    expect(text).toBe('one two sec')
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code: 'response_denied', error: { message: 'Not to be told.', rule: 'answers' } })
    expect((await up.gw.records()).at(-1)?.response).toMatchObject({
      status: 200,
      outcome: 'Ended',
      error: 'response_denied',
      rule: 'team-a/policy/answers',
    })
    expect(await readMetrics(up.gw)).toContain(
      'portcullis_calls_total{connection="team-a/chat",outcome="Ended",status="200",code="response_denied"} 1',
    )
  })

  it('with Cut cancels the call to the model when it denies', async () => {
    const events = new EventStream()
    await using up = await stage(await startUpstream(events.listener), [guarded('Cut')])
    using caller = await open(up.gw)
    caller.write(toRequest(up.gw))
    await events.send(toChunk('one').slice(6, -2))
    await caller.until(/one/u)
    await events.send(toChunk('secret').slice(6, -2))
    expect(await caller.until(/\r\n0\r\n\r\n$/u)).not.toContain('secret')
    await vi.waitFor(() => expect(events.closed).toBe(true))
    await expectSettled(up.gw)
  })

  it('with Hold answers 403 before anything of the stream was sent', async () => {
    await using up = await stage(await startUpstream(speak('one ', 'a secret')), [guarded('Hold')])
    expect(await listen(up.client)).toMatchObject({ text: '', error: { status: 403, code: 'response_denied' } })
  })

  it('refuses what the model server says in no form that is known', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"choices":"none"')
    })
    await using up = await stage(upstream, [guarded('Hold')])
    const error: unknown = await up.client.chat.completions.create(hello).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 502, code: 'response_unreadable' })
  })

  it('sees errors of the model server, and lets them pass with their status', async () => {
    await using told = await stage(await startUpstream(fail('too long')), [guarded('Hold')])
    await expect(told.client.chat.completions.create(hello)).rejects.toMatchObject({ status: 400 })
    await using denied = await stage(await startUpstream(fail('the secret prompt is too long')), [guarded('Hold')])
    await expect(denied.client.chat.completions.create(hello)).rejects.toMatchObject({
      status: 403,
      code: 'response_denied',
    })
  })
})

it('a stream that becomes unreadable after its end is ended with the error, not with silence', async () => {
  const filler = toStream(['a'.repeat(40_000)]).replace('data: [DONE]\n\n', '')
  const upstream = await startUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`${filler}data: [DONE]\n\ndata: {"choices":[{]}\n\n`)
  })
  await using up = await stage(upstream, [guarded('Cut')])
  const { error } = await listen(up.client)
  expect(error).toMatchObject({ code: 'response_unreadable' })
})

describe('a model server that dies', () => {
  it('while its answer is held gives a refusal with a status, not a cut', async () => {
    const events = new EventStream()
    await using up = await stage(await startUpstream(events.listener), [guarded('Hold')])
    using caller = await open(up.gw)
    caller.write(toRequest(up.gw))
    await events.send(toChunk('one').slice(6, -2))
    await events.cut()
    expect(await caller.until(/upstream_failed/u)).toMatch(/^HTTP\/1\.1 502 /u)
  })

  it('too slowly while its answer is held gives a refusal with a status', async () => {
    const events = new EventStream()
    const upstream = await startUpstream(events.listener)
    await using gw = await startGateway({
      connections: [connectionTo(upstream, { limits: { idleTimeout: '200ms' } })],
      policies: [guarded('Hold')],
    })
    using caller = await open(gw)
    caller.write(toRequest(gw))
    await events.send(toChunk('one').slice(6, -2))
    expect(await caller.until(/upstream_timeout/u)).toMatch(/^HTTP\/1\.1 504 /u)
    await upstream[Symbol.asyncDispose]()
  })

  it('in a stream that is cut as it goes leaves the caller a broken transfer', async () => {
    const events = new EventStream()
    await using up = await stage(await startUpstream(events.listener), [guarded('Cut')])
    using caller = await open(up.gw)
    caller.write(toRequest(up.gw))
    await events.send(toChunk('one').slice(6, -2))
    await caller.until(/one/u)
    await events.cut()
    await caller.closed
    expect(caller.received()).not.toMatch(/\r\n0\r\n\r\n$/u)
  })
})

describe('a caller', () => {
  it.each<OnStream>(['Cut', 'Hold'])('who leaves cancels the call to the model (%s)', async (onStream) => {
    const events = new EventStream()
    await using up = await stage(await startUpstream(events.listener), [guarded(onStream)])
    const caller = await open(up.gw)
    caller.write(toRequest(up.gw))
    await events.send(toChunk('one').slice(6, -2))
    await vi.waitFor(async () => expect(await readMetrics(up.gw)).toMatch(/calls_in_flight 1/u))
    caller.socket.destroy()
    await vi.waitFor(() => expect(events.closed).toBe(true))
    await expectSettled(up.gw)
    await vi.waitFor(async () =>
      expect((await up.gw.records()).at(-1)?.response).toMatchObject({ error: 'client_closed' }),
    )
  })

  it('who does not read pauses the model, and gets every byte once it reads again', async () => {
    const words = Array.from({ length: 780 }, (_, i) => `${String(i).padStart(4, '0')}${'x'.repeat(20_000)} `)
    const whole = toStream(words)
    let sent = 0
    const pace = (response: ServerResponse): void => {
      while (sent < whole.length) {
        const piece = whole.slice(sent, sent + 16_384)
        sent += piece.length
        if (!response.write(piece)) return void response.once('drain', () => pace(response))
      }
      response.end()
    }
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      pace(response)
    })
    await using up = await stage(upstream, [
      makePolicy({ rules: [allowAll, denyAnswer('response.finishReason == "never"')] }),
    ])
    using caller = await open(up.gw)
    caller.socket.pause()
    caller.write(toRequest(up.gw, { headers: ['connection: close'] }))
    let seen = -1
    await vi.waitFor(
      () => {
        const now = sent
        const isStill = now === seen && now > 0
        seen = now
        expect(isStill).toBe(true)
      },
      { interval: 200, timeout: 10_000 },
    )
    expect(sent).toBeLessThan(whole.length)
    caller.socket.resume()
    await caller.closed
    const received = caller.received()
    expect(received.endsWith('\r\n0\r\n\r\n')).toBe(true)
    const text = [...received.matchAll(/"content":"(\d{4}x+ )"/gu)].map(([, word]) => word)
    expect(text).toEqual(words)
  }, 30_000)
})

const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'

describe('bytes for the caller', () => {
  it.each([
    ['passes', 'response.text.contains("nothing of it")'],
    ['is ended', noSecrets],
  ])(
    'do not depend on how the model server cut a stream that %s',
    async (_title, when) => {
      const bytes = Buffer.from(toStream(['one ', 'sec', 'ret', ' two']))
      let cut = 0
      const upstream = await startRawUpstream((socket, asked) => {
        if (!asked.toString('latin1').startsWith('POST')) return
        socket.setNoDelay(true)
        socket.write(streamHead)
        socket.write(bytes.subarray(0, cut))
        setImmediate(() => socket.end(bytes.subarray(cut)))
      })
      await using up = await stage(upstream, [makePolicy({ rules: [allowAll, denyAnswer(when)] })])
      const hear = async (): Promise<string> => {
        const response = await fetch(`${up.gw.origin}/team-a/chat/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${up.gw.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ ...hello, stream: true }),
        })
        return response.text()
      }
      const expected = await hear()
      for (cut = 1; cut < bytes.length; cut += 1) expect([cut, await hear()]).toEqual([cut, expected])
    },
    60_000,
  )

  it('are the same with and without a policy in mode Audit, whatever it would have said', async () => {
    const answers: readonly RequestListener[] = [
      speak('a ', 'secret'),
      (_request, response) => response.writeHead(500, { 'content-type': 'text/html' }).end('<p>secret</p>'),
      (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":3'),
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end('no gzip')
      },
    ]
    const audits = [
      makePolicy({ mode: 'Audit', rules: [allowAll, denyAnswer(noSecrets, 'Hold')] }, { name: 'audited' }),
      budget(1, 'Audit', 'audited-budget'),
    ]
    for (const answer of answers) {
      const upstream = await startUpstream((request, response) => {
        response.sendDate = false
        answer(request, response)
      })
      await using up = await stage(upstream, [makePolicy()])
      const bodies = [JSON.stringify({ ...hello, stream: true }), JSON.stringify(hello)]
      for (const body of bodies) {
        await up.gw.publish({ policies: [makePolicy()] })
        const without = await ask(up.gw, { body })
        await up.gw.publish({ policies: [makePolicy(), ...audits] })
        expect(toComparable(await ask(up.gw, { body }))).toEqual(toComparable(without))
      }
    }
  })
})

function toComparable(received: string): string {
  return received.replaceAll(/x-portcullis-\w+: [^\r]+|date: [^\r]+/giu, '')
}

describe('mode Audit', () => {
  it('records and counts what it would have refused: requests, answers and limits', async () => {
    const audited = makePolicy(
      {
        mode: 'Audit',
        rules: [allowAll, denyAnswer(noSecrets)],
        limits: [{ name: 'tokens', key: 'identity.username', tokens: 1, window: '1h' }],
      },
      { name: 'audited' },
    )
    await using up = await stage(await startUpstream(speak('a ', 'secret')), [makePolicy(), audited])
    expect(await listen(up.client)).toMatchObject({ text: 'a secret', error: undefined })
    const record = (await up.gw.records()).at(-1)
    expect(record?.response).toMatchObject({ outcome: 'Completed', status: 200 })
    expect(record?.shadow).toEqual([
      { policy: 'team-a/audited', rule: 'tokens', reason: 'LimitExceeded' },
      { policy: 'team-a/audited', rule: 'answers', reason: 'DeniedByRule' },
    ])
    expect(up.gw.logs()).toContain('"shadow":"team-a/audited/tokens team-a/audited/answers"')
    expect(await readMetrics(up.gw)).toContain(
      'portcullis_shadow_denials_total{connection="team-a/chat",policy="team-a/audited",rule="answers",reason="DeniedByRule"} 1',
    )
  })
})

describe('a budget of tokens', () => {
  it('ends a stream as if the model had met its own limit', async () => {
    const words = Array.from({ length: 3000 }, (_, i) => `word${i} `)
    await using up = await stage(await startUpstream(speak(...words)), [budget(3000)])
    const { text, finish, error } = await listen(up.client)
    expect([finish, error]).toEqual(['length', undefined])
    expect(words.join('').startsWith(text)).toBe(true)
    expect(text.length).toBeGreaterThan(0)
    expect(text.length).toBeLessThan(3000)
    expect((await up.gw.records()).at(-1)?.response).toMatchObject({ outcome: 'Ended', error: 'limit_exceeded' })
  })

  it('refuses the call that it cannot pay for, and says when to come again', async () => {
    await using up = await stage(await startUpstream(speak('fine')), [budget(1)])
    const error: unknown = await up.client.chat.completions.create(hello).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 429, code: 'limit_exceeded' })
    expect((await up.gw.records()).at(-1)).toMatchObject({
      decision: { effect: 'Deny', reason: 'LimitExceeded', rules: ['team-a/budget/tokens'] },
      response: { status: 429, outcome: 'Refused', error: 'limit_exceeded' },
    })
  })

  it('is charged what the model server counted', async () => {
    await using up = await stage(await startUpstream(speak('fine')), [budget(400)])
    // Each costs 12 as the model counts, and some 100 bytes to reserve: only settling lets more than a few through.
    for (let call = 0; call < 20; call += 1) {
      expect((await up.client.chat.completions.create({ ...hello, max_tokens: 10 })).choices).toHaveLength(1)
    }
  })

  it('is not charged for calls that never left', async () => {
    const gone = await startUpstream(speak('never'))
    await gone[Symbol.asyncDispose]()
    await using gw = await startGateway({ connections: [connectionTo(gone)], policies: [budget(400)] })
    for (let call = 0; call < 20; call += 1) expect(await ask(gw)).toMatch(/upstream_unreachable/u)
  })
})

it('a limit on calls in flight is given back when the stream ends, however it ends', async () => {
  const events = new EventStream()
  const one = makePolicy({ rules: [allowAll], limits: [{ name: 'at-once', key: 'connection.name', concurrent: 1 }] })
  await using up = await stage(await startUpstream(events.listener), [one])
  const caller = await open(up.gw)
  caller.write(toRequest(up.gw))
  await caller.until(/200 OK/u)
  expect(await ask(up.gw)).toMatch(/^HTTP\/1\.1 429 [^]*limit_exceeded/u)
  caller.socket.destroy()
  await expectSettled(up.gw)
  using next = await open(up.gw)
  next.write(toRequest(up.gw))
  await next.until(/200 OK/u)
})
