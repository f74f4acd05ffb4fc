// The credential Secret: what is put in, kept and taken out.
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import { secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { planCredentials, readCredentials, writeCredentials } from './credentials.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64')

describe('planCredentials', () => {
  const stored = { old: encode('o'), used: encode('u') }

  it.each<[string, Parameters<typeof planCredentials>[1], Readonly<Record<string, string>>]>([
    [
      'adds and renews what is named',
      {
        slots: new Set(['used', 'new']),
        values: new Map([
          ['used', 'U'],
          ['new', 'n'],
        ]),
        keepUnused: false,
      },
      { new: encode('n'), used: encode('U') },
    ],
    [
      'keeps what is named but could not be read',
      { slots: new Set(['used']), values: new Map(), keepUnused: false },
      { used: encode('u') },
    ],
    [
      'keeps what nothing names while somebody may need it',
      { slots: new Set(['used']), values: new Map(), keepUnused: true },
      stored,
    ],
    ['takes out what nothing names', { slots: new Set(), values: new Map(), keepUnused: false }, {}],
    [
      'puts nothing in that nothing names',
      { slots: new Set(), values: new Map([['stray', 's']]), keepUnused: false },
      {},
    ],
  ])('%s', (_, wanted, expected) => {
    expect(planCredentials(stored, wanted)).toEqual(expected)
  })
})

describe('writeCredentials', () => {
  const namespace = 'portcullis'

  it('creates, replaces, and writes nothing when nothing changed', async () => {
    const deps = { store: new MemoryStore({ clock: systemClock }), namespace }
    const empty = await readCredentials(deps)
    expect(empty).toEqual({ slots: {} })
    const first = await writeCredentials(deps, empty, { a: encode('1') })
    const second = await writeCredentials(deps, first, { a: encode('2') })
    expect(await writeCredentials(deps, second, { a: encode('2') })).toBe(second)
    expect(await readCredentials(deps)).toEqual(second)
  })

  it('loses against somebody who wrote in between', async () => {
    const deps = { store: new MemoryStore({ clock: systemClock }), namespace }
    const first = await writeCredentials(deps, await readCredentials(deps), { a: encode('1') })
    await deps.store.replace(secrets, {
      metadata: { namespace, name: 'portcullis-credentials' },
      data: { a: encode('x') },
    })
    await expect(writeCredentials(deps, first, { a: encode('2') })).rejects.toMatchObject({ code: 'Conflict' })
  })
})
