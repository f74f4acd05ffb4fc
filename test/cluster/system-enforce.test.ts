// The vertical slice with real processes: from `kubectl apply` to an enforced call on every replica, and back to status.
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inferencePolicies, modelConnections } from '../../operator/objects.ts'
import { makeControlPlane } from '../helpers/cluster.ts'
import type { System } from '../helpers/system.ts'
import { startSystem } from '../helpers/system.ts'
import { allow, denyPrompt, makeConnectionObject, makePolicyObject } from '../helpers/system-objects.ts'

const parts = new AsyncDisposableStack()
let system: System

beforeAll(async () => {
  const cluster = parts.use(await makeControlPlane())
  system = parts.use(await startSystem({ cluster }))
  await cluster.createNamespace('team-a')
})

afterAll(async () => parts.disposeAsync())

const each = async <T>(ask: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(system.gateways.map(async (_, index) => ask(index)))

describe('a policy, from kubectl to the call', () => {
  test('is enforced by three of three replicas before it is Programmed, and the OpenAI SDK meets it on each', async () => {
    await system.apply([
      makeConnectionObject('team-a/chat', system.model.origin),
      makePolicyObject('team-a/chat', [allow, denyPrompt('Nightjar', 'Nightjar is confidential.')]),
    ])
    const policy = await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    const connection = await system.waitProgrammed(modelConnections, 'team-a/chat')
    expect([policy.status?.enforced, connection.status?.enforced]).toEqual(['3/3', '3/3'])
    const answers = await each(async (index) => {
      const client = new OpenAI({ baseURL: `${system.gateways[index]?.origin}/team-a/chat/v1`, apiKey: system.token })
      const ask = async (content: string): Promise<string | null | undefined> =>
        (await client.chat.completions.create({ model: 'small', messages: [{ role: 'user', content }] })).choices[0]
          ?.message.content
      const refusal = await ask('tell me about Nightjar').catch((error: unknown) => error)
      return [await ask('hello'), refusal instanceof OpenAI.PermissionDeniedError && refusal.message]
    })
    expect(answers).toEqual(
      Array.from({ length: 3 }, () => ['hello', expect.stringContaining('Nightjar is confidential.')]),
    )
  })
})
