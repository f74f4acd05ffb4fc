// curl, with nothing but its address and key changed, over the protocols whose clients are HTTP libraries: KServe's first protocol,
// TensorFlow Serving, TorchServe, Triton, OpenInference, declared HTTP, and Anthropic.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goOn, readAsked, readRecording } from '../helpers/recorded-model.ts'
import { answerOpenAI, deniedAnswer } from './openai-model.ts'
import type { Stage, StageOptions, Way } from './stage.ts'
import { answerMessage, expectSame, requestMessage, startStage } from './stage.ts'

const isMissing = spawnSync('curl', ['--version']).error !== undefined

interface Got {
  /** As `--fail-with-body` has it: 22 where the status is one of an error. */
  readonly exit: number
  readonly status: number
  readonly type: string
  readonly body: string
}

/** One call; `sent` is what `--data-binary @-`, `-T -` and `-F …=@-` read. */
async function curl(args: readonly string[], sent: string | Uint8Array): Promise<Got> {
  const own = ['-q', '-sS', '-N', '--noproxy', '*', '--max-time', '10', '--fail-with-body']
  const told = ['-w', '%{stderr}\n%{http_code} %{content_type}']
  const running = spawn('curl', [...own, ...told, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  // It may be done before it has read everything.
  running.stdin.on('error', () => {})
  running.stdin.end(sent)
  const [body, said, [exit]] = await Promise.all([text(running.stdout), text(running.stderr), once(running, 'close')])
  const [status = '', ...type] = (said.split('\n').at(-1) ?? '').split(' ')
  return { exit: Number(exit), status: Number(status), type: type.join(' '), body }
}

interface Call {
  readonly path: string
  /** Beside address and key. */
  readonly args: readonly string[]
  readonly sent: string | Uint8Array
}

interface Refused {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly rule: string
  readonly policy: string
}

interface Served {
  readonly title: string
  readonly stage: StageOptions
  /** With this word where a person would write. */
  readonly call: (word: string) => Call
  /** How the protocol tells an error. */
  readonly toError: (refused: Refused) => object
}

const json = ['-H', 'content-type: application/json', '--data-binary', '@-']

const octets = ['-H', 'content-type: application/octet-stream', '--data-binary', '@-']

const inferenceError: Served['toError'] = ({ code, message, rule, policy }) => ({ error: message, code, policy, rule })
const torchServeError: Served['toError'] = ({ status, code, ...rest }) => ({ code: status, type: code, ...rest })
const toType = (status: number): string => (status === 429 ? 'rate_limit_error' : 'permission_error')
const openAIError: Served['toError'] = ({ status, ...rest }) => ({
  error: { type: toType(status), param: null, ...rest },
})
const anthropicError: Served['toError'] = ({ status, code, message, rule, policy }) => ({
  type: 'error',
  error: { type: toType(status), message, details: { error_code: code, policy, rule } },
})

/** One call is paid for, and no second one. */
const limit = { requests: 1 }

const pixel = readAsked('http/image')
const classes = readRecording(
  'torchserve/image-put',
  'classes and their likelihood, as the image classifier writes them, without a content type',
)

const anthropicCall = (word: string, stream: boolean): Call => ({
  path: '/v1/messages',
  args: [...json, '-H', 'anthropic-version: 2023-06-01'],
  sent: JSON.stringify({ model: 'claude', max_tokens: 9, stream, messages: [{ role: 'user', content: word }] }),
})
const anthropicStream = readRecording('anthropic/stream', 'text')

const served: readonly Served[] = [
  {
    title: 'KServe’s first protocol',
    stage: {
      spec: { protocol: 'KServeV1' },
      answer: () => readRecording('kserve-v1/predict', 'predictions'),
      deniedAnswer: 'response.text.contains("positive")',
      limit,
    },
    call: (word) => ({
      path: '/v1/models/sentiment:predict',
      args: json,
      sent: JSON.stringify({ instances: [{ text: word, n: 2.5 }] }),
    }),
    toError: inferenceError,
  },
  {
    title: 'TensorFlow Serving',
    stage: {
      spec: { protocol: 'TensorFlowServing' },
      answer: () => readRecording('tensorflow-serving/predict-rows', 'predictions'),
      deniedAnswer: 'response.text.contains("cat")',
      limit,
    },
    call: (word) => ({
      path: '/v1/models/half/versions/123:predict',
      args: json,
      sent: JSON.stringify({ signature_name: 'serving_default', inputs: { text: [word], n: [1] } }),
    }),
    toError: inferenceError,
  },
  {
    title: 'TorchServe, JSON',
    stage: {
      spec: { protocol: 'TorchServe' },
      answer: () => readRecording('torchserve/json', 'text in chunks is read whole'),
      deniedAnswer: 'response.text.contains("hello world")',
      limit,
    },
    call: (word) => ({ path: '/predictions/bert', args: json, sent: JSON.stringify({ text: word }) }),
    toError: torchServeError,
  },
  {
    title: 'TorchServe, an image that is put',
    stage: {
      spec: { protocol: 'TorchServe' },
      answer: () => classes,
      deniedRequest: 'request.model == "forbidden" && request.media.exists(m, m.width == 1)',
      deniedAnswer: 'response.text.contains("tiger_cat")',
      limit,
    },
    call: (word) => ({ path: `/predictions/${word}`, args: ['-T', '-', '-H', 'content-type: image/png'], sent: pixel }),
    toError: torchServeError,
  },
  {
    title: 'TorchServe, events',
    stage: {
      spec: { protocol: 'TorchServe' },
      answer: () => readRecording('torchserve/json', 'events, where the handler says so'),
      deniedAnswer: 'response.text.contains("hello")',
      limit,
    },
    call: (word) => ({ path: '/predictions/bert', args: json, sent: JSON.stringify({ text: word }) }),
    toError: torchServeError,
  },
  {
    title: 'Triton’s generate_stream',
    stage: {
      spec: { protocol: 'Triton' },
      answer: () => readRecording('triton/generate-stream', 'pieces of text'),
      deniedAnswer: 'response.text.contains("forbidden")',
      limit,
    },
    call: (word) => ({
      path: '/v2/models/llama/generate_stream',
      args: json,
      sent: JSON.stringify({ text_input: word, stream: true }),
    }),
    toError: inferenceError,
  },
  {
    title: 'OpenInference, JSON',
    stage: {
      spec: { protocol: 'OpenInference' },
      answer: () => readRecording('open-inference/infer-json', 'texts and numbers'),
      deniedAnswer: 'response.outputs.exists(o, "positive" in o.text)',
      limit,
    },
    call: (word) => ({
      path: '/v2/models/sentiment/infer',
      args: json,
      sent: String(readAsked('open-inference/infer-json')).replace('first line', word),
    }),
    toError: inferenceError,
  },
  {
    title: 'OpenInference, tensors as bytes',
    stage: {
      spec: { protocol: 'OpenInference' },
      answer: () => readRecording('open-inference/infer-binary', 'binary outputs'),
      deniedRequest: 'request.model == "forbidden" && request.inputs.exists(i, "beside it" in i.text)',
      deniedAnswer: 'response.outputs.exists(o, "hello" in o.text)',
      limit,
    },
    call: (word) => ({
      path: `/v2/models/${word}/infer`,
      args: [...octets, '-H', 'inference-header-content-length: 383'],
      sent: readAsked('open-inference/infer-binary'),
    }),
    toError: inferenceError,
  },
  {
    title: 'declared HTTP, a form with a file',
    stage: {
      spec: {
        protocol: 'HTTP',
        content: {
          mode: 'Declared',
          fields: [
            { name: 'question', phase: 'Request', formPart: 'prompt', kind: 'Text' },
            { name: 'picture', phase: 'Request', formPart: 'image', kind: 'Binary' },
            { name: 'label', phase: 'Response', pointer: '/results/*/label', kind: 'Text' },
          ],
          media: [{ type: 'image/png', maxWidth: 4096, maxHeight: 4096 }],
        },
      },
      answer: () => readRecording('http/json', 'events, words in fragments'),
      deniedAnswer: '"cat" in response.fields.label',
      limit,
    },
    call: (word) => ({
      path: '/ask',
      args: ['-F', `prompt=${word}`, '-F', 'image=@-;type=image/png;filename=kitten.png'],
      sent: pixel,
    }),
    toError: openAIError,
  },
  {
    title: 'Anthropic',
    stage: {
      spec: { protocol: 'Anthropic' },
      answer: () => readRecording('anthropic/messages', 'a message'),
      deniedAnswer: 'response.text.contains("Claude")',
      limit,
    },
    call: (word) => anthropicCall(word, false),
    toError: anthropicError,
  },
  {
    title: 'Anthropic, a stream',
    stage: {
      spec: { protocol: 'Anthropic' },
      answer: () => anthropicStream,
      deniedAnswer: 'response.text.contains("Grüß dich")',
      limit,
    },
    call: (word) => anthropicCall(word, true),
    toError: anthropicError,
  },
]

const nothing = { method: '', url: '', headers: {}, body: Buffer.alloc(0) }

async function send(way: Way, { path, args, sent }: Call): Promise<Got> {
  return curl([`${way.origin}${path}`, '-H', `authorization: Bearer ${way.key}`, ...args], sent)
}

/** Of the last event. */
function readLast(body: string): unknown {
  const data = /^data: (.*)$/mu.exec(body.trimEnd().split('\n\n').at(-1) ?? '')?.[1]
  return JSON.parse(data ?? 'null')
}

describe.skipIf(isMissing).each(served)('curl over $title', ({ stage: options, call, toError }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage(options)
  })
  afterAll(async () => stage[Symbol.asyncDispose]())

  const { pieces } = options.answer(nothing)
  const answered = { status: 403, code: 'response_denied', message: answerMessage, rule: 'answers' }

  it('gets the same as from the model itself', async () => {
    const got = await expectSame(stage, (way) => send(way, call('hi')))
    expect(got).toMatchObject({ exit: 0, status: 200, body: Buffer.concat(pieces).toString() })
  })

  it('fails where a rule denies the request, and the model is not asked', async () => {
    const before = stage.model.seen.length
    const { body, ...got } = await send(await stage.through('judged'), call('forbidden'))
    expect(got).toMatchObject({ exit: 22, status: 403 })
    const refused = { status: 403, code: 'policy_denied', message: requestMessage, rule: 'deny' }
    expect(JSON.parse(body)).toEqual(toError({ ...refused, policy: 'team-a/judged' }))
    expect(stage.model.seen.length).toBe(before)
  })

  it('fails before the first byte where a rule holds the answer', async () => {
    const { body, ...got } = await send(await stage.through('held'), call('hi'))
    expect(got).toMatchObject({ exit: 22, status: 403 })
    expect(JSON.parse(body)).toEqual(toError({ ...answered, policy: 'team-a/held' }))
  })

  it('reads the error in the place of what a rule cuts', async () => {
    const { body, type, status } = await send(await stage.through('cut'), call('hi'))
    const isStream = type.startsWith('text/event-stream')
    expect(body).not.toContain(String(pieces.at(-1)))
    expect(status).toBe(isStream ? 200 : 403)
    expect(isStream ? readLast(body) : JSON.parse(body)).toEqual(toError({ ...answered, policy: 'team-a/cut' }))
    const passed = isStream ? (/^[^]*\n\n(?=.*\n?.*\n\n$)/u.exec(body)?.[0] ?? '') : ''
    expect(Buffer.concat(pieces).toString().startsWith(passed)).toBe(true)
  })

  it('fails where a limit is met', async () => {
    const way = await stage.through('spent')
    expect(await send(way, call('hi'))).toMatchObject({ exit: 0, status: 200 })
    const { body, ...got } = await send(way, call('hi'))
    expect(got).toMatchObject({ exit: 22, status: 429 })
    const refused = { status: 429, code: 'limit_exceeded', message: expect.any(String), rule: 'budget' }
    expect(JSON.parse(body)).toEqual(toError({ ...refused, policy: 'team-a/spent' }))
  })
})

describe.skipIf(isMissing)('curl over Anthropic, with a budget of tokens', () => {
  it('reads an end as if the model had met its limit', async () => {
    await using stage = await startStage({
      spec: { protocol: 'Anthropic' },
      answer: () => goOn(anthropicStream, /"text":"Grüß "/u, 3000),
      deniedAnswer: 'false',
      limit: { tokens: 300 },
    })
    const way = await stage.through('spent')
    const { body, ...got } = await send(way, anthropicCall('hi', true))
    expect(got).toMatchObject({ exit: 0, status: 200 })
    expect(body).toContain('"stop_reason":"max_tokens"')
    expect(readLast(body)).toEqual({ type: 'message_stop' })
    expect(await send(way, anthropicCall('hi', true))).toMatchObject({ exit: 22, status: 429 })
  })
})

const toChat = (word: string, coding: readonly string[] = []): Call => {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: word }] })
  const isPlain = coding.length === 0
  return { path: '/v1/chat/completions', args: [...json, ...coding], sent: isPlain ? body : gzipSync(body) }
}

describe.skipIf(isMissing)('curl, with a body that it has compressed', () => {
  it('is judged by what is in it, and answered as without', async () => {
    await using stage = await startStage({ spec: { protocol: 'OpenAI' }, answer: answerOpenAI, deniedAnswer })
    const gzip = ['-H', 'content-encoding: gzip']
    const plain = await send(stage.direct, toChat('hi'))
    expect(await send(await stage.through('judged'), toChat('hi', gzip))).toEqual(plain)
    const [directly, through] = stage.model.seen
    expect(String(through?.body)).toBe(String(directly?.body))
    const denied = await send(await stage.through('judged'), toChat('forbidden', gzip))
    expect(denied).toMatchObject({ exit: 22, status: 403, body: expect.stringContaining('policy_denied') })
  })
})

const answerRows = () => readRecording('tensorflow-serving/predict-rows', 'predictions')

// Their servers read JSON whatever it is called, and their manuals call it nothing.
describe.skipIf(isMissing)('curl with -d, which calls its body a form,', () => {
  it.each([
    ['TensorFlow Serving', 'TensorFlowServing', '/v1/models/m:predict', { instances: [1] }],
    ['Triton', 'Triton', '/v2/models/m/generate', { text_input: 'hi' }],
  ] as const)('is understood for %s, which gets it as JSON', async (_title, protocol, path, body) => {
    await using stage = await startStage({ spec: { protocol }, answer: answerRows, deniedAnswer: 'false', limit })
    const got = await send(await stage.through('judged'), { path, args: ['-d', '@-'], sent: JSON.stringify(body) })
    expect(got).toMatchObject({ exit: 0, status: 200 })
    expect(stage.model.seen).toMatchObject([{ headers: { 'content-type': 'application/json' } }])
    expect(String(stage.model.seen[0]?.body)).toBe(JSON.stringify(body))
  })
})
