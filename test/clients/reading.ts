// What every client that streams must show, whatever its own form: the same as without a gateway, and its own error or its own end where
// a policy steps in.
import { expect, it } from 'vitest'
import type { Stage, Way } from './stage.ts'
import { expectSame } from './stage.ts'

/** What a client made of one stream. */
export interface Heard {
  /** Until the end, or until it raised. */
  readonly text: string
  readonly finish: unknown
  /** Undefined: it raised none. */
  readonly error: unknown
}

export type Reader = (way: Way, prompt: string) => Promise<Heard>

/** Collects while iterating; whatever is raised, before the first piece or later, is kept. */
export async function hear<T>(
  begin: () => Promise<AsyncIterable<T>> | AsyncIterable<T>,
  take: (piece: T) => { readonly text?: string | undefined; readonly finish?: unknown },
): Promise<Heard> {
  let text = ''
  let finish: unknown
  try {
    for await (const piece of await begin()) {
      const said = take(piece)
      text += said.text ?? ''
      finish = said.finish ?? finish
    }
    return { text, finish, error: undefined }
  } catch (error) {
    return { text, finish, error }
  }
}

/** Given to `toMatchObject`. */
type Error = Readonly<Record<string, unknown>>

export interface Expected {
  /** Of the whole recorded stream. */
  readonly text: string
  readonly finish: unknown
  /** As the client names the end at its limit of tokens. */
  readonly finishAtLimit: unknown
  readonly denied: Error
  readonly limited: Error
  /** Raised in iteration. */
  readonly cut: Error
  readonly held: Error
}

export function itStreams(stage: () => Stage, read: Reader, expected: Expected): void {
  it('reads the same as from the model itself', async () => {
    const heard = await expectSame(stage(), (way) => read(way, 'hi'))
    expect(heard).toEqual({ text: expected.text, finish: expected.finish, error: undefined })
  })

  it('raises what a rule about requests denies, and the model is not asked', async () => {
    const before = stage().model.seen.length
    const heard = await read(await stage().through('judged'), 'something forbidden')
    expect(heard).toMatchObject({ text: '', error: expected.denied })
    expect(stage().model.seen.length).toBe(before)
  })

  it('raises in iteration where a rule cuts the answer, before the words are whole', async () => {
    const { text, error } = await read(await stage().through('cut'), 'hi')
    expect(error).toMatchObject(expected.cut)
    expect(expected.text.startsWith(text)).toBe(true)
    expect(text.length).toBeLessThan(expected.text.length)
  })

  it('raises before the first piece where a rule holds the answer', async () => {
    const heard = await read(await stage().through('held'), 'hi')
    expect(heard).toMatchObject({ text: '', error: expected.held })
  })

  it('comes to a proper end where a budget is spent, and the next call is refused', async () => {
    const way = await stage().through('spent')
    const { text, finish, error } = await read(way, 'at length')
    expect([finish, error]).toEqual([expected.finishAtLimit, undefined])
    expect(text.length).toBeGreaterThan(0)
    expect(await read(way, 'at length')).toMatchObject({ text: '', error: expected.limited })
  })

  it('raises what the model tells in the middle of a stream', async () => {
    const direct = await read(stage().direct, 'a mishap')
    const through = await read(await stage().through('judged'), 'a mishap')
    expect(String(through.error)).toMatch(/The server had an error|Something went wrong/u)
    expect({ ...through, error: String(through.error) }).toEqual({ ...direct, error: String(direct.error) })
  })
}
