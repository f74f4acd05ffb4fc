// What development puts over the objects of a folder, through every way of reading them.
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { systemClock } from '../../kube/clock.ts'
import type { ConfigMap, KubeObject, Resource, Secret } from '../../kube/resource.ts'
import { configMaps, secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { Draft } from '../../kube/store-memory.ts'
import { modelConnections } from '../../operator/objects.ts'
import { parseSettings } from '../../policy/parse-settings.ts'
import { settingsName, toFirstSettings, withDevelopment } from './development.ts'

const issuer = { name: 'development', issuer: 'http://127.0.0.1:1', audiences: ['portcullis'] }
const development = { namespace: 'portcullis', issuer, mockOrigin: 'http://127.0.0.1:2' }

/** The one object of a store, read in three ways that must agree. */
async function readBack<T extends KubeObject>(resource: Resource<T>, object: Draft): Promise<T> {
  const memory = new MemoryStore({ clock: systemClock })
  memory.put(resource, object)
  const store = withDevelopment(memory, development)
  const got = await store.get(resource, object.metadata)
  const { items } = await store.list(resource)
  const stop = new AbortController()
  const watched: T[] = []
  for await (const event of store.watch(resource, { timeoutSeconds: 60, signal: stop.signal })) {
    if (event.type === 'Set') watched.push(event.object)
    stop.abort()
  }
  expect(items).toEqual([got])
  expect(watched).toEqual([got])
  return got!
}

const settings = (text: string): Draft & { data: object } => ({
  metadata: { namespace: 'portcullis', name: settingsName },
  data: { 'settings.yaml': text },
})

describe('withDevelopment', () => {
  it('answers a Service with the mock model and leaves addresses alone', async () => {
    const endpoints = [
      { name: 'in', weight: 3, service: { name: 'llm', port: 8000, path: '/v1' }, tls: { serverName: 'llm' } },
      { name: 'bare', service: { name: 'llm', port: 8000 } },
      { name: 'out', url: 'https://models.example.com/v1', tls: { serverName: 'models' } },
    ]
    const metadata = { namespace: 'team', name: 'chat' }
    const object = { metadata, spec: { mode: 'Active', protocol: 'OpenAI', endpoints } }
    const { spec } = await readBack(modelConnections, object)
    expect(spec.protocol).toBe('OpenAI')
    expect(spec.endpoints).toEqual([
      { name: 'in', weight: 3, url: 'http://127.0.0.1:2/v1' },
      { name: 'bare', url: 'http://127.0.0.1:2' },
      endpoints[2],
    ])
  })

  it('adds the development issuer to the settings and keeps what they say', async () => {
    const text = 'issuers: [{name: okta, issuer: "https://okta.example.com", audiences: [a]}]\ngrants: []\n'
    const { data } = await readBack<ConfigMap>(configMaps, settings(text))
    const parsed = parseSettings(parse(data!['settings.yaml']!))
    expect(parsed).toMatchObject({ settings: { issuers: [{ name: 'okta' }, issuer] } })
  })

  it('makes settings that are valid where the folder has none', async () => {
    const { data } = await readBack<ConfigMap>(configMaps, toFirstSettings(development))
    expect(parseSettings(parse(data!['settings.yaml']!))).toEqual({ settings: { issuers: [issuer], grants: [] } })
  })

  it.each([['issuers: ['], ['just text'], ['- a list']])(
    'leaves settings that are no object alone: %s',
    async (text) => {
      const { data } = await readBack<ConfigMap>(configMaps, settings(text))
      expect(data).toEqual({ 'settings.yaml': text })
    },
  )

  it('leaves other ConfigMaps alone', async () => {
    const object = { ...settings('issuers: []'), metadata: { namespace: 'team', name: settingsName } }
    expect((await readBack<ConfigMap>(configMaps, object)).data).toEqual(object.data)
  })

  it('encodes the plain text of Secrets, which wins over data as in a cluster', async () => {
    const object = {
      metadata: { namespace: 'team', name: 'key' },
      data: { a: 'b2xk', b: 'a2VwdA==' },
      stringData: { a: 'new' },
    }
    const { data } = await readBack<Secret>(secrets, object)
    expect(data).toEqual({ a: Buffer.from('new').toString('base64'), b: 'a2VwdA==' })
  })
})
