// The rules of the CRDs without an API server, held against the very cases that a real one is asked in test/cluster/crds-rules.test.ts.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { acceptedConnections, refusedConnections } from '../../test/cluster/crds-cases-connection.ts'
import { acceptedPolicies, refusedPolicies } from '../../test/cluster/crds-cases-policy.ts'
import { compileCrd } from '../../crds/check-object.ts'
import { compileCrdRules } from './crd-rules.ts'

const kinds = [
  ['modelconnections', acceptedConnections, refusedConnections],
  ['inferencepolicies', acceptedPolicies, refusedPolicies],
] as const

describe.for(kinds)('%s', ([name, accepted, refused]) => {
  const text = readFileSync(new URL(`../../crds/${name}.yaml`, import.meta.url), 'utf8')
  const checkObject = compileCrd(text)
  const checkRules = compileCrdRules(text)

  it.each(accepted.map(({ title, object }) => [title, object] as const))('accepts %s', (_, object) => {
    expect(checkRules(object)).toEqual([])
  })

  // What the structural check refuses is not a matter for rules.
  const ruled = refused.filter(({ object }) => checkObject(object).length === 0)
  it.each(ruled.map((one) => [one.title, one] as const))('refuses %s', (_, { object, field, message }) => {
    expect(checkRules(object)).toContainEqual({ path: field, message: expect.stringContaining(message) })
  })

  it('is asked about most of the rules', () => {
    expect(ruled.length).toBeGreaterThan(20)
  })
})
