// Ways around what was decided rather than around what was read: another model than the one that was judged, more calls at once than
// a limit allows, and policies that should only watch.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { events, chunk, chatDone, whole, completion, askStream } from './answer-shapes.ts'
import type { ProtocolName } from './class-list.ts'
import { attack } from './classes.ts'
import { expectHeld, expectPassed } from './held.ts'
import { ask, shapes } from './shapes.ts'
import { infer, tensor } from './tensor-shapes.ts'
import type { Attempt, World, WorldConnection } from './world.ts'
import { forbidden, startWorld } from './world.ts'

const parallel = 100
const max = 7

let world: World

const models = [
  { name: 'open', upstreamName: 'secret-1' },
  { name: 'closed', upstreamName: 'secret-2' },
]
const noModel = ['request.model == "closed" || request.model.startsWith("secret")']
const offered = (protocol: ProtocolName): WorldConnection => ({
  spec: { protocol, models, ...shapes[protocol].spec },
  deny: noModel,
})
const limited = (limit: object): WorldConnection => ({
  policy: {
    rules: [{ name: 'allow', phase: 'Request', action: 'Allow' }],
    limits: [{ name: 'few', key: 'identity.username', ...limit }],
  },
})
const watching: WorldConnection = {
  isWatched: true,
  policy: {
    mode: 'Audit',
    rules: [
      {
        name: 'asked',
        phase: 'Request',
        action: 'Deny',
        when: `request.prompt.contains("${forbidden}")`,
        message: 'no',
      },
      {
        name: 'said',
        phase: 'Response',
        action: 'Deny',
        when: `response.text.contains("${forbidden}")`,
        message: 'no',
        onStream: 'Cut',
      },
      { name: 'broken', phase: 'Request', action: 'Deny', when: 'request.parameters.none == 1', message: 'no' },
    ],
    limits: [{ name: 'none', key: 'identity.username', requests: 1, window: '1h' }],
  },
}

beforeAll(async () => {
  world = await startWorld({
    openai: offered('OpenAI'),
    anthropic: offered('Anthropic'),
    openinference: offered('OpenInference'),
    triton: offered('Triton'),
    kservev1: offered('KServeV1'),
    torchserve: offered('TorchServe'),
    requests: limited({ requests: max, window: '1h' }),
    concurrent: limited({ concurrent: max }),
    tokens: limited({ tokens: 700, window: '1h' }),
    watched: watching,
  })
})

afterAll(async () => world[Symbol.asyncDispose]())

const inBody = ['OpenAI', 'Anthropic'] as const

for (const protocol of inBody) {
  const named = (model: string, text?: string): Attempt => {
    const { path, body } = shapes[protocol]
    const plain = JSON.stringify({ ...body('hi'), model })
    return { path, body: text === undefined ? plain : plain.replace(`"model":"${model}"`, text) }
  }
  const name = protocol.toLowerCase()

  attack('model renamed after the check', protocol, () => {
    it('the model that was judged is the one that is asked', async () => {
      const passed = await world.send(name, named('open'))
      expectPassed(passed)
      expect(JSON.parse(passed.reached[0]?.body.toString() ?? '')).toMatchObject({ model: 'secret-1' })
      expectHeld(await world.send(name, named('closed')))
    })

    it.each([
      ["the model server's own name", named('secret-2')],
      ['another one', named('other')],
      ['one with a blank', named('open ')],
      ['one in capitals', named('OPEN')],
      ['none', named('')],
      ['one of the prototype', named('__proto__')],
      ['a list', named('x', '"model":["open","secret-2"]')],
      ['two', named('x', '"model":"open","model":"closed"')],
      ['two, one with an escape', named('x', '"model":"open","mod\\u0065l":"closed"')],
      ['two, one in capitals', named('x', '"model":"open","Model":"closed"')],
    ])('%s', async (_title, odd) => {
      expectHeld(await world.send(name, odd), ['model_not_found', 'body_malformed'])
    })

    it('an escaped key and an escaped name are the model that they spell', async () => {
      const passed = await world.send(name, named('x', '"m\\u006fdel":"\\u006fpen"'))
      expectPassed(passed)
      expect(JSON.parse(passed.reached[0]?.body.toString() ?? '')).toMatchObject({ model: 'secret-1' })
      expectHeld(await world.send(name, named('x', '"m\\u006fdel":"\\u0063losed"')))
    })

    it('a model within a message is none', async () => {
      const text = '"metadata":{"model":"closed"},"model":"open"'
      const passed = await world.send(name, named('x', text))
      expect(JSON.parse(passed.reached[0]?.body.toString() ?? '')).toMatchObject({
        model: 'secret-1',
        metadata: { model: 'closed' },
      })
    })
  })
}

attack('model renamed after the check', 'OpenAI', () => {
  it.each([
    ['a deployment that the body contradicts', '/openai/deployments/open/chat/completions', 'closed'],
    ['a deployment that is refused', '/openai/deployments/closed/chat/completions', 'closed'],
    ['a deployment by its other name', '/openai/deployments/secret-2/chat/completions', 'secret-2'],
    ['a deployment with a slash', '/openai/deployments/open%2f..%2fclosed/chat/completions', 'open'],
    ['a deployment that climbs', '/openai/deployments/../deployments/closed/chat/completions', 'open'],
  ])('%s', async (_title, path, model) => {
    const body = JSON.stringify({ ...shapes.OpenAI.body('hi'), model })
    const codes = [
      'policy_denied',
      'body_malformed',
      'model_not_found',
      'bad_request',
      'route_not_found',
      'operation_not_supported',
    ]
    expectHeld(await world.send('openai', { path, body }), codes)
  })
})

const inPath = {
  OpenInference: (model: string) => ({ ...infer([tensor({})]), path: `/v2/models/${model}/infer` }),
  Triton: (model: string) => ({ ...ask('Triton', 'hi'), path: `/v2/models/${model}/generate` }),
  KServeV1: (model: string) => ({ ...ask('KServeV1', 'hi'), path: `/v1/models/${model}:predict` }),
  TorchServe: (model: string) => ({ ...ask('TorchServe', 'hi'), path: `/predictions/${model}` }),
} as const

for (const protocol of ['OpenInference', 'Triton', 'KServeV1', 'TorchServe'] as const) {
  const name = protocol.toLowerCase()
  attack('model renamed after the check', protocol, () => {
    it('the model that was judged is the one that is asked', async () => {
      const passed = await world.send(name, inPath[protocol]('open'))
      expectPassed(passed)
      expect(passed.reached[0]?.url).toContain('/secret-1')
      expectHeld(await world.send(name, inPath[protocol]('closed')))
    })

    it.each([
      'secret-2',
      'OPEN',
      'open%2f..%2fclosed',
      '..',
      'open;v=2',
      '%6fpen',
      'open%00',
      '-open',
      '.open',
      '__proto__',
      'constructor',
    ])('%s', async (model) => {
      const codes = ['model_not_found', 'bad_request', 'operation_not_supported', 'route_not_found']
      expectHeld(await world.send(name, inPath[protocol](model)), codes)
    })
  })
}

const burst = async (connection: string): Promise<readonly number[]> => {
  const calls = Array.from({ length: parallel }, async () => world.send(connection, ask('OpenAI', 'hi')))
  return (await Promise.all(calls)).map(({ status }) => status)
}
const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length

attack('limits under a burst', 'every protocol', () => {
  it('a hundred at one below the maximum: one passes', async () => {
    for (let i = 1; i < max; i += 1) expect((await world.send('requests', ask('OpenAI', 'hi'))).status).toBe(200)
    const statuses = await burst('requests')
    expect({ passed: count(statuses, 200), refused: count(statuses, 429) }).toEqual({
      passed: 1,
      refused: parallel - 1,
    })
  })

  it('a hundred at once: never more in flight than may be', async () => {
    let most = 0
    let now = 0
    world.onCall = async () => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setImmediate(resolve))
      now -= 1
    }
    const statuses = await burst('concurrent')
    world.onCall = undefined
    expect(most).toBeLessThanOrEqual(max)
    expect(most).toBeGreaterThan(1)
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(max)
    expect(count(statuses, 200) + count(statuses, 429)).toBe(parallel)
  })

  it('a hundred that each may say much: tokens are reserved before they are spent', async () => {
    const { path, body } = shapes.OpenAI
    const greedy = { path, body: JSON.stringify({ ...body('hi'), max_tokens: 300 }) }
    const statuses = (
      await Promise.all(Array.from({ length: parallel }, async () => world.send('tokens', greedy)))
    ).map(({ status }) => status)
    expect(count(statuses, 200)).toBeLessThanOrEqual(2)
    expect(count(statuses, 200) + count(statuses, 429)).toBe(parallel)
  })
})

attack('mode Audit', 'every protocol', () => {
  it('what it would refuse passes, byte for byte', async () => {
    for (const said of [whole(completion([{ content: forbidden }])), events(chunk({ content: forbidden }), chatDone)]) {
      world.answer = said
      const stream = said.type === 'text/event-stream'
      const { path, body } = shapes.OpenAI
      const attempt = stream ? askStream('OpenAI') : { path, body: JSON.stringify(body(forbidden)) }
      const passed = await world.send('watched', attempt)
      expect(passed.status).toBe(200)
      expect(passed.body.toString()).toBe(said.pieces.join(''))
      expect(passed.reached[0]?.body.toString()).toBe(attempt.body)
    }
    world.answer = undefined
  })

  it('its limit refuses nobody, and is told of', async () => {
    for (let i = 0; i < 3; i += 1) expectPassed(await world.send('watched', ask('OpenAI', 'hi')))
    const records = await world.gateway.records()
    expect(JSON.stringify(records.map(({ shadow }) => shadow))).toContain('EvaluationFailed')
  })

  it('an answer that it cannot read passes', async () => {
    world.answer = { type: 'text/event-stream', pieces: ['data: {"a":1,"a":2}\n\n'] }
    const { status, body } = await world.send('watched', ask('OpenAI', 'hi'))
    world.answer = undefined
    expect({ status, body: body.toString() }).toEqual({ status: 200, body: 'data: {"a":1,"a":2}\n\n' })
  })
})
