// What a case must show. Every one is tried with a harmless word, with which it must pass, otherwise the refusal proves nothing; and with
// the forbidden one: a rule must refuse it, a mask must hide it and change nothing else, and a mask that denies must refuse it as well.
import { expect } from 'vitest'
import type { Answered, Attempt, ModelAnswer, Reached, World } from './world.ts'
import { tells, toSaid, toShape } from './reading.ts'
import { barred, forbidden, harmless, masked } from './world.ts'

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

/** The word is found wherever it stands, by rules and by masks. */
export async function expectFound(world: World, connection: string, toAttempt: ToAttempt): Promise<void> {
  await expectRuled(world, connection, toAttempt)
  await expectMasked(world, connection, toAttempt)
}

/** By rules: the same request passes with a harmless one, byte for byte. */
export async function expectRuled(world: World, connection: string, toAttempt: ToAttempt): Promise<void> {
  world.answer = undefined
  const passed = await world.send(connection, toAttempt(harmless))
  expectPassed(passed)
  expect(passed.reached[0]?.body).toEqual(Buffer.from(toAttempt(harmless).body ?? ''))
  expectHeld(await world.send(connection, toAttempt(forbidden)))
}

/** By masks: what stands for the word is the harmless one, so the model must get what it gets of the harmless request. */
export async function expectMasked(world: World, connection: string, toAttempt: ToAttempt): Promise<void> {
  for (const { body } of await hideWord(world, connection, toAttempt)) {
    const wanted = Buffer.from(toAttempt(harmless).body ?? '')
    expect(toShape(body, harmless), 'what the model gets besides').toBe(toShape(wanted, harmless))
  }
}

/** What is written anew may be written shorter: the model must still be told what stands for the word. */
export async function expectRewritten(world: World, connection: string, toAttempt: ToAttempt): Promise<void> {
  await expectRuled(world, connection, toAttempt)
  for (const { body } of await hideWord(world, connection, toAttempt)) expect(tells(body, harmless)).toBe(true)
}

async function hideWord(world: World, connection: string, toAttempt: ToAttempt): Promise<readonly Reached[]> {
  world.answer = undefined
  const plain = toAttempt(harmless)
  const passed = await world.send(masked(connection), plain)
  expectPassed(passed)
  expect(passed.reached[0]?.body, 'a mask that finds nothing').toEqual(Buffer.from(plain.body ?? ''))
  const hidden = await world.send(masked(connection), toAttempt(forbidden))
  expectPassed(hidden)
  for (const { url, headers, body } of hidden.reached) {
    const got = Buffer.concat([Buffer.from(`${url} ${JSON.stringify(headers)} `), body])
    expect(tells(got, forbidden) ? got.toString('latin1') : '', 'what the model can read').toBe('')
  }
  expectHeld(await world.send(barred(connection), toAttempt(forbidden)))
  return hidden.reached
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

/** Rules and masks hold it. */
export async function expectAnswerHeld(world: World, connection: string, asked: AskedAnswer): Promise<void> {
  await expectAnswerRuled(world, connection, asked)
  await expectAnswerMasked(world, connection, asked)
}

/** The harmless answer passes byte for byte; the other one is refused, or ends in an error before the word is whole. */
export async function expectAnswerRuled(world: World, connection: string, asked: AskedAnswer): Promise<void> {
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

/** Both answers arrive alike, for what stands for the word is the harmless one; and a mask that denies ends the answer. */
async function expectAnswerMasked(world: World, connection: string, { ask, toAnswer }: AskedAnswer): Promise<void> {
  world.answer = toAnswer(harmless)
  const plain = await world.send(masked(connection), ask)
  world.answer = toAnswer(forbidden)
  const hidden = await world.send(masked(connection), ask)
  expectUnread(hidden)
  expect(plain.status).toBe(toAnswer(harmless).status ?? 200)
  expect(/response_unreadable|masking_unavailable|upstream_failed/u.exec(plain.text)).toBeNull()
  expect(hidden.status).toBe(plain.status)
  expect(toSaid(hidden.body), 'what the caller gets besides').toEqual(toSaid(plain.body))
  const denied = await world.send(barred(connection), ask)
  expectUnread(denied)
  // What nobody could mask is left out whatever it says, and then there is nothing to deny.
  if (denied.body.includes('response_denied')) return
  expect(tells(plain.body, harmless) ? denied.text : '').toBe('')
  expect(toSaid(denied.body)).toEqual(toSaid(plain.body))
}

/** The caller cannot read the word, neither in the bytes nor in pieces put together. */
export function expectUnread({ text, body }: Answered): void {
  const said = [...toSaid(body).values()].join('\n')
  expect(tells(text, forbidden) || tells(body, forbidden) || tells(said, forbidden) ? text : '').toBe('')
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
