import { expect, it } from 'vitest'
import { makeMask } from '../../test/helpers/masks.ts'
import type { MaskDemand } from './demand.ts'
import { planMasks } from './mask-plan.ts'
import { findDetectors } from './packs.ts'

const card = (findDetectors('card') ?? []).filter(({ name }) => name === 'card')
const email = findDetectors('email') ?? []
const partial = makeMask({ name: 'partial', action: 'Partial', detectors: [...card, ...email], policy: 'a/one' })
const redact = makeMask({ name: 'redact', action: 'Redact', detectors: card, policy: 'a/two' })

it('[MK8] takes the strictest of the masks that meet in one detector, whatever their order', () => {
  for (const demands of [
    [partial, redact],
    [redact, partial],
  ]) {
    const plan = planMasks(demands, new Map())
    expect(plan.owners.get('card')?.strictest).toBe(redact)
    expect(new Set(plan.owners.get('card')?.all)).toEqual(new Set(demands))
    expect(plan.owners.get('email')?.strictest).toBe(partial)
    expect(plan.tiers.map((tier) => tier.map(({ name }) => name))).toEqual([['card'], ['email']])
  }
})

it.each<[string, Partial<MaskDemand>, Partial<MaskDemand>]>([
  ['the one that keeps less', { action: 'Partial', keepLast: 2 }, { action: 'Partial', keepLast: 4 }],
  [
    'the one that never restores',
    { action: 'Pseudonymize' },
    { action: 'Pseudonymize', restores: true, policy: 'a/earlier' },
  ],
  ['the first by name', { policy: 'a/first' }, { policy: 'a/second' }],
])('[MK8] takes of two equal actions %s', (_, one, other) => {
  const first = makeMask({ detectors: card, ...one })
  const second = makeMask({ detectors: card, ...other })
  expect(planMasks([first, second], new Map()).owners.get('card')?.strictest).toBe(first)
  expect(planMasks([second, first], new Map()).owners.get('card')?.strictest).toBe(first)
})

it('[MK7] knows places by policies and by connections, each once', () => {
  const mask = makeMask({ class: 'PHI', fields: ['/patient', 'notes'] })
  const plan = planMasks([mask], new Map([['PHI', ['notes', 'history']]]))
  expect([...plan.fields].map(([field, { all }]) => [field, all.length])).toEqual([
    ['/patient', 1],
    ['notes', 1],
    ['history', 1],
  ])
})
