// Model servers as they come from PyPI behind the gateway: what they answer passes unchanged, their own errors included, and rules on
// text and tensors hold. Needs Python 3.11 or 3.12; where there is none, every test here is named as not run.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import type { PythonServer, PythonServerName } from '../helpers/python.ts'
import { findPython, makePython, startPythonServer } from '../helpers/python.ts'

const run = promisify(execFile)
const python = await findPython()
const firstInstallMs = 600_000

type Rule = NonNullable<InferencePolicySpec['rules']>[number]

interface Behind {
  readonly server: PythonServer
  readonly gw: TestGateway
}

interface Road {
  readonly name: string
  readonly spec: Partial<ModelConnectionSpec>
  /** Besides the one on text. */
  readonly rows?: Rule
  readonly answers?: readonly Rule[]
}

/** One server for all tests of a block, and one connection to it for each road. */
function standBehind(name: PythonServerName, roads: readonly Road[]): () => Behind {
  let behind: Behind | undefined
  beforeAll(async () => {
    const server = await startPythonServer(name)
    const connections = roads.map((road) => toConnection(server, road))
    const gw = await startGateway({ connections, policies: roads.map(toPolicy) })
    behind = { server, gw }
  }, firstInstallMs)
  afterAll(async () => {
    await behind?.gw[Symbol.asyncDispose]()
    await behind?.server[Symbol.asyncDispose]()
  })
  return () => {
    if (behind === undefined) throw new Error(`${name} did not start`)
    return behind
  }
}

function toConnection({ origin }: PythonServer, { name, spec }: Road): BundleConnection {
  const endpoints = [{ name: 'main', origin, basePath: '', weight: 1, place: 'External' as const }]
  return makeConnection(spec, { name, endpoints })
}

function toPolicy({ name, rows, answers = [] }: Road): BundlePolicy {
  const text = { ...denyWhen('request.prompt.contains("forbidden")', 'not this text'), name: 'text' }
  const rules = [allowAll, text, ...(rows === undefined ? [] : [{ ...rows, name: 'rows' }]), ...answers]
  return makePolicy({ rules, targetRefs: [{ name }] }, { name })
}

const onAnswer = (when: string, message: string): Rule => ({ ...denyWhen(when, message), phase: 'Response' })

const models = [{ name: 'public', upstreamName: 'echo' }, { name: 'missing' }]

const toTensorRoad = (name: string): Road => ({
  name,
  spec: { protocol: 'OpenInference', models },
  rows: denyWhen('request.operation == "infer" && request.inputs[0].shape[0] > 3', 'too many rows'),
  answers: [
    { ...onAnswer('response.text.contains("confidential")', 'not this answer'), name: 'answer' },
    { ...onAnswer('response.outputs.exists(output, output.shape.size() > 2)', 'not this shape'), name: 'shape' },
  ],
})

const instanceRoad: Road = {
  name: 'v1',
  spec: { protocol: 'KServeV1', models },
  rows: denyWhen('request.instances.size() > 3', 'too many rows'),
}

interface Call {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

interface Answered {
  readonly status: number
  readonly headLength: string | null
  readonly body: Buffer
}

async function ask(url: string, { method = 'POST', headers = {}, body }: Call, token?: string): Promise<Answered> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(url, {
    method,
    headers: { ...type, ...headers, ...authorization },
    ...(body === undefined ? {} : { body }),
  })
  return {
    status: answer.status,
    headLength: answer.headers.get('inference-header-content-length'),
    body: Buffer.from(await answer.arrayBuffer()),
  }
}

async function askGateway({ gw }: Behind, connection: string, call: Call): Promise<Answered> {
  return ask(`${gw.origin}/team-a/${connection}${call.path}`, call, gw.token)
}

/** The same call past the gateway, by the name that the server knows. */
async function askServer({ server }: Behind, call: Call): Promise<Answered> {
  return ask(`${server.origin}${call.path.replace('/public', '/echo')}`, call)
}

async function expectSame(behind: Behind, connection: string, call: Call): Promise<Answered> {
  const through = await askGateway(behind, connection, call)
  expect(through).toEqual(await askServer(behind, call))
  return through
}

async function expectRefusal(behind: Behind, connection: string, call: Call): Promise<unknown> {
  const { status, body } = await askGateway(behind, connection, call)
  return { status, ...JSON.parse(body.toString()) }
}

const text = (...data: string[]): object => ({ name: 'text', shape: [data.length], datatype: 'BYTES', data })
const infer = (...inputs: object[]): Call => ({
  path: '/v2/models/public/infer',
  body: JSON.stringify({ id: 'one', inputs }),
})

function itSpeaksOpenInference(behind: () => Behind, connection: string): void {
  it('answers as it does without a gateway', async () => {
    const large = { name: 'ids', shape: [1, 2], datatype: 'INT64', data: [9007199254740000, 7] }
    const floats = {
      name: 'x',
      shape: [2, 2],
      datatype: 'FP32',
      data: [
        [0.5, 1],
        [2, 4],
      ],
    }
    const { status, body } = await expectSame(behind(), connection, infer(text('hello', 'für'), large, floats))
    expect(status).toBe(200)
    expect(body.toString()).toContain('"für"')
  })

  it.each([
    ['the server', { method: 'GET', path: '/v2' }],
    ['its health', { method: 'GET', path: '/v2/health/live' }],
    ['its readiness', { method: 'GET', path: '/v2/health/ready' }],
    ['a model', { method: 'GET', path: '/v2/models/public' }],
    ['a model’s readiness', { method: 'GET', path: '/v2/models/public/ready' }],
  ])('tells about %s', async (_title, call) => {
    expect((await expectSame(behind(), connection, call)).status).toBe(200)
  })

  it('says itself that it does not know a model', async () => {
    const call = { ...infer(text('hi')), path: '/v2/models/missing/infer' }
    const { status, body } = await expectSame(behind(), connection, call)
    expect(status).toBe(404)
    expect(body.toString()).toContain('missing')
  })

  it('does not see a text that a rule denies', async () => {
    expect(await expectRefusal(behind(), connection, infer(text('hi', 'a forbidden word')))).toEqual({
      status: 403,
      error: 'not this text',
      code: 'policy_denied',
      policy: `team-a/${connection}`,
      rule: 'text',
    })
  })

  it('does not see a tensor whose shape a rule denies', async () => {
    const rows = infer(text('a', 'b', 'c', 'd'))
    expect(await expectRefusal(behind(), connection, rows)).toMatchObject({ status: 403, rule: 'rows' })
    expect((await expectSame(behind(), connection, infer(text('a', 'b', 'c')))).status).toBe(200)
  })

  it('is not heard where a rule denies what it says', async () => {
    const said = await expectRefusal(behind(), connection, infer(text('a confidential word')))
    expect(said).toMatchObject({ status: 403, error: 'not this answer', code: 'response_denied', rule: 'answer' })
    const shaped = await expectRefusal(behind(), connection, infer({ ...text('a', 'b'), shape: [1, 1, 2] }))
    expect(shaped).toMatchObject({ status: 403, code: 'response_denied', rule: 'shape' })
  })

  it('is not asked for what is not in the protocol', async () => {
    const load = { path: '/v2/repository/models/public/unload', body: '{}' }
    expect(await expectRefusal(behind(), connection, load)).toMatchObject({
      status: 404,
      code: 'operation_not_supported',
    })
    expect(await expectRefusal(behind(), connection, infer({ ...text('a'), shape: [2] }))).toMatchObject({
      status: 400,
      code: 'body_malformed',
    })
  })
}

describe.runIf(python !== undefined)('MLServer', () => {
  itSpeaksOpenInference(standBehind('mlserver', [toTensorRoad('ml')]), 'ml')
})

/** As KServe's and Triton's clients write it: the JSON head, then the tensors' bytes. */
function toBinary(words: readonly string[]): Call {
  const tail = Buffer.concat(
    words.flatMap((word) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(Buffer.byteLength(word))
      return [length, Buffer.from(word)]
    }),
  )
  const tensor = {
    name: 'text',
    shape: [words.length],
    datatype: 'BYTES',
    parameters: { binary_data_size: tail.length },
  }
  const parameters = { binary_data_output: true }
  const head = Buffer.from(JSON.stringify({ id: 'one', inputs: [tensor], parameters }))
  return {
    path: '/v2/models/public/infer',
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
    body: new Uint8Array(Buffer.concat([head, tail])),
  }
}

const predict = (...instances: unknown[]): Call => ({
  path: '/v1/models/public:predict',
  body: JSON.stringify({ instances }),
})

describe.runIf(python !== undefined)('KServe', () => {
  const behind = standBehind('kserve', [toTensorRoad('v2'), instanceRoad])

  describe('version 2', () => {
    itSpeaksOpenInference(behind, 'v2')

    it('takes and gives binary tensors', async () => {
      const { status, body, headLength } = await expectSame(behind(), 'v2', toBinary(['hello', 'für', '']))
      expect([status, Number(headLength)]).toEqual([200, expect.any(Number)])
      expect(body.subarray(Number(headLength)).toString('latin1')).toContain('\x05\0\0\0hello\x04\0\0\0')
    })

    it('does not see a binary tensor that a rule denies', async () => {
      const refused = await expectRefusal(behind(), 'v2', toBinary(['hi', 'a forbidden word']))
      expect(refused).toMatchObject({ status: 403, rule: 'text' })
      const rows = await expectRefusal(behind(), 'v2', toBinary(['a', 'b', 'c', 'd']))
      expect(rows).toMatchObject({ status: 403, rule: 'rows' })
    })
  })

  describe('version 1', () => {
    it('answers as it does without a gateway', async () => {
      const { status, body } = await expectSame(behind(), 'v1', predict({ text: 'hello' }, [0.5, 1]))
      expect([status, JSON.parse(body.toString())]).toEqual([200, { predictions: [{ text: 'hello' }, [0.5, 1]] }])
    })

    it('tells about a model; callers see the models that are offered', async () => {
      await expectSame(behind(), 'v1', { method: 'GET', path: '/v1/models/public' })
      const { body } = await askGateway(behind(), 'v1', { method: 'GET', path: '/v1/models' })
      expect(JSON.parse(body.toString())).toEqual({ models: ['public', 'missing'] })
    })

    it('says itself that it does not know a model', async () => {
      const { status } = await expectSame(behind(), 'v1', { ...predict('hi'), path: '/v1/models/missing:predict' })
      expect(status).toBe(404)
    })

    it.each([
      ['a text', predict({ deep: [{ text: 'a forbidden word' }] }), 'text'],
      ['a text in base64', predict({ b64: Buffer.from('a forbidden word').toString('base64') }), 'text'],
      ['a number of rows', predict(1, 2, 3, 4), 'rows'],
    ])('does not see %s that a rule denies', async (_title, call, rule) => {
      expect(await expectRefusal(behind(), 'v1', call)).toMatchObject({ status: 403, code: 'policy_denied', rule })
    })

    it('does not see what an event hides', async () => {
      const event = { specversion: '1.0', id: 'a', source: 's', type: 't', time: '2026-11-20T00:00:00Z' }
      const body = JSON.stringify({ ...event, instances: ['harmless'], data: { instances: ['forbidden'] } })
      const call = { path: '/v1/models/public:predict', body }
      // Without a gateway the model gets what is in `data`, whatever the content type says.
      expect((await askServer(behind(), call)).body.toString()).toContain('forbidden')
      expect(await expectRefusal(behind(), 'v1', call)).toMatchObject({ status: 400, code: 'body_malformed' })
    })
  })

  it('is reached by Triton’s own Python client, which reads refusals as its errors', async () => {
    const { gw } = behind()
    const client = path.join(import.meta.dirname, '..', 'python', 'mlserver', 'triton_client.py')
    const { stdout } = await run(await makePython('mlserver'), [client, `${gw.origin}/team-a/v2`, gw.token])
    expect(stdout.split('\n')).toEqual([
      'ready True',
      "text [b'hello' b'f\\xc3\\xbcr']",
      'floats [[0.5 1. ]]',
      'refused not this text',
      '',
    ])
  })
})

const summarize = (asked: object): Call => ({ path: '/summarize', body: JSON.stringify(asked) })

describe.runIf(python !== undefined)('An API of one’s own in Flask, declared field by field', () => {
  const fields = [
    { name: 'text', phase: 'Request' as const, pointer: '/text', kind: 'Text' as const },
    { name: 'summary', phase: 'Response' as const, pointer: '/summary', kind: 'Text' as const },
  ]
  const behind = standBehind('flask', [
    {
      name: 'own',
      spec: { protocol: 'HTTP', content: { mode: 'Declared', fields } },
      rows: denyWhen('"text" in request.fields && request.fields["text"].exists(t, t.size() > 40)', 'too long'),
    },
  ])

  it('answers as it does without a gateway', async () => {
    const { status, body } = await expectSame(behind(), 'own', summarize({ text: 'two words' }))
    expect([status, JSON.parse(body.toString())]).toEqual([200, { summary: 'TWO WORDS', words: 2 }])
    expect((await expectSame(behind(), 'own', { method: 'GET', path: '/ready' })).status).toBe(200)
  })

  it('fails in its own words', async () => {
    const { status, body } = await expectSame(behind(), 'own', summarize({}))
    expect([status, JSON.parse(body.toString())]).toEqual([422, { error: 'text is missing' }])
  })

  it.each([
    ['a text that a rule denies', { text: 'a forbidden word' }, 403, 'policy_denied'],
    ['a field that a rule denies', { text: 'x'.repeat(41) }, 403, 'policy_denied'],
    ['what nobody declared', { text: 'hi', note: 'a hidden word' }, 400, 'body_malformed'],
  ])('does not see %s', async (_title, asked, status, code) => {
    const refusal = await expectRefusal(behind(), 'own', summarize(asked))
    expect(refusal).toMatchObject({ status, error: { code } })
  })
})
