// No rule without a test: every CEL rule of the three CRDs has an object that a real API server must refuse with its message
// (test/cluster/crds-rules.test.ts runs them).
import { expect, test } from 'vitest'
import type { Schema, ValidationRule } from '../../hack/generate/crd.ts'
import { readCrds } from '../../hack/generate/generate.ts'
import { changeCases, refusedRequests } from '../cluster/crds-cases-approval.ts'
import { refusedConnections } from '../cluster/crds-cases-connection.ts'
import { refusedPolicies } from '../cluster/crds-cases-policy.ts'

interface PlacedRule {
  /** The field that the refusal names, without positions in lists. */
  readonly field: string
  readonly message: string
}

const cases: Readonly<Record<string, readonly PlacedRule[]>> = {
  ModelConnection: refusedConnections,
  InferencePolicy: refusedPolicies,
  ApprovalRequest: [
    ...refusedRequests,
    ...changeCases.flatMap(({ refused }) => (refused === undefined ? [] : [{ field: refused[0], message: refused[1] }])),
  ],
}

test.for(readCrds().map(({ crd }) => [crd.spec.names.kind, crd] as const))('every rule of %s', ([kind, crd]) => {
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema ?? {}
  const untested = listRules(schema, '').filter((rule) => !(cases[kind] ?? []).some((one) => isTestOf(one, rule)))
  expect(untested).toEqual([])
})

test('there are rules', () => {
  const rules = readCrds().flatMap(({ crd }) => listRules(crd.spec.versions[0]?.schema.openAPIV3Schema ?? {}, ''))
  expect(rules.length).toBeGreaterThan(100)
})

function isTestOf(one: PlacedRule, rule: PlacedRule): boolean {
  return one.field.replaceAll(/\[\d+\]/g, '[]') === rule.field && rule.message.includes(one.message)
}

function listRules(schema: Schema, path: string): readonly PlacedRule[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => toPlacedRule(rule, path))
  const children = Object.entries(schema.properties ?? {}).map(
    ([name, child]) => [child, path === '' ? name : `${path}.${name}`] as const,
  )
  const items = schema.items === undefined ? [] : [[schema.items, `${path}[]`] as const]
  return [...own, ...[...children, ...items].flatMap(([child, at]) => listRules(child, at))]
}

function toPlacedRule(rule: ValidationRule, path: string): PlacedRule {
  return { field: `${path}${rule.fieldPath ?? ''}`.replace(/^\./, ''), message: rule.message ?? '' }
}
