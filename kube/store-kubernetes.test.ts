import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostileApiServer } from '../test/helpers/hostile-api-server.ts'
import { describeStore, widgets } from '../test/helpers/store-contract.ts'
import type { KubeClient } from './client.ts'
import { connectKube } from './client.ts'
import { configMaps, namespaces } from './resource.ts'
import { makeKubernetesStore } from './store-kubernetes.ts'
import type { ResourceStore } from './store.ts'

const resources = [widgets, configMaps, namespaces]

async function connect(): Promise<{ server: HostileApiServer; client: KubeClient; store: ResourceStore }> {
  const server = new HostileApiServer({ resources })
  const client = connectKube({
    kubeconfig: HostileApiServer.toKubeconfig(await server.listen()),
    random: () => 0,
    retry: { minMs: 1, maxMs: 5 },
  })
  return { server, client, store: makeKubernetesStore(client.transport) }
}

let shared: Awaited<ReturnType<typeof connect>>
describeStore(
  'over HTTP',
  async () => {
    shared = await connect()
    return { store: shared.store, namespace: 'home' }
  },
  async () => {
    await shared.client.close()
    await shared.server[Symbol.asyncDispose]()
  },
)

describe('what it sends', () => {
  let { server, client, store }: Partial<Awaited<ReturnType<typeof connect>>> = {}
  beforeEach(async () => {
    ;({ server, client, store } = await connect())
  })
  afterEach(async () => {
    await client?.close()
    await server?.[Symbol.asyncDispose]()
  })
  const last = (): unknown => server?.requests.at(-1)

  it('creates strictly, so that a mistyped field is refused and not dropped', async () => {
    await store?.create(widgets, { metadata: { namespace: 'home', name: 'a' }, spec: { color: 'red' } })
    expect(last()).toMatchObject({
      verb: 'create',
      resource: 'widgets.example.test',
      query: { fieldValidation: 'Strict' },
    })
  })

  it('leaves the namespace out of the path of a kind that has none', async () => {
    await store?.get(namespaces, { name: 'home' })
    expect(last()).toMatchObject({ verb: 'get', resource: 'namespaces', name: 'home' })
    expect(last()).not.toHaveProperty('namespace')
  })

  it('cannot be led elsewhere by a name', async () => {
    await store?.get(configMaps, { namespace: 'home', name: '../../secrets/x' })
    expect(last()).toMatchObject({ resource: 'configmaps', name: '../../secrets/x' })
  })

  it('repeats an apply whose answer was lost, but not a conditional one', async () => {
    const metadata = { namespace: 'home', name: 'a' }
    server?.next('patch', { kind: 'reset', after: true })
    const applied = await store?.apply(widgets, { metadata, spec: { color: 'red' } }, { fieldManager: 'x' })
    expect(applied?.spec).toEqual({ color: 'red' })
    server?.next('patch', { kind: 'reset', after: true })
    const conditional = {
      metadata: { ...metadata, resourceVersion: applied?.metadata.resourceVersion ?? '' },
      spec: { color: 'blue' },
    }
    await expect(store?.apply(widgets, conditional, { fieldManager: 'x' })).rejects.toMatchObject({ code: 'Network' })
  })
})
