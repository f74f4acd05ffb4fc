import { describe, expect, it } from 'vitest'
import type { Judgement, LimitDemand } from '../policy/evaluate.ts'
import { noMasks } from '../policy/judgement.ts'
import type { Usage } from '../policy/model.ts'
import { mintPermit } from '../policy/permit.ts'
import type { FakeAnswer } from '../test/helpers/answers.ts'
import { denyWord, makeModel, plainFormat, plainText, toEvents } from '../test/helpers/answers.ts'
import { makeConnection, RecordedReply } from '../test/helpers/upstream-call.ts'
import { carry } from './carry.ts'
import type { Carried } from './answer/reading.ts'
import { GatewayError } from './errors.ts'
import type { Exchange, Native, ReplySink } from './exchange.ts'
import type { Reservation } from './limits/reservation.ts'
import type { ReadRequest } from './protocols/protocol.ts'
import { Session } from './session.ts'
import { toOutputBytes } from './tokens/count-output.ts'
import type { Forwarded, UpstreamCall } from './upstream/call.ts'

const permit = mintPermit({ connection: 'team-a/chat', policies: [], rules: [] })
const passed = { pieces: [Buffer.from('USAGE 3 4')], headers: plainText }

interface Case {
  readonly answer?: FakeAnswer
  readonly judgement?: Partial<Judgement>
  readonly countsTokens?: boolean
  readonly limit?: number
  readonly ownAnswer?: ReadRequest['ownAnswer']
  readonly opaque?: boolean
  /** Instead of the model server. */
  readonly forward?: (permit: unknown, call: UpstreamCall) => Promise<Forwarded>
}

interface Outcome {
  readonly carried: Carried | string
  readonly settled: readonly (Usage | undefined)[]
  readonly reply: RecordedReply
  /** What forwarding was given to write to. */
  readonly sinks: readonly ReplySink[]
}

const tokens: LimitDemand = {
  policy: 'team-a/p',
  limit: 'tokens',
  key: '',
  measure: 'Tokens',
  max: 10,
  windowMs: 1000,
  onUnavailable: 'Deny',
  acts: true,
}

async function run(given: Case): Promise<Outcome> {
  const { answer = passed, countsTokens = true, limit = 99, opaque = false } = given
  const settled: (Usage | undefined)[] = []
  const reservation: Reservation = {
    countsTokens,
    shadow: [],
    spend: (spent) => spent <= limit,
    settle: (usage) => void settled.push(usage),
  }
  const model = makeModel(answer)
  const forward = async (minted: unknown, call: UpstreamCall, sink: ReplySink): Promise<Forwarded> => {
    if (given.forward !== undefined) return given.forward(minted, call)
    call.onSent?.()
    return model.forward(minted, call, sink)
  }
  const reply = new RecordedReply()
  const sinks: ReplySink[] = []
  const carried = await carry(
    {
      forward: async (minted, call, sink) => {
        sinks.push(sink)
        return forward(minted, call, sink)
      },
      forwardOpaque: async (minted, call) => forward(minted, call, reply),
      makeCountOutput: () => toOutputBytes,
    },
    makeSession(),
    makeExchange(reply),
    {
      permit,
      connection: { ...makeConnection({ endpoints: [] }), opaque },
      asked: { bytes: 0, path: '/', rawHeaders: [], ...(opaque ? {} : { read: makeRead(given.ownAnswer) }) },
      judgement: {
        decision: { effect: 'Permit', permit },
        shadow: [],
        demands: [tokens],
        masks: noMasks,
        ...given.judgement,
      },
      masks: undefined,
      reservation,
    },
  ).catch((error: unknown) => {
    if (error instanceof GatewayError) return error.code
    throw error
  })
  return { carried, settled, reply, sinks }
}

function makeRead(ownAnswer: ReadRequest['ownAnswer']): ReadRequest {
  const facts = { operation: 'chat', model: '', stream: false, prompt: '', body: null }
  return {
    facts,
    upstream: { path: '/', query: '' },
    answer: plainFormat,
    ...(ownAnswer === undefined ? {} : { ownAnswer }),
  }
}

function makeSession(): Session {
  const clock = { nowMs: () => 0, elapsedMs: () => 0 }
  return new Session({ ...clock, newId: () => 'id', digestCaller: () => '', gateway: 'g' }, 'POST')
}

function makeExchange(reply: RecordedReply): Exchange {
  const request = {
    method: 'POST',
    path: '/',
    query: '',
    host: '',
    rawHeaders: [],
    headers: {},
    sourceIP: '',
    readBody: async () => new Uint8Array(),
    signal: new AbortController().signal,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no road of these tests touches the sockets
  return { request, reply, native: {} as Native }
}

const fails = (code: 'upstream_unreachable' | 'upstream_timeout', sent: boolean) => ({
  forward: async (_permit: unknown, call: UpstreamCall): Promise<Forwarded> => {
    if (sent) call.onSent?.()
    throw new GatewayError(code, 'x')
  },
})

const none = { inputTokens: 0, outputTokens: 0 }

describe('what was reserved is settled once', () => {
  it.each<[string, Case, Usage | undefined]>([
    ['by what the model server told', {}, { inputTokens: 3, outputTokens: 4 }],
    ['as unknown where it told nothing', { answer: { ...passed, pieces: [Buffer.from('x')] } }, undefined],
    ['as unknown where nobody reads the answer', { countsTokens: false }, undefined],
    ['as nothing where the call never left', fails('upstream_unreachable', false), none],
    ['as unknown where it left and failed', fails('upstream_timeout', true), undefined],
    ['as nothing where the model server refused the request', { answer: { ...passed, status: 400, pieces: [] } }, none],
    ['by what was told of an answer that is withheld', { limit: 1 }, { inputTokens: 3, outputTokens: 4 }],
    ['as unknown where a stream was ended', { limit: 1, answer: { pieces: [toEvents('one', 'two')] } }, undefined],
    [
      'as nothing where the gateway answers itself',
      { ownAnswer: { status: 200, contentType: '', body: new Uint8Array() } },
      none,
    ],
    ['as unknown on an opaque connection', { opaque: true, countsTokens: false }, undefined],
  ])('%s', async (_title, given, usage) => {
    expect((await run(given)).settled).toEqual([usage])
  })
})

describe('an answer of the gateway itself', () => {
  it('is sent with its length, and nothing goes to the model server', async () => {
    const body = Buffer.from('{"object":"list"}')
    const { reply, carried } = await run({
      ownAnswer: { status: 200, contentType: 'application/json', body },
      forward: async () => Promise.reject(new Error('nobody should forward')),
    })
    expect([reply.status, reply.text, reply.ended]).toEqual([200, body.toString(), true])
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '17',
      'x-portcullis-session': 'id',
    })
    expect(carried).toMatchObject({ outcome: 'Completed', status: 200, responseBytes: 17 })
  })
})

describe('an answer', () => {
  it('that nobody needs is handed on as the very sink of the caller', async () => {
    const { reply, sinks } = await run({ countsTokens: false })
    expect(sinks).toEqual([reply])
    expect(sinks[0]).toBe(reply)
  })

  it('for which only limits in mode Audit count is not held', async () => {
    const demands = [{ ...tokens, acts: false }]
    const { reply } = await run({
      judgement: { demands },
      limit: 0,
      answer: { ...passed, pieces: [Buffer.from('a'), Buffer.from('b')] },
    })
    expect([reply.pieces.length, reply.text]).toEqual([2, 'ab'])
  })

  it('that a rule must judge is never passed where no protocol reads it', async () => {
    const { carried, settled } = await run({ opaque: true, judgement: { answer: denyWord('x') } })
    expect(carried).toBe('response_unreadable')
    expect(settled).toEqual([none])
  })
})
