// Reading what connections name: at once when new, again and again afterwards, and without jumping to conclusions.
import { beforeEach, describe, expect, it } from 'vitest'
import { KubeError } from '../../kube/errors.ts'
import type { KubeErrorCode } from '../../kube/errors.ts'
import { configMaps, secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import { services } from '../objects.ts'
import type { Reference } from '../references.ts'
import { ReferenceReader } from './reference-reader.ts'

const key: Reference = {
  purpose: 'Credential',
  kind: 'Secret',
  namespace: 'team-a',
  name: 'openai',
  key: 'apiKey',
  path: 'spec.credential.secretRef',
}
const service: Reference = {
  purpose: 'Service',
  kind: 'Service',
  namespace: 'team-a',
  name: 'llama',
  path: 'spec.endpoints[0].service',
}

const dictionary: Reference = {
  purpose: 'Dictionary',
  kind: 'ConfigMap',
  namespace: 'team-a',
  name: 'projects',
  key: 'terms',
  path: 'spec.dataClasses[0].dictionaries[0].configMapRef',
}

let clock: ManualClock
let memory: MemoryStore
let failure: KubeErrorCode | undefined
let reads: number
let changes: number
let reader: ReferenceReader
let stop: AbortController

beforeEach(() => {
  clock = new ManualClock()
  memory = new MemoryStore({ clock })
  failure = undefined
  reads = 0
  changes = 0
  stop = new AbortController()
  const get: ResourceStore['get'] = async (resource, ref) => {
    reads += 1
    if (failure !== undefined) throw new KubeError(failure, { verb: 'get', resource: 'secrets' })
    return memory.get(resource, ref)
  }
  reader = new ReferenceReader({
    store: { get },
    clock,
    random: () => 0.5,
    intervalMs: 15_000,
    onChange: () => (changes += 1),
  })
})

function putSecret(value: string): void {
  const data = { apiKey: Buffer.from(value).toString('base64') }
  memory.put(secrets, { metadata: { namespace: 'team-a', name: 'openai' }, data } as never)
}

function putTerms(terms: string): void {
  memory.put(configMaps, { metadata: { namespace: 'team-a', name: 'projects' }, data: { terms } } as never)
}

async function follow(...references: readonly Reference[]): Promise<void> {
  const following = reader.follow(references, 2_000, stop.signal)
  await clock.advance(0)
  await following
}

describe('ReferenceReader', () => {
  it('reads a new reference before it answers, without calling it a change', async () => {
    putSecret('sk-1')
    await follow(key)
    expect(reader.stateOf(key)).toEqual({ state: 'Found' })
    expect(reader.valueOf(key)).toBe('sk-1')
    expect(changes).toBe(0)
  })

  it('knows nothing of what nobody asked for', () => {
    expect(reader.stateOf(key)).toEqual({ state: 'Pending' })
  })

  it.each<[string, () => void, object]>([
    ['a Secret that is not there', () => {}, { state: 'NotFound' }],
    [
      'a Secret without the key',
      () => memory.put(secrets, { metadata: { namespace: 'team-a', name: 'openai' } }),
      { state: 'KeyNotFound' },
    ],
    [
      'a value that no header may carry',
      () => putSecret('a\nb'),
      { state: 'Invalid', message: expect.stringContaining('no header') },
    ],
  ])('tells %s', async (_, given, state) => {
    given()
    await follow(key)
    expect(reader.stateOf(key)).toEqual(state)
  })

  it('notices a rotation, and only then says that something changed', async () => {
    putSecret('sk-1')
    await follow(key)
    const running = reader.run(stop.signal)
    await clock.advance(20_000)
    expect(changes).toBe(0)
    putSecret('sk-2')
    await clock.advance(20_000)
    expect([changes, reader.valueOf(key)]).toEqual([1, 'sk-2'])
    stop.abort()
    await running
  })

  it('keeps what it knew while the API server does not answer', async () => {
    putSecret('sk-1')
    await follow(key)
    const running = reader.run(stop.signal)
    failure = 'Network'
    await clock.advance(120_000)
    expect(reader.stateOf(key)).toEqual({ state: 'Found' })
    expect(changes).toBe(0)
    stop.abort()
    await running
  })

  it('believes a refusal when it is repeated, because an API server that just started refuses everybody', async () => {
    putSecret('sk-1')
    await follow(key)
    const running = reader.run(stop.signal)
    failure = 'Forbidden'
    await clock.advance(15_999)
    expect(reader.stateOf(key)).toEqual({ state: 'Found' })
    await clock.advance(1_001)
    expect(reader.stateOf(key)).toEqual({ state: 'NotPermitted' })
    expect(reader.valueOf(key)).toBeUndefined()
    stop.abort()
    await running
  })

  it('refuses a Service that leads out of the cluster', async () => {
    memory.put(services, { metadata: { namespace: 'team-a', name: 'llama' }, spec: { type: 'ExternalName' } } as never)
    await follow(service)
    expect(reader.stateOf(service)).toMatchObject({
      state: 'Invalid',
      message: expect.stringContaining('ExternalName'),
    })
  })

  it('notices new terms of a dictionary, not a new comment', async () => {
    putTerms('Blue Heron\n')
    await follow(dictionary)
    const running = reader.run(stop.signal)
    putTerms('# birds\nBlue Heron')
    await clock.advance(20_000)
    expect(changes).toBe(0)
    putTerms('Blue Heron\nRed Kite')
    await clock.advance(20_000)
    expect([changes, reader.stateOf(dictionary)]).toEqual([1, { state: 'Found', terms: ['Blue Heron', 'Red Kite'] }])
    stop.abort()
    await running
  })

  it('comes to each in turn when there are more than it reads in a round', async () => {
    const many = Array.from({ length: 600 }, (_, i): Reference => ({ ...dictionary, name: `words-${i}` }))
    putSecret('sk-1')
    await follow(...many, key)
    const running = reader.run(stop.signal)
    putSecret('sk-2')
    // 601 at twenty in a second.
    for (let second = 0; second < 45; second += 1) await clock.advance(1_000)
    expect(reader.valueOf(key)).toBe('sk-2')
    stop.abort()
    await running
  })

  it('reads one object once, however many connections name it, and forgets what is named no more', async () => {
    putSecret('sk-1')
    await follow(key, { ...key, path: 'spec.elsewhere' })
    expect(reads).toBe(1)
    await follow()
    expect(reader.stateOf(key)).toEqual({ state: 'Pending' })
  })
})
