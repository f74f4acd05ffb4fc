import { expect, it } from 'vitest'
import { isPermit, mintPermit } from './permit.ts'

const grant = { connection: 'team-a/chat', policies: ['team-a/p'], rules: ['team-a/p/allow'] }

it('[PM1] tells a minted permit from a look-alike', () => {
  const minted = mintPermit(grant)
  expect(isPermit(minted)).toBe(true)
  expect(isPermit({ grant, toJSON: () => grant })).toBe(false)
  expect(isPermit(Object.create(Object.getPrototypeOf(minted)))).toBe(false)
  expect(isPermit(undefined)).toBe(false)
})

it('[PM1] says what it grants and nothing else', () => {
  expect(JSON.parse(JSON.stringify(mintPermit(grant)))).toEqual(grant)
})
