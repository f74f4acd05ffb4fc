import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { FakeAnswer, FakeModel } from '../../test/helpers/answers.ts'
import { denyWord, eventStream, makeModel, plainFormat, plainText, toEvents } from '../../test/helpers/answers.ts'
import { makeCall, makeConnection, makePermit, RecordedReply } from '../../test/helpers/upstream-call.ts'
import { runs } from '../../test/fuzz/runs.ts'
import type { ResponseFacts } from '../../policy/model.ts'
import { GatewayError } from '../errors.ts'
import { toOutputBytes } from '../tokens/count-output.ts'
import { forwardRead } from './forward-read.ts'
import { looksPerByte } from './pieces.ts'
import type { Budget, Carried, Reading } from './reading.ts'
import { maxReadBytes } from './reading.ts'

const connection = makeConnection({ endpoints: [] })
const died = new GatewayError('upstream_failed', 'The model server broke off the call.')

interface Run {
  readonly reply: RecordedReply
  readonly model: FakeModel
  /** Or the code that it rejected with. */
  readonly carried: Carried | string
}

async function run(reading: Omit<Reading, 'format'>, answer: FakeAnswer, reply = new RecordedReply()): Promise<Run> {
  const model = makeModel(answer)
  const asked = {
    permit: makePermit(),
    call: makeCall(connection),
    reply,
    reading: { format: plainFormat, ...reading },
  }
  const carried = await forwardRead(model.forward, asked).catch((error: unknown) => {
    if (error instanceof GatewayError) return error.code
    throw error
  })
  return { reply, model, carried }
}

/** So many bytes of text may pass. */
function allow(limit: number, over: Partial<Budget> = {}): Budget {
  return { acts: true, spend: (tokens) => tokens <= limit, countOutput: toOutputBytes, ...over }
}

const split = (bytes: Uint8Array, at: number): Uint8Array[] => [bytes.subarray(0, at), bytes.subarray(at)]
const whole = {
  headers: { ...plainText, 'content-length': '11' },
  pieces: [Buffer.from('hello '), Buffer.from('world')],
}

describe('a whole answer', () => {
  it('that may pass goes on byte for byte, with its head, and not before all of it was judged', async () => {
    const judge = denyWord('secret')
    const { reply, carried } = await run({ judge }, whole)
    expect(reply.text).toBe('hello world')
    expect([reply.status, reply.headers]).toEqual([200, whole.headers])
    expect(reply.pieces).toHaveLength(1)
    expect(judge.shown).toEqual(['hello world'])
    expect(carried).toMatchObject({ outcome: 'Completed', status: 200 })
  })

  it('that is denied is withheld, and the rule is named', async () => {
    const { reply, carried } = await run({ judge: denyWord('world') }, whole)
    expect([reply.status, reply.bytes, reply.destroyed]).toEqual([0, 0, false])
    expect(carried).toMatchObject({
      ending: {
        refusal: { status: 403, code: 'response_denied', policy: 'team-a/answers', rule: 'words', message: 'No.' },
        denied: { rule: 'words' },
      },
    })
  })

  it('of an error of the model server is judged as well', async () => {
    const { carried } = await run(
      { judge: denyWord('trace') },
      { ...whole, status: 500, pieces: [Buffer.from('trace')] },
    )
    expect(carried).toMatchObject({ ending: { refusal: { code: 'response_denied' } } })
  })

  it('without a body shows rules an empty answer', async () => {
    const judge = denyWord('x')
    const { reply, carried } = await run({ judge }, { status: 204, headers: {}, pieces: [] })
    expect([judge.shown, reply.status, reply.ended]).toEqual([[''], 204, true])
    expect(carried).toMatchObject({ outcome: 'Completed' })
  })

  it('that breaks off is refused, not cut: nothing was sent', async () => {
    const { reply, carried } = await run({ judge: denyWord('x') }, { ...whole, breaks: died })
    expect([carried, reply.status, reply.destroyed]).toEqual(['upstream_failed', 0, false])
  })

  it('over its budget is withheld', async () => {
    const { reply, carried } = await run({ budget: allow(10) }, whole)
    expect(reply.status).toBe(0)
    expect(carried).toMatchObject({ ending: { refusal: { status: 429, code: 'limit_exceeded' } } })
    expect(carried).not.toHaveProperty('ending.denied')
  })

  it('within its budget passes, and tells what it cost', async () => {
    const { reply, carried } = await run({ budget: allow(11) }, { ...whole, pieces: [Buffer.from('USAGE 3 4')] })
    expect(reply.text).toBe('USAGE 3 4')
    expect(carried).toMatchObject({ usage: { inputTokens: 3, outputTokens: 4 } })
  })

  it.each([
    [400, { inputTokens: 0, outputTokens: 0 }],
    [503, undefined],
    [200, undefined],
  ])('with status %i that tells no cost has cost %j', async (status, usage) => {
    const { carried } = await run({ budget: allow(99) }, { ...whole, status })
    expect(carried).toMatchObject({ outcome: 'Completed', usage })
  })
})

const large = Buffer.alloc(1024 * 1024, 'a')
const tooLarge = Array.from({ length: maxReadBytes / large.length + 2 }, () => large)

const tooManyEvents = Array.from({ length: tooLarge.length }, () => toEvents(large.toString()))
const asMuchAsIsRead = Buffer.concat(
  tooManyEvents.slice(0, maxReadBytes / toEvents(large.toString()).length),
).toString()

describe('an answer that cannot be judged', () => {
  it.each([
    ['that cannot be read', [Buffer.from('GARBAGE')], plainText, 'response_unreadable'],
    [
      'in an unknown coding',
      [Buffer.from('x')],
      { ...plainText, 'content-encoding': 'compress' },
      'response_unreadable',
    ],
    ['that is too large', tooLarge, plainText, 'response_too_large'],
  ])('%s is refused where a rule acts, and passes where it is only counted', async (_title, pieces, headers, code) => {
    const acting = await run({ judge: denyWord('x') }, { headers, pieces })
    expect([acting.carried, acting.reply.status]).toEqual([code, 0])
    expect(acting.model.sent()).toBeLessThanOrEqual(maxReadBytes / large.length + 1)
    const counting = await run({ budget: allow(99) }, { headers, pieces })
    expect(counting.reply.headers).toEqual(headers)
    expect(Buffer.compare(Buffer.concat(counting.reply.pieces), Buffer.concat(pieces))).toBe(0)
    expect(counting.carried).toMatchObject({ outcome: 'Completed', usage: undefined })
  })

  it.each([
    ['an event that cannot be read', [toEvents('one', 'GARBAGE', 'three')], 'response_unreadable', 'data: one\n\n'],
    ['more than is read', tooManyEvents, 'response_too_large', asMuchAsIsRead],
  ])('is a stream with %s: ended as such, or passed as it is', async (_title, pieces, code, before) => {
    const acting = await run({ judge: denyWord('never') }, { pieces })
    expect(acting.carried).toMatchObject({ outcome: 'Ended', status: 200, error: { code } })
    expect([acting.reply.text === `${before}data: [${code}]\n\n`, acting.reply.ended]).toEqual([true, true])
    expect(acting.model.cancelled()).toBe(true)
    const counting = await run({ budget: allow(Number.POSITIVE_INFINITY) }, { pieces })
    expect(Buffer.compare(Buffer.concat(counting.reply.pieces), Buffer.concat(pieces))).toBe(0)
    expect(counting.carried).toMatchObject({ outcome: 'Completed', usage: undefined })
  })
})

const storyEvents = ['once', 'upon', 'a', 'time', 'USAGE 7 9'].map((text) => toEvents(text))
const story = Buffer.concat(storyEvents)

describe('a stream that is judged as it goes', () => {
  it.each([
    ['one by one', storyEvents],
    ['together', [story]],
  ])('passes its events as they come, %s, and its head at once, without a length', async (_title, pieces) => {
    const { reply, carried } = await run(
      { judge: denyWord('x') },
      { headers: { ...eventStream, 'content-length': '9' }, pieces },
    )
    expect(reply.text).toBe(story.toString())
    expect(reply.pieces).toHaveLength(pieces.length)
    expect(reply.headers).toEqual(eventStream)
    expect(carried).toMatchObject({ outcome: 'Completed', usage: { inputTokens: 7, outputTokens: 9 } })
  })

  it('is ended properly by a denial, before the event that is denied; nobody asks the model server for the rest', async () => {
    const pieces = ['once', 'upon', 'a', 'time'].map((word) => toEvents(word))
    const { reply, model, carried } = await run({ judge: denyWord('upona') }, { pieces })
    expect([reply.text, reply.ended, reply.destroyed]).toEqual([
      'data: once\n\ndata: upon\n\ndata: [response_denied]\n\n',
      true,
      false,
    ])
    expect([model.sent(), model.cancelled()]).toEqual([3, true])
    expect(carried).toMatchObject({ outcome: 'Ended', status: 200, ending: { denied: { rule: 'words' } } })
    expect(carried).not.toHaveProperty('error')
  })

  it('ends as if the model had met its own limit when the budget is spent', async () => {
    const { reply, carried } = await run({ budget: allow(8) }, { pieces: [story] })
    expect(reply.text).toBe('data: once\n\ndata: upon\n\ndata: [length]\n\n')
    expect(carried).toMatchObject({ outcome: 'Ended', ending: { refusal: { code: 'limit_exceeded' } } })
  })

  it.each([
    ['passes', { judge: denyWord('x') }],
    ['is denied', { judge: denyWord('atime') }],
    ['is denied at once', { judge: denyWord('on') }],
    ['is over its budget', { budget: allow(9) }],
    ['is held and passes', { judge: denyWord('x', { manner: 'Hold' }) }],
    ['is only watched', { judge: denyWord('atime', { mode: 'Audit' }) }],
  ])('gives the same bytes however it was cut, when it %s', async (_title, reading) => {
    const expected = (await run(reading, { pieces: [story] })).reply.text
    for (let cut = 1; cut < story.length; cut += 1) {
      expect([cut, (await run(reading, { pieces: split(story, cut) })).reply.text]).toEqual([cut, expected])
    }
    const bytes = Array.from(story, (_, i) => story.subarray(i, i + 1))
    expect((await run(reading, { pieces: bytes })).reply.text).toBe(expected)
  })

  it('gives the same bytes for every cutting, with large events and small ones', async () => {
    const word = fc.oneof(
      fc.constant('a'),
      fc.constant('GARBAGE'),
      fc.constant('secret'),
      fc.constant('b'.repeat(9000)),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 40 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (words, places) => {
          const bytes = toEvents(...words)
          const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b)
          const pieces = [0, ...ends].map((start, i) => bytes.subarray(start, ends[i] ?? bytes.length))
          const reading = { judge: denyWord('secret'), budget: allow(250_000) }
          const expected = await run({ ...reading, judge: denyWord('secret') }, { pieces: [bytes] })
          const cut = await run(reading, { pieces })
          expect(Buffer.compare(Buffer.concat(cut.reply.pieces), Buffer.concat(expected.reply.pieces))).toBe(0)
        },
      ),
      { ...runs, numRuns: 200 },
    )
  })

  it('is judged at every event while it is short, and ever more rarely as it grows, but always at its end', async () => {
    const judge = denyWord('x')
    const one = toEvents('a'.repeat(92))
    const pieces = Array.from({ length: 5000 }, () => one)
    const { reply } = await run({ judge }, { pieces })
    expect(reply.bytes).toBe(pieces.length * one.length)
    expect(judge.shown.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => 'a'.repeat(92 * (i + 1))))
    const looked = judge.shown.reduce((sum, text) => sum + text.length, 0)
    expect(looked).toBeLessThan(looksPerByte * reply.bytes * 1.1)
    expect(judge.shown.at(-1)).toHaveLength(92 * pieces.length)
  })

  it('withholds everything that was not judged when the last event is denied', async () => {
    const filler = Array.from({ length: 1500 }, () => toEvents('a'.repeat(90)))
    const { reply } = await run(
      { judge: denyWord('secret') },
      { pieces: [...filler, toEvents('secret'), toEvents('b')] },
    )
    expect(reply.text).not.toContain('secret')
    expect(reply.text.endsWith('data: [response_denied]\n\n')).toBe(true)
    expect(reply.bytes).toBeGreaterThan(100_000)
  })

  it('that the model server breaks off is cut', async () => {
    const { reply, carried } = await run({ judge: denyWord('x') }, { pieces: [toEvents('one')], breaks: died })
    expect([reply.text, reply.destroyed, reply.ended]).toEqual(['data: one\n\n', true, false])
    expect(carried).toMatchObject({ outcome: 'Cut', error: { code: 'upstream_failed' } })
  })

  it('pauses the model server while the caller is slow', async () => {
    const reply = new RecordedReply()
    reply.slow = true
    const pieces = ['a', 'b', 'c'].map((word) => toEvents(word))
    const running = run({ judge: denyWord('x') }, { pieces }, reply)
    for (const text of ['data: a\n\n', 'data: a\n\ndata: b\n\n', 'data: a\n\ndata: b\n\ndata: c\n\n']) {
      await vi.waitFor(() => expect(reply.text).toBe(text))
      reply.drain()
    }
    expect((await running).carried).toMatchObject({ outcome: 'Completed' })
  })

  it('goes on after a pause although a piece completes no event', async () => {
    const reply = new RecordedReply()
    reply.slow = true
    const running = run(
      { judge: denyWord('x') },
      { pieces: ['data: a\n\n', 'da', 'ta: b', '\n\n'].map(toBytes) },
      reply,
    )
    await vi.waitFor(() => expect(reply.text).toBe('data: a\n\n'))
    reply.drain()
    await vi.waitFor(() => expect(reply.text).toBe('data: a\n\ndata: b\n\n'))
    reply.drain()
    expect((await running).carried).toMatchObject({ outcome: 'Completed' })
  })
})

const toBytes = (text: string): Buffer => Buffer.from(text)

const judgeWhole = (): Reading['judge'] => denyWord('time', { manner: 'Hold' })

describe('a stream that is held', () => {
  it('leaves when all of it was judged, with its length', async () => {
    const headers = { ...eventStream, 'content-length': String(story.length) }
    const { reply } = await run({ judge: denyWord('x', { manner: 'Hold' }) }, { headers, pieces: split(story, 7) })
    expect([reply.headers, reply.text, reply.pieces.length]).toEqual([headers, story.toString(), 1])
  })

  it('that is denied is withheld', async () => {
    const { reply, carried } = await run({ judge: judgeWhole() }, { pieces: [story] })
    expect(reply.status).toBe(0)
    expect(carried).toMatchObject({ ending: { refusal: { code: 'response_denied' } }, usage: { outputTokens: 9 } })
  })

  it.each([
    ['breaks off', { pieces: [story], breaks: died }, 'upstream_failed'],
    ['cannot be read', { pieces: [toEvents('a', 'GARBAGE')] }, 'response_unreadable'],
    ['is too large', { pieces: tooManyEvents }, 'response_too_large'],
  ])('that %s is refused', async (_title, answer, code) => {
    const { reply, carried } = await run({ judge: judgeWhole() }, answer)
    expect([carried, reply.status]).toEqual([code, 0])
  })
})

const failingSpend = async (): Promise<boolean> => Promise.reject(new Error('canary'))

describe('a budget that has to be asked for', () => {
  it('holds pieces back and pauses the model server until it answers', async () => {
    const asked: PromiseWithResolvers<boolean>[] = []
    const spend = (): Promise<boolean> => {
      const answer = Promise.withResolvers<boolean>()
      asked.push(answer)
      return answer.promise
    }
    const reply = new RecordedReply()
    const running = run({ budget: allow(0, { spend }) }, { pieces: [toEvents('a', 'b'), toEvents('c')] }, reply)
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    expect(reply.text).toBe('')
    asked[0]?.resolve(true)
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    expect(reply.text).toBe('data: a\n\n')
    asked[1]?.resolve(true)
    await vi.waitFor(() => expect(asked).toHaveLength(3))
    asked[2]?.resolve(false)
    const { carried } = await running
    expect(reply.text).toBe('data: a\n\ndata: b\n\ndata: [length]\n\n')
    expect(carried).toMatchObject({ outcome: 'Ended' })
  })

  it('is asked for a whole answer too', async () => {
    const passing = await run({ budget: allow(0, { spend: async () => true }) }, whole)
    expect(passing.reply.text).toBe('hello world')
    const withheld = await run({ budget: allow(0, { spend: async () => false }) }, whole)
    expect(withheld.carried).toMatchObject({ ending: { refusal: { code: 'limit_exceeded' } } })
  })

  it('that fails lets nothing pass', async () => {
    const { carried } = await run({ budget: allow(0, { spend: failingSpend }) }, whole)
    expect(carried).toBe('internal')
    const stream = await run({ budget: allow(0, { spend: failingSpend }) }, { pieces: [story] })
    expect(stream.carried).toMatchObject({ outcome: 'Cut', error: { code: 'internal' } })
    expect([stream.reply.text, stream.reply.destroyed, stream.model.cancelled()]).toEqual(['', true, true])
  })

  it('is not waited for by a stream whose caller left', async () => {
    const leaving = new AbortController()
    const model = makeModel({ pieces: [toEvents('a')] })
    const reply = new RecordedReply()
    const { promise } = Promise.withResolvers<boolean>()
    const forwarding = forwardRead(model.forward, {
      permit: makePermit(),
      call: makeCall(connection, { signal: leaving.signal }),
      reply,
      reading: { format: plainFormat, budget: allow(0, { spend: () => promise }) },
    })
    leaving.abort()
    expect(await forwarding).toMatchObject({ outcome: 'Cut', error: { code: 'client_closed' } })
    expect([reply.destroyed, model.cancelled()]).toEqual([true, true])
  })
})

async function leave(manner: 'Cut' | 'Hold'): Promise<unknown> {
  const leaving = new AbortController()
  const model = makeModel({ pieces: [toEvents('a'), toEvents('b')] })
  const forwarding = forwardRead(holdBeforeEnd(model.forward), {
    permit: makePermit(),
    call: makeCall(connection, { signal: leaving.signal }),
    reply: new RecordedReply(),
    reading: { format: plainFormat, judge: denyWord('x', { manner }) },
  })
  leaving.abort()
  const carried = await forwarding.catch((error: unknown) => error)
  return { carried, cancelled: model.cancelled() }
}

describe('a caller who leaves', () => {
  it('cancels the call to the model, and sees a cut stream', async () => {
    expect(await leave('Cut')).toMatchObject({
      carried: { outcome: 'Cut', error: { code: 'client_closed' } },
      cancelled: true,
    })
  })

  it('cancels the call to the model where the answer is held', async () => {
    expect(await leave('Hold')).toMatchObject({ carried: { code: 'client_closed' }, cancelled: true })
  })
})

/** The model server never comes to its end. */
function holdBeforeEnd(forward: FakeModel['forward']): FakeModel['forward'] {
  return async (permit, call, reply) =>
    forward(permit, call, {
      head: (status, headers) => reply.head(status, headers),
      write: (bytes) => {
        reply.write(bytes)
        return false
      },
      onDrain: () => {},
      end: () => {},
      destroy: () => reply.destroy(),
    })
}

describe('an answer that is only watched', () => {
  const answers: readonly (readonly [string, FakeAnswer])[] = [
    ['a stream', { headers: { ...eventStream, 'content-length': String(story.length) }, pieces: split(story, 20) }],
    ['a whole answer', whole],
    ['one that cannot be read', { headers: plainText, pieces: [Buffer.from('GARBAGE')] }],
    ['a stream that cannot be read', { pieces: [toEvents('a', 'GARBAGE', 'b')] }],
    ['one that is too large', { headers: plainText, pieces: tooLarge }],
    ['one in an unknown coding', { headers: { ...plainText, 'content-encoding': 'compress' }, pieces: [story] }],
    [
      'one that is not what its coding says',
      { headers: { ...plainText, 'content-encoding': 'gzip' }, pieces: [story] },
    ],
    ['one without a body', { status: 304, headers: {}, pieces: [] }],
  ]

  it.each(answers)('is %s: every piece passes as it comes', async (_title, answer) => {
    const judge = denyWord('o', { mode: 'Audit' })
    const budget = { acts: false, spend: () => true, countOutput: toOutputBytes }
    const { reply, carried } = await run({ judge, budget }, answer)
    expect(reply.pieces.map((piece) => piece.length)).toEqual(answer.pieces.map((piece) => piece.length))
    expect(Buffer.compare(Buffer.concat(reply.pieces), Buffer.concat(answer.pieces))).toBe(0)
    expect([reply.headers, reply.ended]).toEqual([answer.headers ?? eventStream, true])
    expect(carried).toMatchObject({ outcome: 'Completed' })
    expect(carried).not.toHaveProperty('error')
  })

  it('leaves what would have been said, and what it cost', async () => {
    const { carried } = await run({ judge: denyWord('time', { mode: 'Audit' }) }, { pieces: [story] })
    expect(carried).toMatchObject({ shadow: [{ rule: 'words' }], usage: { inputTokens: 7, outputTokens: 9 } })
  })

  it('is asked about as it grows, as an acting rule would have been', async () => {
    const judge = denyWord('x', { mode: 'Audit' })
    await run({ judge }, { pieces: [story] })
    expect(judge.shown.slice(0, 4)).toEqual(['once', 'onceupon', 'onceupona', 'onceuponatime'])
  })

  it('passes whole over a mistake of ours, which is noted', async () => {
    const judge = {
      manner: 'Cut' as const,
      acts: false,
      judge: (_facts: ResponseFacts) => {
        throw new TypeError('canary')
      },
    }
    const { reply, carried } = await run({ judge }, { pieces: [story] })
    expect(reply.text).toBe(story.toString())
    expect(carried).toMatchObject({ outcome: 'Completed', error: { code: 'internal' } })
  })
})

it('a mistake of ours where a rule acts lets nothing more pass', async () => {
  const judge = {
    manner: 'Cut' as const,
    acts: true,
    judge: ({ text }: ResponseFacts) => {
      if (text.includes('upon')) throw new TypeError('canary')
      return { shadow: [] }
    },
  }
  const stream = await run({ judge }, { pieces: [story] })
  expect(stream.carried).toMatchObject({ outcome: 'Cut', error: { code: 'internal' } })
  expect([stream.reply.text, stream.reply.destroyed, stream.model.cancelled()]).toEqual(['data: once\n\n', true, true])
  expect((await run({ judge }, { headers: plainText, pieces: [Buffer.from('upon')] })).carried).toBe('internal')
})
