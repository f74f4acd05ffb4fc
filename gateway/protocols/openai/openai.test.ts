import { describe, expect, it } from 'vitest'
import type { ModelConnectionSpec } from '../../../crds/generated/model-connection.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import type { Protocol, ReadRequest, RequestPlan } from '../protocol.ts'
import { buildOpenAI } from './openai.ts'

function build(spec: Partial<ModelConnectionSpec> = {}): Protocol {
  const [connection] = makeSnapshot(makeBundle({ connections: [makeConnection(spec)] })).connections.values()
  if (connection === undefined) throw new Error('the connection did not compile')
  return buildOpenAI(connection)
}

const any = build()
const declared = build({ models: [{ name: 'small', upstreamName: 'vendor/small-1' }, { name: 'team/big:v2' }] })
const headers = { 'content-type': 'application/json' }

function plan(method: string, path: string, { protocol = any, query = '' } = {}): RequestPlan {
  return protocol.plan({ method, path, query, headers: method === 'GET' ? {} : headers })
}

function post(path: string, body: object, protocol = any): ReadRequest {
  return plan('POST', path, { protocol }).read(Buffer.from(JSON.stringify(body)))
}

const chat = { model: 'small', messages: [{ role: 'user', content: 'hi' }] }

describe('which calls OpenAI’s protocol has', () => {
  it.each([
    ['/v1/chat/completions', '/chat/completions', chat],
    ['/openai/v1/chat/completions', '/chat/completions', chat],
    ['/completions', '/completions', { model: 'small', prompt: 'hi' }],
    ['/v1/embeddings', '/embeddings', { model: 'small', input: ['hi'] }],
    ['/openai/responses', '/responses', { model: 'small', input: 'hi' }],
    ['/openai/deployments/small/embeddings', '/deployments/small/embeddings', { input: 'hi' }],
  ])('takes %s', (path, upstream, body) => {
    const read = post(path, body)
    expect(read.upstream.path).toBe(upstream)
    expect(read.facts).toMatchObject({ model: 'small', prompt: 'hi' })
  })

  it.each([
    ['POST', '/v1/images/generations'],
    ['POST', '/v1/audio/speech'],
    ['POST', '/v1/files'],
    ['POST', '/v1/batches'],
    ['POST', '/v1/moderations'],
    ['POST', '/v1/responses/compact'],
    ['POST', '/v1/responses/input_tokens'],
    ['POST', '/v1/responses/resp_1/cancel'],
    ['GET', '/v1/responses/resp_1'],
    ['GET', '/v1/responses'],
    ['DELETE', '/v1/responses/resp_1'],
    ['GET', '/v1/chat/completions'],
    ['GET', '/v1/chat/completions/chatcmpl-1'],
    ['DELETE', '/v1/models/small'],
    ['POST', '/v1/models'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/a/b/c'],
    ['GET', '/v1/v1/models'],
    ['POST', '/v1/v1/chat/completions'],
    ['POST', '/openai/openai/chat/completions'],
    ['POST', '/deployments//chat/completions'],
    ['POST', '/deployments/a/b/chat/completions'],
    ['POST', '/deployments/a/images/generations'],
    ['PUT', '/v1/chat/completions'],
    ['HEAD', '/v1/models'],
    ['GET', '/constructor'],
  ])('refuses %s %s, and says what there is', (method, path) => {
    const error = { code: 'operation_not_supported', message: expect.stringContaining('/v1/responses') }
    expect(() => plan(method, path)).toThrow(expect.objectContaining(error))
  })

  it.each(['?model=other', '?api-version=1&x=1', '?api-version=', '?api-version=a%20b', '?x'])(
    'refuses the query %s',
    (query) => {
      for (const [method, path] of [
        ['POST', '/v1/responses'],
        ['GET', '/v1/models'],
      ] as const) {
        expect(() => plan(method, path, { query })).toThrow(expect.objectContaining({ code: 'bad_request' }))
      }
    },
  )

  it('needs JSON where there is a body, and nothing where there is none', () => {
    const head = { method: 'POST', path: '/v1/embeddings', query: '', headers: { 'content-type': 'text/plain' } }
    expect(() => any.plan(head)).toThrow(expect.objectContaining({ code: 'content_type_unsupported' }))
    expect(plan('GET', '/v1/models').takesBody).toBe(false)
  })
})

describe('the model', () => {
  it('of a deployment is the deployment, and no other', () => {
    const path = '/openai/deployments/small/chat/completions'
    const read = post(path, chat, declared)
    expect(read.upstream.path).toBe('/deployments/vendor%2Fsmall-1/chat/completions')
    expect(Buffer.from(read.upstream.body ?? []).toString()).toContain('"model":"vendor/small-1"')
    const { model: _model, ...unnamed } = chat
    expect(post(path, unnamed, declared).facts.model).toBe('small')
    for (const model of ['big', null, 7, '']) {
      expect(() => post(path, { ...chat, model }, declared)).toThrow(
        expect.objectContaining({ code: 'body_malformed' }),
      )
    }
    for (const deployment of ['large', '%E0%A4%A', 'constructor']) {
      expect(() => post(`/deployments/${deployment}/chat/completions`, unnamed, declared)).toThrow(
        expect.objectContaining({ code: 'model_not_found' }),
      )
    }
  })

  it('[OA9] is told by the gateway where the connection declares it', () => {
    const { ownAnswer, facts } = plan('GET', '/v1/models/team/big:v2', { protocol: declared }).read(new Uint8Array())
    expect(JSON.parse(Buffer.from(ownAnswer?.body ?? []).toString())).toMatchObject({
      id: 'team/big:v2',
      object: 'model',
    })
    expect(facts).toMatchObject({ operation: 'models.retrieve', model: 'team/big:v2', body: null })
    expect(plan('GET', '/v1/models/team%2Fbig%3Av2', { protocol: declared }).read(new Uint8Array()).facts.model).toBe(
      'team/big:v2',
    )
    for (const id of ['vendor/small-1', 'large', '%ff']) {
      expect(() => plan('GET', `/v1/models/${id}`, { protocol: declared })).toThrow(
        expect.objectContaining({ code: 'model_not_found' }),
      )
    }
  })

  it('[OA9] is asked of the model server where it does not', () => {
    const { ownAnswer, upstream } = plan('GET', '/v1/models/any', { query: '?api-version=preview' }).read(
      new Uint8Array(),
    )
    expect(ownAnswer).toBeUndefined()
    expect(upstream).toEqual({ path: '/models/any', query: '?api-version=preview' })
  })
})

describe('texts to go on with or to embed', () => {
  it.each([
    ['/v1/completions', { prompt: [1, 2] }],
    ['/v1/completions', { prompt: [[1], [2]] }],
    ['/v1/completions', { prompt: ['a', 1] }],
    ['/v1/completions', { prompt: [] }],
    ['/v1/completions', { prompt: {} }],
    ['/v1/completions', { prompt: 'a', suffix: 7 }],
    ['/v1/completions', { prompt: 'a', Suffix: 'b' }],
    ['/v1/completions', { prompt: 'a', input_ids: [1] }],
    ['/v1/completions', { prompt: 'a', Prompt_Embeds: 'b' }],
    ['/v1/embeddings', { input: [1, 2] }],
    ['/v1/embeddings', { input: [] }],
    ['/v1/embeddings', {}],
    ['/v1/embeddings', { input: null }],
  ])('of %s are texts and nothing else: %o', (path, body) => {
    expect(() => post(path, { model: 'small', ...body })).toThrow(expect.objectContaining({ code: 'body_malformed' }))
  })

  it('are seen in fields that no list knows', () => {
    expect(post('/v1/completions', { model: 'm', guided_grammar: 'hidden' }).facts.prompt).toContain('hidden')
    expect(post('/v1/embeddings', { model: 'm', input: 'a', instruction: 'hidden' }).facts.prompt).toBe('a\nhidden')
  })
})
