// From `kubectl apply` to a status that tells the truth, on a real API server with the operator as a process and fake gateways.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import { eventually } from '../helpers/cluster.ts'
import type { FakeGateway, OperatorProcess, Stored } from './operator-install.ts'
import {
  apply,
  getJson,
  install,
  makeGateways,
  must,
  platform,
  startOperator,
  toConnectionYaml,
  toPolicyYaml,
  toYaml,
} from './operator-install.ts'

let cluster: ControlPlane
let operator: OperatorProcess
let gateways: readonly FakeGateway[]
const team = 'team-a'

beforeAll(async () => {
  cluster = await install()
  await cluster.createNamespace(team)
  gateways = await makeGateways(cluster, 'gw-1', 'gw-2', 'gw-3')
  operator = await startOperator(cluster)
  await eventually(async () => getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' }), {
    message: 'a first bundle',
  })
})

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

type Kind = 'mconn' | 'infpol'

async function awaitCondition(kind: Kind, name: string, expected: string): Promise<Stored> {
  const [type, status, reason] = expected.split(' ')
  return eventually(
    async () => {
      const object = await getJson(cluster, kind, { namespace: team, name })
      const found = object.status?.conditions?.find((condition) => condition.type === type)
      const isCurrent = object.status?.observedGeneration === object.metadata.generation
      return isCurrent && found?.status === status && (reason === undefined || found?.reason === reason) && object
    },
    { message: `${name} to be ${expected}`, timeoutMs: 20_000, explain: () => operator.log.slice(-20).join('\n') },
  )
}

function messageOf(object: Stored, type: string): string {
  return object.status?.conditions?.find((condition) => condition.type === type)?.message ?? ''
}

async function ackAll(): Promise<void> {
  await Promise.all(gateways.map(async (gateway) => gateway.ack()))
}

/** Gateways that enforce whatever is published, until the condition holds. */
async function enforceUntil(kind: Kind, name: string, expected: string): Promise<Stored> {
  const waiting = awaitCondition(kind, name, expected)
  const over = new AbortController()
  const end = waiting.finally(() => over.abort())
  while (!over.signal.aborted) await ackAll()
  return end
}

describe('the way of a policy', () => {
  test('Programmed is True when 3 of 3 gateways enforce it, not before, and who is missing is named', async () => {
    await apply(cluster, toConnectionYaml(team, 'chat'))
    await apply(cluster, toPolicyYaml(team, 'allow'))
    await enforceUntil('mconn', 'chat', 'Programmed True')
    await enforceUntil('infpol', 'allow', 'Programmed True')
    await apply(cluster, toPolicyYaml(team, 'allow', { rules: [{ name: 'none', phase: 'Request', action: 'Deny' }] }))
    await awaitCondition('infpol', 'allow', 'Programmed Unknown Pending')
    await gateways[0]?.ack()
    await gateways[1]?.ack()
    const waiting = await eventually(
      async () => {
        const object = await getJson(cluster, 'infpol', { namespace: team, name: 'allow' })
        return object.status?.enforced === '2/3' && object
      },
      { message: '2/3' },
    )
    expect(waiting.status?.laggards).toEqual(['gw-3'])
    await gateways[2]?.ack()
    const object = await awaitCondition('infpol', 'allow', 'Programmed True')
    expect(object.status).toMatchObject({ enforced: '3/3', targets: ['team-a/chat'] })
    await awaitCondition('infpol', 'allow', 'Ready True')
  })

  test('a gateway that refuses is named, and Programmed is False', async () => {
    await apply(cluster, toPolicyYaml(team, 'refused', { message: undefined }))
    await awaitCondition('infpol', 'refused', 'Programmed Unknown Pending')
    const { data = {} } = await getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' })
    await gateways[0]?.ack({
      'portcullis.dev/sequence': '1.1',
      'portcullis.dev/digest': 'sha256:old',
      'portcullis.dev/rejected-sequence': `${data['epoch']}.${data['sequence']}`,
      'portcullis.dev/rejected-reason': 'bundle format 2 is not the one this gateway reads',
    })
    const object = await awaitCondition('infpol', 'refused', 'Programmed False RejectedByGateway')
    expect(messageOf(object, 'Programmed')).toMatch(/^Gateway gw-1 keeps its last good bundle.*bundle format 2/u)
    await enforceUntil('infpol', 'refused', 'Programmed True')
    await must(cluster, ['delete', 'infpol', '-n', team, 'refused'])
  })

  test('an invalid policy shows line and column of the mistake', async () => {
    const rules = [{ name: 'typo', phase: 'Request', action: 'Deny', when: 'true &&\n  request.modle == "x"' }]
    await apply(cluster, toPolicyYaml(team, 'broken', { rules }))
    const object = await awaitCondition('infpol', 'broken', 'Accepted False InvalidExpression')
    expect(object.status?.problems?.[0]).toMatchObject({ path: 'spec.rules[0].when', line: 2 })
    expect(messageOf(object, 'Accepted')).toMatch(
      /spec\.rules\[0\]\.when 2:\d+: .*all calls to the connections it selects are refused/su,
    )
    await must(cluster, ['delete', 'infpol', '-n', team, 'broken'])
  })

  test('an unsupported field is named', async () => {
    await apply(cluster, toConnectionYaml(team, 'triton', { protocol: 'Gemini' }))
    expect(messageOf(await awaitCondition('mconn', 'triton', 'Accepted False NotSupported'), 'Accepted')).toMatch(
      /^spec\.protocol: protocol Gemini/u,
    )
  })
})

function service(name: string, namespace: string): object {
  return { endpoints: [{ name: 'main', service: { name, namespace, port: 443 } }] }
}

describe('references', () => {
  test('a missing grant shows the YAML to apply, and applying exactly that repairs it', async () => {
    await apply(
      cluster,
      toYaml('v1', 'Secret', { namespace: team, name: 'openai' }, { stringData: { apiKey: 'sk-of-team-a' } }),
    )
    await apply(
      cluster,
      toConnectionYaml(team, 'granted', { credential: { type: 'Header', secretRef: { name: 'openai' } } }),
    )
    const object = await awaitCondition('mconn', 'granted', 'ResolvedRefs False RefNotPermitted')
    const [, yaml = ''] = /applies:\n(.*)$/su.exec(messageOf(object, 'ResolvedRefs')) ?? []
    await apply(cluster, yaml)
    await awaitCondition('mconn', 'granted', 'ResolvedRefs True')
    const { data = {} } = await getJson(cluster, 'secret', { namespace: platform, name: 'portcullis-credentials' })
    expect(Object.entries(data)).toEqual([
      [expect.stringMatching(/^team-a\.granted\.[0-9a-f]{12}$/u), Buffer.from('sk-of-team-a').toString('base64')],
    ])
  })

  test('a rotated Secret reaches its slot without anything else being written', async () => {
    const before = await getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' })
    await apply(
      cluster,
      toYaml('v1', 'Secret', { namespace: team, name: 'openai' }, { stringData: { apiKey: 'sk-rotated' } }),
    )
    const rotated = Buffer.from('sk-rotated').toString('base64')
    await eventually(
      async () =>
        Object.values(
          (await getJson(cluster, 'secret', { namespace: platform, name: 'portcullis-credentials' })).data ?? {},
        ).includes(rotated),
      { message: 'the new value in its slot', timeoutMs: 30_000, intervalMs: 250 },
    )
    const after = await getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' })
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
  })

  test('a grant that is taken back takes the credential back', async () => {
    await must(cluster, ['delete', 'rolebinding', '-n', team, 'portcullis-reads-secret-openai'])
    const object = await enforceUntil('mconn', 'granted', 'ResolvedRefs False RefNotPermitted')
    expect(object.status?.conditions?.find(({ type }) => type === 'Programmed')?.reason).toBe('RefNotPermitted')
    await eventually(
      async () => {
        await ackAll()
        return (
          Object.keys(
            (await getJson(cluster, 'secret', { namespace: platform, name: 'portcullis-credentials' })).data ?? {},
          ).length === 0
        )
      },
      { message: 'the slot to go', timeoutMs: 20_000 },
    )
  })

  test('no value of a Secret is in a log, a status, an Event or a ConfigMap', async () => {
    const everything = await must(cluster, ['get', 'mconn,infpol,configmaps,events,leases', '-A', '-o', 'yaml'])
    expect(everything).not.toMatch(/sk-of-team-a|sk-rotated/u)
    expect(operator.log.join('\n')).not.toMatch(/sk-of-team-a|sk-rotated/u)
  })

  test('a connection to another team’s Service, a metadata address or the API server is refused', async () => {
    await apply(cluster, toConnectionYaml(team, 'foreign', service('llama', 'team-b')))
    expect(messageOf(await awaitCondition('mconn', 'foreign', 'Accepted False ForbiddenEndpoint'), 'Accepted')).toMatch(
      /ask the platform team/u,
    )
    const { data = {} } = await getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' })
    expect(data['sequence']).toMatch(/^\d+$/u)
    const slice = JSON.parse(await must(cluster, ['get', 'endpointslice', 'kubernetes', '-n', 'default', '-o', 'json']))
    const [address] = slice.endpoints[0].addresses
    const { port } = slice.ports[0]
    await apply(
      cluster,
      toConnectionYaml(team, 'api', { endpoints: [{ name: 'main', url: `https://${address}:${port}/v1` }] }),
    )
    await awaitCondition('mconn', 'api', 'Accepted False ForbiddenEndpoint')
  })
})

describe('people', () => {
  test('an edit by hand is visible to a server-side dry run of the original', async () => {
    const original = toPolicyYaml(team, 'drift', {
      rules: [{ name: 'all', phase: 'Request', action: 'Allow', when: 'request.model == "small"' }],
    })
    await apply(cluster, original)
    const add = '[{"op":"add","path":"/spec/rules/-","value":{"name":"mine","phase":"Request","action":"Allow"}}]'
    await must(cluster, ['patch', 'infpol', 'drift', '-n', team, '--type=json', '-p', add])
    const dryRun = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-o', 'json', '-f', '-']
    const healed = JSON.parse(await must(cluster, dryRun, { stdin: original }))
    expect(healed.spec.rules).toHaveLength(1)
    const { spec } = JSON.parse(await must(cluster, ['get', 'infpol', 'drift', '-n', team, '-o', 'json']))
    expect(spec.rules).toHaveLength(2)
  })

  test('kubectl get shows the way of an object in one line, describe tells its story', async () => {
    await enforceUntil('infpol', 'allow', 'Ready True')
    const table = await must(cluster, ['get', 'infpol', 'allow', '-n', team])
    expect(table).toMatch(/NAME\s+MODE.*ACCEPTED\s+PROGRAMMED\s+ENFORCED/u)
    expect(table).toMatch(/allow\s+Enforce\b.*True\s+True\s+3\/3/u)
    const story = await must(cluster, ['describe', 'mconn', 'triton', '-n', team])
    expect(story).toMatch(
      /Warning\s+NotSupported\s.*portcullis\.dev\/operator\s+spec\.protocol: protocol Gemini is not supported/u,
    )
  })

  test('kubectl wait works for Programmed', async () => {
    await expect(
      must(cluster, ['wait', '--for=condition=Programmed', '--timeout=5s', '-n', team, 'infpol/allow']),
    ).resolves.toContain('condition met')
  })
})

const settings = async (text: string): Promise<void> =>
  apply(
    cluster,
    toYaml(
      'v1',
      'ConfigMap',
      { namespace: platform, name: 'portcullis-settings' },
      { data: { 'settings.yaml': text } },
    ),
  )

describe('platform settings', () => {
  test('grant a route, keep it when they break, and tell what is wrong where they stand', async () => {
    await apply(cluster, toConnectionYaml(team, 'routed', { route: { prefix: '/v1/' } }))
    await awaitCondition('mconn', 'routed', 'Accepted False RouteNotGranted')
    await settings('grants: [{namespace: team-a, prefixes: [/v1/]}]')
    const object = await awaitCondition('mconn', 'routed', 'Accepted True')
    expect(object.status?.routes).toEqual(['/v1/'])
    await settings('grants: [{namespace: team-a, prefix: /v1/}]')
    await eventually(
      async () =>
        (await must(cluster, ['describe', 'configmap', 'portcullis-settings', '-n', platform])).includes(
          'InvalidSettings',
        ),
      {
        message: 'an Event at the ConfigMap',
      },
    )
    await awaitCondition('mconn', 'routed', 'Accepted True')
  })

  test('of two connections with one route the older keeps it', async () => {
    await apply(cluster, toConnectionYaml(team, 'routed-late', { route: { prefix: '/v1/' } }))
    expect(messageOf(await awaitCondition('mconn', 'routed-late', 'Accepted False RouteConflict'), 'Accepted')).toMatch(
      /team-a\/routed is older/u,
    )
  })
})
