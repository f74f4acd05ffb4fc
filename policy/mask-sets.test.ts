import { describe, expect, it } from 'vitest'
import { makeBundle, makePolicy, makeSnapshot } from '../test/helpers/make.ts'
import type { CompiledPolicy } from './compiled.ts'
import { noMasks } from './judgement.ts'
import { MaskSets } from './mask-sets.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
const masking = (name: string) =>
  makePolicy({ masking: { response: [{ name, field: '/a', action: 'Redact' }] } }, { name })

function compile(): readonly CompiledPolicy[] {
  const { connections } = makeSnapshot(makeBundle({ policies: [...names.map(masking), makePolicy()] }))
  return connections.get('team-a/chat')?.policies ?? []
}

describe('MaskSets', () => {
  it('[MK4] has the masks of any of very many sets of policies, and the same object for the same one', () => {
    const policies = compile()
    const sets = new MaskSets(policies)
    // Every subset: more than are kept.
    for (let bits = 0; bits < 2 ** policies.length; bits += 1) {
      const consents = policies.filter((_, i) => (bits & (1 << i)) !== 0).map((policy) => ({ policy }))
      const masks = sets.of(consents, [])
      const expected = consents.flatMap(({ policy }) => policy.masks.response.map(({ name }) => name))
      expect(masks.response.map(({ name }) => name)).toEqual(expected)
      expect(sets.of(consents.slice(0, 1), consents.slice(1))).toBe(masks)
      expect(expected.length > 0 || masks === noMasks).toBe(true)
    }
  })
})
