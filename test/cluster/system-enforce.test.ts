// The vertical slice with real processes: from `kubectl apply` to an enforced call on every replica, and back to status.
import OpenAI from 'openai'
import { stringify } from 'yaml'
import { systemClock } from '../../kube/clock.ts'
import { configMaps } from '../../kube/resource.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kubectlOrThrow } from '../../hack/cluster/processes.ts'
import type { InferencePolicy } from '../../operator/objects.ts'
import { inferencePolicies, modelConnections } from '../../operator/objects.ts'
import type { IssuerSettings } from '../../policy/settings.ts'
import { makeControlPlane } from '../helpers/cluster.ts'
import type { IdentityProvider } from '../helpers/identity-provider.ts'
import { startIdentityProvider } from '../helpers/identity-provider.ts'
import type { System } from '../helpers/system.ts'
import { startSystem, toConditions } from '../helpers/system.ts'
import { copySources } from '../helpers/system-version.ts'
import { allow, denyPrompt, makeConnectionObject, makePolicyObject } from '../helpers/system-objects.ts'

const parts = new AsyncDisposableStack()
let system: System

beforeAll(async () => {
  const cluster = parts.use(await makeControlPlane())
  system = parts.use(await startSystem({ cluster }))
  await cluster.createNamespace('team-a')
  await cluster.createNamespace('team-b')
  await system.apply([makeConnectionObject('team-a/chat', system.model.origin)])
})

afterAll(async () => parts.disposeAsync())

const each = async <T>(ask: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(system.gateways.map(async (_, index) => ask(index)))

describe('a policy, from kubectl to the call', () => {
  test('is enforced by three of three replicas before it is Programmed, and the OpenAI SDK meets it on each', async () => {
    await system.apply([makePolicyObject('team-a/chat', [allow, denyPrompt('Nightjar', 'Nightjar is confidential.')])])
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

  test('hides people from the model under the same pseudonym on every replica, and no caller notices', async () => {
    const request = [
      { name: 'people', class: 'PII', action: 'Pseudonymize', restore: 'Response' },
      { name: 'cards', class: 'PCI', action: 'Redact' },
    ] as const
    const dataClasses = [
      { name: 'PII', detectors: ['email'] },
      { name: 'PCI', detectors: ['PCI'] },
    ]
    await system.apply([makePolicyObject('team-a/chat', [allow], { dataClasses, masking: { request } })])
    await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    const before = system.model.arrivals.length
    const answers = await each(async (index) => {
      const client = new OpenAI({ baseURL: `${system.gateways[index]?.origin}/team-a/chat/v1`, apiKey: system.token })
      const content = 'card 4111 1111 1111 1111, say:write to ann@example.com'
      const { choices } = await client.chat.completions.create({
        model: 'small',
        messages: [{ role: 'user', content }],
      })
      return choices[0]?.message.content
    })
    expect(answers).toEqual(system.gateways.map(() => 'write to ann@example.com'))
    const bodies = system.model.arrivals.slice(before).map(({ body }) => body)
    const tokens = bodies.map((body) => /card \[PCI\], say:write to (PII(?:-[A-Z]{4}){5})"/u.exec(body)?.[1])
    expect(new Set(tokens)).toEqual(new Set([expect.stringMatching(/^PII-/u)]))
    expect(tokens).toHaveLength(3)
  })

  test('that is invalid says where in its expression, refuses the calls it covers, and leaves all others alone', async () => {
    const broken = "request.model == 'small' &&\n  request.colour == 'red'"
    await system.apply([
      makeConnectionObject('team-b/chat', system.model.origin),
      makePolicyObject('team-b/fine', [allow]),
      makePolicyObject('team-b/broken', [{ name: 'red', phase: 'Request', action: 'Deny', when: broken }]),
    ])
    const { status } = await system.waitStatus(
      inferencePolicies,
      'team-b/broken',
      (policy) => policy.status?.enforced === '3/3',
    )
    expect(status?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Accepted', status: 'False', reason: 'InvalidExpression' }),
        expect.objectContaining({ type: 'Programmed', status: 'False', reason: 'InvalidExpression' }),
      ]),
    )
    expect(status?.problems).toEqual([
      expect.objectContaining({ path: 'spec.rules[0].when', line: 2, column: 11, reason: 'InvalidExpression' }),
    ])
    const replies = await each(async (index) => [
      await system.call(index, { connection: 'team-b/chat' }),
      await system.call(index),
    ])
    for (const reply of replies) {
      expect(reply).toMatchObject([{ status: 503, code: 'policy_unavailable' }, { status: 200 }])
    }
    await system.store.delete(inferencePolicies, { namespace: 'team-b', name: 'broken' })
    await system.until(
      async () =>
        (await each((index) => system.call(index, { connection: 'team-b/chat' }))).every((one) => one.status === 200),
      'calls of team-b to be allowed again',
    )
  })

  test('in full: rules over answers, a limit, and a canary in mode Audit that never acts', async () => {
    await system.apply([
      makeConnectionObject('team-b/full', system.model.origin),
      makePolicyObject(
        'team-b/full',
        [
          allow,
          {
            name: 'answers',
            phase: 'Response',
            action: 'Deny',
            when: "request.prompt == 'Curlew' && response.text == 'hello'",
          },
        ],
        {
          targetRefs: [{ name: 'full' }],
          limits: [{ name: 'calls', key: 'identity.subject', requests: 2, window: '1h' }],
        },
      ),
      makePolicyObject('team-b/canary', [denyPrompt('Plover', 'Not yet.')], {
        mode: 'Audit',
        targetRefs: [{ name: 'full' }],
      }),
    ])
    await system.waitProgrammed(inferencePolicies, 'team-b/full')
    await system.waitProgrammed(inferencePolicies, 'team-b/canary')
    const ask = async (prompt: string): Promise<object> => system.call(0, { connection: 'team-b/full', prompt })
    await expect(ask('Curlew')).resolves.toMatchObject({ status: 403, code: 'response_denied' })
    await expect(ask('Plover')).resolves.toMatchObject({ status: 200 })
    await expect(ask('Plover')).resolves.toMatchObject({ status: 429, code: 'limit_exceeded' })
    await expect(system.call(1, { connection: 'team-b/full' })).resolves.toMatchObject({ status: 200 })
  })

  test('that somebody edited by hand is seen by a server-side dry run of the original, and healed by applying it', async () => {
    const original = stringify(
      makePolicyObject('team-a/chat', [allow, denyPrompt('Nightjar', 'Nightjar is confidential.')]),
    )
    const patch =
      '[{"op": "add", "path": "/spec/rules/-", "value": {"name": "loophole", "phase": "Request", "action": "Allow"}}]'
    await kubectl(['patch', 'inferencepolicy', 'chat', '-n', 'team-a', '--type=json', '-p', patch])
    const diff = await system.cluster.kubectl(
      ['diff', '--server-side', '--force-conflicts', '--field-manager=test', '-f', '-'],
      { stdin: original },
    )
    expect(diff).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^-.*name: loophole$/mu) })
    const dryRun = ['apply', '--server-side', '--field-manager=test', '--dry-run=server', '-f', '-']
    await expect(system.cluster.kubectl(dryRun, { stdin: original })).resolves.toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('conflict'),
    })
    await kubectl(['apply', '--server-side', '--force-conflicts', '--field-manager=test', '-f', '-'], original)
    // kubectl reads the object twice; the operator may write its status in between, and that alone is a difference.
    const again = ['diff', '--server-side', '--field-manager=test', '-f', '-']
    await system.until(
      async () => (await system.cluster.kubectl(again, { stdin: original })).exitCode === 0,
      'a dry run of the original to differ in nothing',
    )
  })
})

describe('kubectl', () => {
  test('get shows what matters, one line each', async () => {
    await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    await expect(rows('inferencepolicies')).resolves.toEqual([
      ['NAME', 'MODE', 'ACCEPTED', 'PROGRAMMED', 'ENFORCED', 'TARGETS', 'AGE'],
      ['chat', 'Enforce', 'True', 'True', '3/3', '1', expect.stringMatching(/^\d+[sm]/u)],
    ])
    await expect(rows('modelconnections')).resolves.toEqual([
      ['NAME', 'MODE', 'PROTOCOL', 'ACCEPTED', 'PROGRAMMED', 'ENFORCED', 'POLICIES', 'AGE'],
      ['chat', 'Active', 'OpenAI', 'True', 'True', '3/3', '1', expect.stringMatching(/^\d+[sm]/u)],
    ])
  })

  test('get -o wide adds reasons and the revision that replies name', async () => {
    const wide = await kubectl(['get', 'inferencepolicies', 'chat', '-n', 'team-a', '-o', 'wide'])
    expect(wide).toMatch(/ACCEPTED-REASON +REFS-REASON +PROGRAMMED-REASON +REVISION/u)
    const policy = await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    expect(policy.status?.revision).toMatch(/^[0-9a-f]{12}$/u)
    expect(wide).toContain(policy.status?.revision)
  })

  test('wait, describe and explain answer what a person asks', async () => {
    await kubectl(['wait', '--for=condition=Ready', '--timeout=10s', 'inferencepolicy/chat', '-n', 'team-a'])
    const described = await kubectl(['describe', 'inferencepolicy', 'chat', '-n', 'team-a'])
    expect(described).toContain('Every serving gateway replica has enforced revision')
    expect(described).toMatch(/Normal +Programmed .*portcullis\.dev\/operator/u)
    const explained = await kubectl(['explain', 'inferencepolicy.spec.rules.when'])
    expect(explained).toMatch(/KIND: +InferencePolicy[\s\S]*FIELD: +when <string>[\s\S]*DESCRIPTION:\n +\S/u)
  })
})

describe('a replica that does not enforce the newest bundle', () => {
  test('because it hangs is named, and nothing is Programmed until it is back', async () => {
    const hung = system.gateways[2]
    if (hung === undefined) throw new Error('three gateways were started')
    // Its node is cut off: nobody notices that it is not ready any more.
    system.kubelet.cutOff(hung.pod)
    hung.child.pause()
    await using back = new AsyncDisposableStack()
    back.defer(() => {
      hung.child.resume()
      system.kubelet.reconnect(hung.pod)
    })
    await system.apply([makePolicyObject('team-a/chat', [allow, denyPrompt('Osprey', 'no')])])
    const waiting = await system.waitStatus(
      inferencePolicies,
      'team-a/chat',
      ({ status, metadata }) => status?.observedGeneration === metadata.generation && status?.enforced === '2/3',
    )
    expect(waiting.status?.laggards).toEqual([hung.pod.name])
    expect(toConditions(waiting)).toMatchObject({ Accepted: 'True', Programmed: 'Unknown', Ready: 'Unknown' })
    expect(toProgrammed(waiting)?.message).toContain(hung.pod.name)
    await back.disposeAsync()
    const { status } = await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    expect(status).toMatchObject({ enforced: '3/3' })
    expect(status).not.toHaveProperty('laggards')
  })

  test('because it is too old for its format is named with the reason, and keeps the last good one', async () => {
    // The operator is upgraded before the gateways: the same sources with the next number of the bundle format.
    await using newer = await copySources(['operator', 'policy', 'kube', 'crds'], {
      file: 'policy/bundle.ts',
      from: 'export const bundleFormat = 1\n',
      to: 'export const bundleFormat = 2\n',
    })
    await system.operator.child.stop()
    const upgraded = await system.startOperator('operator-upgraded', { root: newer.folder })
    await system.apply([makePolicyObject('team-a/chat', [allow, denyPrompt('Kestrel', 'no')])])
    const { status } = await system.waitStatus(
      inferencePolicies,
      'team-a/chat',
      (policy) => policy.status?.conditions?.some(({ reason }) => reason === 'RejectedByGateway') === true,
    )
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Programmed',
        status: 'False',
        message: expect.stringMatching(
          /^Gateway gateway-\d keeps its last good bundle .*format 2 .*upgrade the gateway$/u,
        ),
      }),
    )
    expect(status?.laggards).toEqual(['gateway-0', 'gateway-1', 'gateway-2'])
    const replies = await each((index) => system.call(index, { prompt: 'Osprey' }))
    expect(replies.map(({ status: code }) => code)).toEqual([403, 403, 403])
    // Rolled back, the operator goes on above what it cannot read.
    await upgraded.child.stop()
    system.operator.child.start()
    await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    const after = await each((index) => system.call(index, { prompt: 'Kestrel' }))
    expect(after.map(({ status: code }) => code)).toEqual([403, 403, 403])
  })
})

test('replicas come and go without a flap: a new one is ready only with the newest bundle, an old one is no laggard', async () => {
  const before = await system.waitProgrammed(inferencePolicies, 'team-a/chat')
  const current = await system.call(0)
  const added = await system.startGateway('gateway-added')
  await system.until(() => system.kubelet.isReady(added.pod), 'the new replica to be ready')
  await expect(system.call(added)).resolves.toMatchObject({ status: 200, revision: current.revision })
  await system.waitStatus(inferencePolicies, 'team-a/chat', ({ status }) => status?.enforced === '4/4')
  await system.removeGateway(added)
  const after = await system.waitStatus(inferencePolicies, 'team-a/chat', ({ status }) => status?.enforced === '3/3')
  expect(toProgrammed(after)).toEqual(toProgrammed(before))
})

describe('the published bundle', () => {
  test('comes back above the highest sequence when it is deleted', async () => {
    await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    const before = await readSequence()
    const bundle = ['delete', 'configmap', 'portcullis-bundle', '-n', 'portcullis']
    // Nobody may, not even an administrator ...
    await expect(system.cluster.kubectl(bundle)).resolves.toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('only the Portcullis operator writes the bundle'),
    })
    // ... who does not pretend to be the operator.
    await kubectl([...bundle, '--as=system:serviceaccount:portcullis:operator', '--as-group=system:masters'])
    await system.until(async () => (await readSequence().catch(() => 0)) > before, 'a bundle above the deleted one')
    await system.apply([makePolicyObject('team-a/chat', [allow, denyPrompt('Merlin', 'no')])])
    await system.waitProgrammed(inferencePolicies, 'team-a/chat')
    const replies = await each((index) => system.call(index, { prompt: 'Merlin' }))
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403])
  })
})

describe('the platform settings', () => {
  test('take effect without a restart: another issuer is accepted, and refused again when it is removed', async () => {
    await using other = await startIdentityProvider({ clock: systemClock })
    const token = await other.sign({ sub: 'bob' })
    const accepted = async (): Promise<readonly number[]> =>
      (await each((index) => system.call(index, { token }))).map(({ status }) => status)
    await expect(accepted()).resolves.toEqual([401, 401, 401])
    await system.publishSettings({ issuers: [toIssuer(system.idp, 'test'), toIssuer(other, 'other')] })
    await system.until(
      async () => (await accepted()).every((status) => status === 200),
      'the other issuer to be accepted',
    )
    await system.publishSettings({})
    await system.until(
      async () => (await accepted()).every((status) => status === 401),
      'the other issuer to be refused',
    )
  })

  test('that are wrong are told, and the last valid ones stay in force', async () => {
    const broken = { issuers: [{ name: 'Not A Name', issuer: 'http://example.com', audiences: [] }] }
    await system.publishSettings(broken)
    const events = ['get', 'events', '-n', 'portcullis', '--field-selector=reason=InvalidSettings', '-o', 'wide']
    const isTold = async (): Promise<boolean> =>
      (await kubectl(events)).includes('the last valid settings stay in force')
    await system.until(isTold, 'an Event')
    await expect(system.call(0)).resolves.toMatchObject({ status: 200 })
    await system.publishSettings({})
  })
})

async function readSequence(): Promise<number> {
  const index = await system.store.get(configMaps, { namespace: 'portcullis', name: 'portcullis-bundle' })
  const { epoch, sequence } = index?.data ?? {}
  return Number(epoch) * 1e9 + Number(sequence)
}

async function kubectl(args: readonly string[], stdin?: string): Promise<string> {
  return kubectlOrThrow(system.cluster, args, stdin === undefined ? {} : { stdin })
}

async function rows(kind: string): Promise<readonly (readonly string[])[]> {
  const table = await kubectl(['get', kind, '-n', 'team-a'])
  return table
    .trim()
    .split('\n')
    .map((line) => line.split(/\s{2,}/u))
}

function toIssuer({ issuer }: IdentityProvider, name: string): IssuerSettings {
  return { name, issuer, audiences: ['models'], preset: 'Generic' }
}

function toProgrammed({ status }: InferencePolicy): { readonly message: string } | undefined {
  return status?.conditions?.find(({ type }) => type === 'Programmed')
}
