// Answers under masks, on the small protocol of plain texts and events: what leaves, when, and what happens where a mask denies.
import { describe, expect, it } from 'vitest'
import type { FakeAnswer } from '../../test/helpers/answers.ts'
import { denyWord, eventStream, makeModel, plainFormat, plainText, toEvents } from '../../test/helpers/answers.ts'
import {
  at as valueAt,
  choicesOf,
  doneMark,
  joinTexts,
  parseEvents,
  toChunk,
} from '../../test/helpers/openai-streams.ts'
import { keyedOf, makeMask } from '../../test/helpers/masks.ts'
import { makeCall, makeConnection, makePermit, RecordedReply } from '../../test/helpers/upstream-call.ts'
import type { MaskDemand } from '../../policy/masking/demand.ts'
import { nowhere } from '../../policy/masking/framing/place.ts'
import { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../policy/masking/mask-run.ts'
import { findDetectors } from '../../policy/masking/packs.ts'
import { Pseudonyms } from '../../policy/masking/pseudonyms.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import { GatewayError } from '../errors.ts'
import { chatAnswer } from '../protocols/openai/chat-answer.ts'
import type { AnswerFormat } from '../protocols/protocol.ts'
import { AnswerUnreadable } from '../protocols/protocol.ts'
import { toOutputBytes } from '../tokens/count-output.ts'
import { forwardRead } from './forward-read.ts'
import type { Carried, Reading } from './reading.ts'

const died = new GatewayError('upstream_failed', 'The model server broke off the call.')

const toEvent = (text: string): Uint8Array => (text === '' ? new Uint8Array() : toEvents(text))

/** The data of all events is one text; `END` ends it. */
function openMask(masks: TextMasks): ReturnType<NonNullable<AnswerFormat['openMask']>> {
  const masker = masks.start(nowhere)
  return {
    push: (events) => {
      const released = [
        ...Buffer.from(events)
          .toString()
          .matchAll(/^data: ?(.*)\n\n/gmu),
      ].map(([raw, data = '']) =>
        data === 'END' || data.startsWith('[')
          ? Buffer.concat([toEvent(masker.end()), Buffer.from(raw)])
          : toEvent(masker.push(data)),
      )
      return Buffer.concat(released)
    },
    end: () => toEvent(masker.end()),
  }
}

const maskable: AnswerFormat = {
  ...plainFormat,
  maskWhole: (_head, body, masks) => {
    const masker = masks.start(nowhere)
    return Buffer.from(masker.push(Buffer.from(body).toString()) + masker.end())
  },
  openMask: (_head, masks) => openMask(masks),
}

const emails = findDetectors('email') ?? []

function startRun(mask: Partial<MaskDemand> = {}): MaskRun {
  const keyed = keyedOf('a')
  const masks = new MaskEngines().of([makeMask({ detectors: emails, ...mask })], new Map())
  return new MaskRun({ masks, keyed, pseudonyms: new Pseudonyms(keyed), restores: false })
}

interface Run {
  readonly reply: RecordedReply
  /** Or the code that it rejected with. */
  readonly carried: Carried | string
}

async function run(reading: Partial<Reading>, answer: FakeAnswer): Promise<Run> {
  const reply = new RecordedReply()
  const asked = {
    permit: makePermit(),
    call: makeCall(makeConnection({ endpoints: [] })),
    reply,
    reading: { format: maskable, ...reading },
  }
  const carried = await forwardRead(makeModel(answer).forward, asked).catch((error: unknown) => {
    if (error instanceof GatewayError) return error.code
    throw error
  })
  return { reply, carried }
}

const words = ['write to ann', '@example', '.com', ' today', 'END']
const stream: FakeAnswer = { headers: eventStream, pieces: words.map((word) => toEvents(word)) }
const toText = ({ text }: RecordedReply): string => text.replaceAll(/data: |\n\n/gu, '')

describe('a whole answer under masks', () => {
  const answer: FakeAnswer = {
    headers: { ...plainText, 'content-length': '15', etag: '"1"', 'content-md5': 'x', 'x-kept': 'y' },
    pieces: [Buffer.from('ann@exam'), Buffer.from('ple.com')],
  }

  it('goes on masked, with its own length and without digests of another body', async () => {
    const { reply, carried } = await run({ masks: { acting: startRun() } }, answer)
    expect(reply.text).toBe('[PII]')
    expect(reply.headers).toEqual({ ...plainText, 'x-kept': 'y', 'content-length': '5' })
    expect(carried).toMatchObject({ outcome: 'Completed' })
  })

  it('is judged as it came', async () => {
    const judge = denyWord('example')
    const { carried } = await run({ judge, masks: { acting: startRun() } }, answer)
    expect(judge.shown).toEqual(['ann@example.com'])
    expect(carried).toMatchObject({ ending: { denied: { rule: 'words' } } })
  })

  it('[MK14] is withheld where a mask denies', async () => {
    const { reply, carried } = await run({ masks: { acting: startRun({ action: 'Deny' }) } }, answer)
    expect(reply.status).toBe(0)
    expect(carried).toMatchObject({ ending: { refusal: { code: 'response_denied' }, denied: { rule: 'mask' } } })
  })

  it('says nothing in its headers either', async () => {
    const headers = {
      ...plainText,
      'x-note': 'ask ann@example.com',
      'x-ann@example.com': 'x',
      'x-portcullis-session': 's',
    }
    const hidden = await run({ masks: { acting: startRun() } }, { ...answer, headers })
    expect(hidden.reply.headers).toEqual({
      ...plainText,
      'x-note': 'ask [PII]',
      'x-portcullis-session': 's',
      'content-length': '5',
    })
    const streamed = await run(
      { masks: { acting: startRun() } },
      { ...stream, headers: { ...eventStream, 'x-note': 'ann@example.com' } },
    )
    expect(streamed.reply.headers).toMatchObject({ 'x-note': '[PII]' })
    for (const pieces of [[Buffer.from('hello')], []]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { carried, reply } = await run({ masks: { acting: startRun({ action: 'Deny' }) } }, { headers, pieces })
      expect(reply.status).toBe(0)
      expect(carried).toMatchObject({ ending: { denied: { rule: 'mask' } } })
    }
  })

  it('without a body stays as it is', async () => {
    const { reply } = await run(
      { masks: { acting: startRun() } },
      { status: 204, headers: { etag: '"1"' }, pieces: [] },
    )
    expect([reply.status, reply.headers, reply.ended]).toEqual([204, { etag: '"1"' }, true])
  })
})

describe('a stream under masks', () => {
  it('[MK15] leaves as it becomes certain, and all of it before its end', async () => {
    const { reply } = await run({ masks: { acting: startRun() } }, stream)
    expect(toText(reply)).toBe('write to [PII] todayEND')
    expect(reply.pieces.length).toBeGreaterThan(2)
  })

  it('[MK15] is the same for every cut of its bytes', async () => {
    const all = Buffer.concat(stream.pieces)
    const expected = (await run({ masks: { acting: startRun() } }, stream)).reply.text
    for (let at = 0; at <= all.length; at += 1) {
      const pieces = [all.subarray(0, at), all.subarray(at)]
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { reply } = await run({ masks: { acting: startRun() } }, { ...stream, pieces })
      expect(reply.text).toBe(expected)
    }
  })

  it.each(['Cut', 'Hold'] as const)('that rules judge as well (%s) leaves masked', async (manner) => {
    const { reply, carried } = await run(
      { judge: denyWord('never', { manner }), masks: { acting: startRun() } },
      stream,
    )
    expect(toText(reply)).toBe('write to [PII] todayEND')
    expect(carried).toMatchObject({ outcome: 'Completed' })
  })

  it.each([undefined, denyWord('never')])('[MK14] ends before a finding that denies', async (judge) => {
    const { reply, carried } = await run({ judge, masks: { acting: startRun({ action: 'Deny' }) } }, stream)
    expect(toText(reply)).toBe('write to [response_denied]')
    expect(carried).toMatchObject({ outcome: 'Ended', ending: { denied: { reason: 'SensitiveData', rule: 'mask' } } })
  })

  it('[MK14] is withheld whole where a rule holds it and a mask denies', async () => {
    const masks = { acting: startRun({ action: 'Deny' }) }
    const { reply, carried } = await run({ judge: denyWord('never', { manner: 'Hold' }), masks }, stream)
    expect(reply.status).toBe(0)
    expect(carried).toMatchObject({ ending: { denied: { rule: 'mask' } } })
  })

  it('that a rule cuts gives no part of a finding', async () => {
    const { reply } = await run({ judge: denyWord('today'), masks: { acting: startRun() } }, stream)
    expect(toText(reply)).toBe('write to [PII][response_denied]')
  })

  it('that has spent its budget gives what it holds before its end', async () => {
    const budget = { acts: true, spend: (tokens: number) => tokens <= 26, countOutput: toOutputBytes }
    const { reply } = await run({ budget, masks: { acting: startRun() } }, stream)
    expect(toText(reply)).toBe('write to [PII][length]')
  })

  it('that breaks off gives what it holds', async () => {
    const { reply, carried } = await run(
      { masks: { acting: startRun() } },
      { ...stream, pieces: stream.pieces.slice(0, 3), breaks: died },
    )
    expect([toText(reply), reply.destroyed]).toEqual(['write to [PII]', true])
    expect(carried).toMatchObject({ outcome: 'Cut' })
  })
})

function toChat(texts: readonly string[]): FakeAnswer {
  const chunks = texts.map((content) => toChunk(0, { content }))
  return {
    headers: eventStream,
    pieces: [...chunks, toChunk(0, {}, 'stop'), doneMark].map((event) => Buffer.from(event)),
  }
}

function toContent({ text }: RecordedReply): string {
  return joinTexts(choicesOf(text, 0).map((choice) => valueAt(choice, 'delta', 'content')))
}

describe('a stream of chunks that differ in their text alone', () => {
  const chat = toChat(['write ', 'to ann', '@example', '.com', ' today', '\n', 'or write ', 'to bob'])

  it('[MK15] is the same for every cut of its bytes', async () => {
    const all = Buffer.concat(chat.pieces)
    const reading = { format: chatAnswer, masks: { acting: startRun() } }
    const expected = (await run(reading, chat)).reply
    expect(toContent(expected)).toBe('write to [PII] today\nor write to bob')
    for (let cut = 0; cut <= all.length; cut += 1) {
      const pieces = [all.subarray(0, cut), all.subarray(cut)]
      const masks = { acting: startRun() }
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { reply } = await run({ ...reading, masks }, { ...chat, pieces })
      expect([reply.text, masks.acting.masked[0]?.count]).toEqual([expected.text, 1])
    }
  })

  it('[MK14] ends before a finding that denies, as SDKs read it', async () => {
    const masks = { acting: startRun({ action: 'Deny' }) }
    const { reply, carried } = await run({ format: chatAnswer, masks }, chat)
    expect(toContent(reply)).toBe('write to ')
    expect(parseEvents(reply.text).at(-1)).toMatchObject({ error: { code: 'response_denied' } })
    expect(carried).toMatchObject({ outcome: 'Ended', ending: { denied: { rule: 'mask' } } })
  })

  it('[MK13] is counted by masks of mode Audit beside others', async () => {
    const audit = startRun({ acts: false })
    const acting = startRun({ detectors: findDetectors('us-ssn') ?? [] })
    const { reply } = await run({ format: chatAnswer, masks: { acting, audit } }, chat)
    expect(toContent(reply)).toContain('ann@example.com')
    expect(audit.masked).toMatchObject([{ count: 1 }])
  })

  it('is judged in full where a rule asks', async () => {
    const judge = denyWord('bob')
    const { reply } = await run({ format: chatAnswer, judge, masks: { acting: startRun() } }, chat)
    expect(judge.shown.at(-1)).toBe('write to ann@example.com today\nor write to bob')
    expect(toContent(reply)).toBe('write to [PII] today\nor write ')
  })

  it('is ended where it is more than is read', async () => {
    const long = toChat(Array.from({ length: 160 }, () => 'b '.repeat(60_000)))
    const { reply, carried } = await run({ format: chatAnswer, masks: { acting: startRun() } }, long)
    expect(carried).toMatchObject({ outcome: 'Ended', error: { code: 'response_too_large' } })
    expect(parseEvents(reply.text).at(-1)).toHaveProperty('error')
  })
})

describe('[MK16] an answer whose texts cannot be told', () => {
  it.each<[string, FakeAnswer, Partial<Reading>]>([
    ['in an unknown coding', { headers: { 'content-encoding': 'compress' }, pieces: [Buffer.from('x')] }, {}],
    ['that cannot be read', { headers: plainText, pieces: [Buffer.from('GARBAGE')] }, {}],
    ['of a protocol without masks', { headers: plainText, pieces: [Buffer.from('x')] }, { format: plainFormat }],
    ['in a stream of one', stream, { format: plainFormat }],
  ])('%s is refused', async (_, answer, reading) => {
    const { reply, carried } = await run({ masks: { acting: startRun() }, ...reading }, answer)
    expect([carried, reply.status]).toEqual(['response_unreadable', 0])
  })
})

describe('[MK13] masks of mode Audit', () => {
  const audit = (): MaskRun => startRun({ acts: false, action: 'Deny' })

  it.each([
    ['alone', {}],
    ['beside others', { acting: startRun({ detectors: findDetectors('us-ssn') ?? [] }) }],
  ])('count and change nothing, %s', async (_, others) => {
    const run1 = audit()
    const { reply, carried } = await run({ masks: { ...others, audit: run1 } }, stream)
    expect(toText(reply)).toBe('write to ann@example.com todayEND')
    expect(carried).toMatchObject({ outcome: 'Completed' })
    expect([run1.masked[0]?.count, run1.denied?.reason]).toEqual([1, 'SensitiveData'])
  })

  it('have no consequence where they cannot read', async () => {
    for (const answer of [stream, { headers: plainText, pieces: [Buffer.from('hello')] }]) {
      const format = { ...maskable, maskWhole: unreadable, openMask: unreadable }
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { reply, carried } = await run({ format, masks: { audit: audit() } }, answer)
      expect(reply.text).toBe(Buffer.concat(answer.pieces).toString())
      expect(carried).toMatchObject({ outcome: 'Completed' })
    }
  })
})

function unreadable(): never {
  throw new AnswerUnreadable('it is odd.')
}
