import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { BundlePolicy } from '../../policy/bundle.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import { startUpstream } from '../helpers/upstream-server.ts'

function chunk(type: string, content: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, Buffer.from(type), content, Buffer.alloc(4)])
}

/** With these sizes in its header, whatever its pixels. */
function png(width: number, height: number): Uint8Array<ArrayBuffer> {
  const size = Buffer.alloc(13)
  size.writeUInt32BE(width, 0)
  size.writeUInt32BE(height, 4)
  size[8] = 8
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', size),
      chunk('IDAT', deflateSync(Buffer.alloc(2))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  )
}

interface Seen {
  readonly url: string
  readonly type: string
  readonly body: Buffer
}

/** A classifier of images, which says what it was sent. */
async function startAll(
  spec: Partial<ModelConnectionSpec>,
  policies: readonly BundlePolicy[],
): Promise<
  AsyncDisposable & { gw: TestGateway; seen: Seen[]; send: (path: string, init: RequestInit) => Promise<Response> }
> {
  const seen: Seen[] = []
  const upstream = await startUpstream((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      seen.push({ url: request.url ?? '', type: request.headers['content-type'] ?? '', body: Buffer.concat(pieces) })
      if (request.url === '/stream') {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        return response.end('data: {"label": "it is a c"}\n\ndata: {"label": "at, I think"}\n\n')
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end('{"label": "cat", "score": 0.9}')
    })
  })
  const connection = makeConnection(spec, {
    endpoints: [{ name: 'main', origin: upstream.origin, basePath: '', weight: 1, place: 'External' }],
  })
  const gw = await startGateway({ connections: [connection], policies })
  return {
    gw,
    seen,
    send: (path, init) =>
      fetch(`${gw.origin}/team-a/chat${path}`, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${gw.token}` },
      }),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const classifier: Partial<ModelConnectionSpec> = {
  protocol: 'HTTP',
  content: {
    mode: 'Declared',
    fields: [
      { name: 'question', phase: 'Request', kind: 'Text', formPart: 'prompt' },
      { name: 'picture', phase: 'Request', kind: 'Binary', formPart: 'image' },
      { name: 'photo', phase: 'Request', kind: 'Binary', body: 'Whole' },
      { name: 'text', phase: 'Request', kind: 'Text', pointer: '/text' },
      { name: 'label', phase: 'Response', kind: 'Text', pointer: '/label' },
    ],
    media: [{ type: 'image/png', maxWidth: 8192, maxHeight: 8192 }, { type: 'image/jpeg' }],
  },
}

const rules = [
  allowAll,
  denyWhen('request.media.exists(m, m.width > 4096)', 'at most 4096 pixels wide'),
  { ...denyWhen('request.prompt.contains("forbidden")', 'not that word'), name: 'words' },
  { ...denyWhen('request.path.endsWith("/admin")', 'not that path'), name: 'paths' },
]
const policies = [makePolicy({ rules })]

function toForm(image: Uint8Array<ArrayBuffer>, question = 'what is this?', type = 'image/png'): FormData {
  const form = new FormData()
  form.append('prompt', question)
  form.append('image', new Blob([image], { type }), 'kitten.png')
  return form
}

const post = (body: string | FormData | Uint8Array<ArrayBuffer>, type?: string): RequestInit => ({
  method: 'POST',
  body,
  ...(type === undefined ? {} : { headers: { 'content-type': type } }),
})

async function codeOf(answer: Promise<Response>): Promise<object> {
  const response = await answer
  const { error }: { error: { code: string; message: string } } = JSON.parse(await response.text())
  return { status: response.status, code: error.code, message: error.message }
}

describe('an image classifier behind declared HTTP', () => {
  it('gets a form from fetch exactly as it was sent', async () => {
    await using all = await startAll(classifier, policies)
    const response = await all.send('/v1/classify', post(toForm(png(64, 64))))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ label: 'cat', score: 0.9 })
    const [seen] = all.seen
    expect(seen?.url).toBe('/v1/classify')
    expect(seen?.type).toMatch(/^multipart\/form-data; boundary=/u)
    expect(seen?.body.indexOf(png(64, 64))).toBeGreaterThan(0)
  })

  it('gets an image alone, JSON, and a call without a body', async () => {
    await using all = await startAll(classifier, policies)
    const answers = [
      await all.send('/image', post(png(64, 64), 'image/png')),
      await all.send('/text', post('{"text": "hi", "top": 3}', 'application/json')),
      await all.send('/healthz', { method: 'GET' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(all.seen.map(({ url }) => url)).toEqual(['/image', '/text', '/healthz'])
    expect(all.seen[0]?.body.equals(png(64, 64))).toBe(true)
  })

  it('never sees an image that is larger than the connection takes', async () => {
    await using all = await startAll(classifier, policies)
    expect(await codeOf(all.send('/classify', post(toForm(png(8193, 64)))))).toEqual({
      status: 413,
      code: 'body_too_large',
      message: 'This connection takes image/png of at most 8192 pixels wide and 8192 pixels high.',
    })
    expect(all.seen).toEqual([])
  })

  it('never sees an image that a rule denies', async () => {
    await using all = await startAll(classifier, policies)
    expect(await codeOf(all.send('/classify', post(toForm(png(4097, 64)))))).toEqual({
      status: 403,
      code: 'policy_denied',
      message: 'at most 4096 pixels wide',
    })
    expect(await codeOf(all.send('/classify', post(png(4097, 64), 'image/png')))).toMatchObject({
      code: 'policy_denied',
    })
    expect(all.seen).toEqual([])
  })

  it.each<[string, string, () => RequestInit, string]>([
    ['a word in a form', '/classify', () => post(toForm(png(1, 1), 'forbidden')), 'policy_denied'],
    [
      'a word in JSON, escaped',
      '/text',
      () => post('{"text": "\\u0066orbidden"}', 'application/json'),
      'policy_denied',
    ],
    [
      'a word in the name of a file',
      '/classify',
      () => {
        const form = new FormData()
        form.append('image', new Blob([png(1, 1)], { type: 'image/png' }), 'forbidden.png')
        return post(form)
      },
      'policy_denied',
    ],
    ['a path', '/admin', () => post('{}', 'application/json'), 'policy_denied'],
    ['text that calls itself an image', '/image', () => post('forbidden', 'image/png'), 'body_malformed'],
    [
      'an image that calls itself another',
      '/classify',
      () => post(toForm(png(1, 1), 'x', 'image/jpeg')),
      'body_malformed',
    ],
    [
      'text at a place that is not declared',
      '/text',
      () => post('{"system": "x"}', 'application/json'),
      'body_malformed',
    ],
    [
      'a field that is not declared',
      '/classify',
      () => {
        const form = toForm(png(1, 1))
        form.append('system', 'x')
        return post(form)
      },
      'body_malformed',
    ],
    ['a content type that is not declared', '/text', () => post('x', 'text/plain'), 'content_type_unsupported'],
    ['a query', '/text?prompt=x', () => post('{}', 'application/json'), 'bad_request'],
  ])('never sees %s', async (_title, path, init, code) => {
    await using all = await startAll(classifier, policies)
    expect(await codeOf(all.send(path, init()))).toMatchObject({ code })
    expect(all.seen).toEqual([])
  })
})

describe('an answer of declared HTTP', () => {
  it('is denied by a rule on a declared field', async () => {
    const when = 'response.fields.label.exists(label, label == "cat")'
    await using all = await startAll(classifier, [
      makePolicy({ rules: [...rules, { name: 'cats', phase: 'Response', action: 'Deny', when, message: 'no cats' }] }),
    ])
    expect(await codeOf(all.send('/image', post(png(1, 1), 'image/png')))).toEqual({
      status: 403,
      code: 'response_denied',
      message: 'no cats',
    })
    expect(all.seen).toHaveLength(1)
  })

  it('is cut where a word is whole, although no event has it whole', async () => {
    const when = 'response.fields.label.exists(label, label.contains("cat"))'
    const cats = { name: 'cats', phase: 'Response', action: 'Deny', onStream: 'Cut', when, message: 'no cats' } as const
    await using all = await startAll(classifier, [makePolicy({ rules: [...rules, cats] })])
    const events = await (await all.send('/stream', post('{}', 'application/json'))).text()
    expect(events).toMatch(/^data: \{"label": "it is a c"\}\n\nevent: error\ndata: \{"error":\{"message":"no cats"/u)
    expect(events).not.toContain('I think')
  })
})

describe('TorchServe', () => {
  const pets: Partial<ModelConnectionSpec> = {
    protocol: 'TorchServe',
    models: [{ name: 'pets', upstreamName: 'densenet161' }],
  }

  it('gets images by form and by PUT under the name that it knows, and errors are its own', async () => {
    await using all = await startAll(pets, [
      makePolicy({
        rules: [allowAll, denyWhen('request.model == "pets" && request.media.exists(m, m.height > 4096)', 'too high')],
      }),
    ])
    const form = await all.send('/predictions/pets', post(toForm(png(64, 64))))
    const put = await all.send('/predictions/pets', { method: 'PUT', body: png(64, 64) })
    expect([form.status, put.status]).toEqual([200, 200])
    expect(all.seen.map(({ url }) => url)).toEqual(['/predictions/densenet161', '/predictions/densenet161'])
    expect(all.seen[1]?.body.equals(png(64, 64))).toBe(true)
    const denied = await all.send('/predictions/pets', { method: 'PUT', body: png(64, 5000) })
    expect(await denied.json()).toMatchObject({ code: 403, type: 'policy_denied', message: 'too high', rule: 'deny' })
    expect(all.seen).toHaveLength(2)
  })
})
