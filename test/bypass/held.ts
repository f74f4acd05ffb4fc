// What a case must show. Every one is tried twice: with a harmless word it must pass, otherwise the refusal proves nothing; with the
// forbidden one it must be refused, and the word must not come back.
import { expect } from 'vitest'
import type { Answered, Attempt, ModelAnswer, World } from './world.ts'
import { forbidden, harmless } from './world.ts'

/** MCP tells refusals with status 200 and the error of a request. */
const refusedCall = /"error":\{"code":-32\d{3},/u

function isRefused({ status, text }: Answered): boolean {
  return (status >= 400 && status < 500) || (status === 200 && refusedCall.test(text))
}

/** Refused, before any model saw it, and without quoting it. */
export function expectHeld(answered: Answered, codes: readonly string[] = ['policy_denied']): void {
  const { text, reached } = answered
  expect(reached.map(({ method, url }) => `${method} ${url}`)).toEqual([])
  expect(isRefused(answered) ? '' : text).toBe('')
  expect(codes.some((code) => text.includes(`"${code}"`)) ? codes : text).toBe(codes)
  expect(text).not.toContain(forbidden)
}

/** For bytes that are no call at all: refused or cut, and no model saw anything. */
export function expectNothingPassed({ status, text, reached }: Answered): void {
  expect(reached).toEqual([])
  expect(status === 0 || (status >= 400 && status < 500)).toBe(true)
  expect(text).not.toMatch(/HTTP\/1\.1 200/u)
}

export function expectPassed({ status, text, reached }: Answered): void {
  expect({ status, text: status === 200 && !refusedCall.test(text) ? '' : text }).toEqual({ status: 200, text: '' })
  expect(reached).toHaveLength(1)
}

export type ToAttempt = (word: string) => Attempt

/** The word is found wherever it stands: the same request passes with a harmless one, byte for byte. */
export async function expectFound(world: World, connection: string, toAttempt: ToAttempt): Promise<void> {
  world.answer = undefined
  const passed = await world.send(connection, toAttempt(harmless))
  expectPassed(passed)
  expect(passed.reached[0]?.body).toEqual(Buffer.from(toAttempt(harmless).body ?? ''))
  expectHeld(await world.send(connection, toAttempt(forbidden)))
}

/** What is odd is refused whatever it says, and the same without the oddity passes. */
export async function expectOddRefused(
  world: World,
  connection: string,
  { plain, odd, codes }: { readonly plain: Attempt; readonly odd: Attempt; readonly codes: readonly string[] },
): Promise<void> {
  world.answer = undefined
  expectPassed(await world.send(connection, plain))
  expectHeld(await world.send(connection, odd), codes)
}

export interface AskedAnswer {
  /** A request that nothing is wrong with. */
  readonly ask: Attempt
  readonly toAnswer: (word: string) => ModelAnswer
  /** What completes the word; nothing of it may arrive. */
  readonly completing?: string
  readonly codes?: readonly string[]
}

/** The harmless answer passes byte for byte; the other one is refused, or ends in an error before the word is whole. */
export async function expectAnswerHeld(world: World, connection: string, asked: AskedAnswer): Promise<void> {
  const { ask, toAnswer, completing = forbidden, codes = ['response_denied'] } = asked
  const plain = toAnswer(harmless)
  world.answer = plain
  const passed = await world.send(connection, ask)
  expect({ status: passed.status, body: passed.body.toString('latin1') }).toEqual({
    status: plain.status ?? 200,
    body: Buffer.concat(plain.pieces.map((piece) => Buffer.from(piece))).toString('latin1'),
  })
  world.answer = toAnswer(forbidden)
  const held = await world.send(connection, ask)
  expectAnswerRefused(held, { completing, codes })
}

export function expectAnswerRefused(
  { body, text, reached }: Answered,
  { completing = forbidden, codes = ['response_denied'] }: Pick<AskedAnswer, 'completing' | 'codes'> = {},
): void {
  expect(reached).toHaveLength(1)
  const said = body.toString('latin1')
  expect(codes.some((code) => said.includes(code)) ? codes : text).toBe(codes)
  expect(said).not.toContain(completing)
  expect(text).not.toContain(forbidden)
}
