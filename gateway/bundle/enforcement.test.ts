import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, sha256 } from '../../test/helpers/make.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import { makeCompiler } from '../../policy/expression.ts'
import type { EnforcementState, Offer } from './enforcement.ts'
import { Enforcement } from './enforcement.ts'
import { readLastGood, writeLastGood } from './last-good.ts'

function toOffer(n: number, epoch = 1, names: readonly string[] = [`c${n}`]): Offer {
  const bundle = makeBundle({ policies: [], connections: names.map((name) => makeConnection({}, { name })) })
  const parts = encodeBundle(bundle, sha256)
  return { revision: { epoch, n, digest: parts.digest }, parts: [parts.header, ...parts.shards] }
}

function makeEnforcement(more: Partial<ConstructorParameters<typeof Enforcement>[0]> = {}): {
  readonly enforcement: Enforcement
  readonly states: EnforcementState[]
  readonly kept: Offer[]
} {
  const states: EnforcementState[] = []
  const kept: Offer[] = []
  const enforcement = new Enforcement({
    hash: sha256,
    makeCompiler,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    elapsedMs: () => performance.now(),
    keep: async (offer) => {
      kept.push(offer)
    },
    onChange: (state) => states.push(state),
    ...more,
  })
  return { enforcement, states, kept }
}

const enforcedNames = ({ enforced }: Enforcement): readonly string[] => [
  ...(enforced?.snapshot.connections.keys() ?? []),
]

describe('Enforcement', () => {
  it('enforces what is offered and keeps it', async () => {
    const { enforcement, kept } = makeEnforcement()
    await enforcement.offer(toOffer(1))
    expect(enforcedNames(enforcement)).toEqual(['team-a/c1'])
    expect(kept.map(({ revision }) => revision.n)).toEqual([1])
  })

  it('[BU3] never goes back, and a newer epoch wins', async () => {
    const { enforcement } = makeEnforcement()
    await enforcement.offer(toOffer(5))
    await enforcement.offer(toOffer(4))
    expect(enforcedNames(enforcement)).toEqual(['team-a/c5'])
    await enforcement.offer(toOffer(1, 2))
    expect(enforcedNames(enforcement)).toEqual(['team-a/c1'])
    await enforcement.offer(toOffer(9, 1))
    expect(enforcedNames(enforcement)).toEqual(['team-a/c1'])
  })

  it('[BU2] refuses a damaged bundle, says why, and keeps the last good one', async () => {
    const { enforcement, states } = makeEnforcement()
    await enforcement.offer(toOffer(1))
    const damaged = toOffer(2)
    await enforcement.offer({ ...damaged, parts: damaged.parts.with(0, { digest: sha256('x'), text: '{}' }) })
    expect(enforcedNames(enforcement)).toEqual(['team-a/c1'])
    expect(states.at(-1)?.rejection).toEqual({ sequence: '1.2', reason: 'part 0 does not match its digest' })
    await enforcement.offer(toOffer(3))
    expect(enforcement.state.rejection).toBeUndefined()
  })

  it('[BU2] tells that a published bundle could not even be read, until it enforces a newer one', async () => {
    const { enforcement, states } = makeEnforcement()
    await enforcement.offer(toOffer(1))
    enforcement.refuse({ epoch: 1, n: 1 }, 'a copy of what is enforced already')
    expect(states).toHaveLength(1)
    enforcement.refuse({ epoch: 1, n: 2 }, 'bundle format 2')
    enforcement.refuse({ epoch: 1, n: 2 }, 'bundle format 2')
    expect(states).toHaveLength(2)
    expect(states.at(-1)).toMatchObject({
      rejection: { sequence: '1.2', reason: 'bundle format 2' },
      enforced: { revision: { n: 1 } },
    })
    await enforcement.offer(toOffer(3))
    expect(states.at(-1)?.rejection).toBeUndefined()
  })

  it('enforces the newest of a burst, and answers everyone who offered', async () => {
    const { enforcement, kept } = makeEnforcement()
    await Promise.all([1, 2, 3, 4, 5].map((n) => enforcement.offer(toOffer(n))))
    expect(enforcedNames(enforcement)).toEqual(['team-a/c5'])
    expect(kept.length).toBeLessThan(5)
  })

  it('lets calls through while it compiles', async () => {
    let breaths = 0
    let clock = 0
    const breathe = async (): Promise<void> => {
      breaths += 1
    }
    const { enforcement } = makeEnforcement({ breathe, elapsedMs: () => (clock += 5) })
    await enforcement.offer(
      toOffer(
        1,
        1,
        Array.from({ length: 20 }, (_, i) => `c${i}`),
      ),
    )
    expect(breaths).toBeGreaterThan(5)
  })

  it('an offer that arrives in the last moment of another is not lost', async () => {
    const { enforcement } = makeEnforcement()
    await enforcement.offer(toOffer(1)).then(() => enforcement.offer(toOffer(2)))
    await enforcement.offer(toOffer(2))
    expect(enforcedNames(enforcement)).toEqual(['team-a/c2'])
  })
})

describe('the last good bundle on disk', () => {
  it('comes back', async () => {
    const folder = path.join(await mkdtemp(path.join(tmpdir(), 'portcullis-')), 'state')
    expect(await readLastGood(folder)).toBeUndefined()
    await writeLastGood(folder, toOffer(7))
    expect(await readLastGood(folder)).toEqual(toOffer(7))
  })

  it('is nothing when it is damaged', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-'))
    await writeFile(path.join(folder, 'last-good-bundle.json.gz'), 'rubbish')
    expect(await readLastGood(folder)).toBeUndefined()
  })
})
