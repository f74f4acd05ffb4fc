// Every rule of the three CRDs on a real API server: what it accepts, what it refuses, at which field and with which words.
// test/golden/crd-rules.test.ts sees to it that no rule is missing here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeNamespace, type Namespace, sharedCluster } from '../helpers/cluster.ts'
import { type Api, connectApi, installCrds, type ObjectOfOurs, type Refusal, refusalsOf } from './crds-api.ts'
import { acceptedRequests, type ChangeCase, changeCases, makeRequest, refusedRequests } from './crds-cases-approval.ts'
import { acceptedConnections, refusedConnections } from './crds-cases-connection.ts'
import { acceptedPolicies, refusedPolicies } from './crds-cases-policy.ts'

const cluster = sharedCluster()
let namespace: Namespace
let api: Api

beforeAll(async () => {
  await installCrds(cluster)
  namespace = await makeNamespace(cluster, { prefix: 'crds' })
  api = connectApi(cluster, namespace.name)
})

afterAll(() => namespace[Symbol.asyncDispose]())

const kinds = [
  ['ModelConnection', acceptedConnections, refusedConnections],
  ['InferencePolicy', acceptedPolicies, refusedPolicies],
  ['ApprovalRequest', acceptedRequests, refusedRequests],
] as const

describe.for(kinds)('%s', ([, accepted, refused]) => {
  test.for(accepted.map((one) => [one.title, one] as const))('accepts %s', async ([, { object }]) => {
    expect(refusalsOf(await api.dryRun(object))).toEqual([])
  })

  test.for(refused.map((one) => [one.title, one] as const))('refuses %s', async ([, { object, field, message }]) => {
    const refusals = refusalsOf(await api.dryRun(object))
    expect(refusals).toContainEqual({ field, message: expect.stringContaining(message) })
  })
})

describe('ApprovalRequest over its life', () => {
  const cases = changeCases.map((one, index) => ({ ...one, request: makeRequest(one.spec, `life-${index}`) }))

  test.for(cases.filter(({ refused }) => refused === undefined).map((one) => [one.title, one] as const))(
    'accepts %s',
    async ([, one]) => {
      expect(await attempt(one)).toEqual([])
    },
  )

  test.for(cases.flatMap((one) => (one.refused === undefined ? [] : [[one.title, one, one.refused] as const])))(
    'refuses %s',
    async ([, one, [field, message]]) => {
      expect(await attempt(one)).toContainEqual({ field, message: expect.stringContaining(message) })
    },
  )

  test('of three that claim it at once exactly one succeeds', async () => {
    const claimed = changeCases.find(({ title }) => title === 'Released with every quorum')
    if (claimed === undefined) throw new Error('there is such a case')
    const request = makeRequest(claimed.spec, 'race')
    await api.create(request)
    for (const step of claimed.before) await api.patch(request, step.patch, step.part)
    const claim = (pod: string) =>
      api.patch(request, { status: { phase: 'Released', releasedBy: { pod, session: pod } } }, 'status')
    const answers = await Promise.all(['a', 'b', 'c'].map(claim))
    expect(answers.filter((one) => 'object' in one)).toHaveLength(1)
  })
})

/** Brings the request to where the case begins, and gives what the API server says to the attempt. */
async function attempt(one: ChangeCase & { readonly request: ObjectOfOurs }): Promise<readonly Refusal[]> {
  expect(refusalsOf(await api.create(one.request))).toEqual([])
  for (const step of one.before) expect(refusalsOf(await api.patch(one.request, step.patch, step.part))).toEqual([])
  return refusalsOf(await api.patch(one.request, one.attempt.patch, one.attempt.part))
}
