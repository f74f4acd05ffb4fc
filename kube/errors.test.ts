import { describe, expect, it } from 'vitest'
import type { KubeCall } from './errors.ts'
import { KubeError, isKubeError, toKubeError, toNetworkError } from './errors.ts'
import { toCall, toPath, toQuery } from './path.ts'
import { configMaps, leases, namespaces } from './resource.ts'

const call: KubeCall = { verb: 'get', resource: 'widgets.example.test', namespace: 'home', name: 'a' }

describe('an API error', () => {
  it.each<[{ status: number; reason?: string }, string]>([
    [{ status: 409, reason: 'AlreadyExists' }, 'AlreadyExists'],
    [{ status: 409, reason: 'Conflict' }, 'Conflict'],
    [{ status: 410, reason: 'Expired' }, 'Gone'],
    [{ status: 500, reason: 'InternalError' }, 'Unavailable'],
    [{ status: 502 }, 'Unavailable'],
    [{ status: 504 }, 'Timeout'],
    [{ status: 413 }, 'TooLarge'],
    [{ status: 418 }, 'Unexpected'],
    [{ status: 422, reason: 'SomethingNew' }, 'Invalid'],
  ])('%j is %s', ({ status, reason }, code) => {
    expect(toKubeError(call, { kind: 'Status', reason }, { status })).toMatchObject({ code, status, call })
  })

  it('says what was attempted on what', () => {
    expect(toKubeError(call, undefined, { status: 404 }).message).toBe(
      'get widgets.example.test home/a failed (NotFound)',
    )
  })

  it.each([
    ['User "alice@corp" cannot get resource "widgets" in API group "example.test" in the namespace "home"'],
    ["ValidatingAdmissionPolicy 'guard' with binding 'guard' denied request"],
    ['admission webhook "check.example.test" denied the request'],
    ['exceeded quota: small'],
    ['unable to create new content in namespace home because it is being terminated'],
  ])('keeps what consists of names: %s', (sentence) => {
    const message = `widgets.example.test "a" is forbidden: ${sentence}: because s3cret`
    const { message: said } = toKubeError(call, { reason: 'Forbidden', message }, { status: 403 })
    expect(said).toContain(sentence)
    expect(said).not.toContain('s3cret')
  })

  it('drops text that may quote the object, and keeps the paths of its fields', () => {
    const causes = [
      { field: 'spec.rules[0].when', message: 'Invalid value: "s3cret"' },
      { field: 'metadata.labels[s3cret!]', message: 'bad' },
      { field: `spec.${'x'.repeat(500)}`, message: 'long' },
    ]
    const body = { reason: 'Invalid', message: 'Widget "a" is invalid: Invalid value: "s3cret"', details: { causes } }
    const { message } = toKubeError(call, body, { status: 422 })
    expect(message).toMatch(/\(Invalid\): at spec\.rules\[0\]\.when, metadata\.labels\[\*\], spec\.x{155}$/)
  })

  it('reads the waiting time from the body too', () => {
    expect(
      toKubeError(call, { reason: 'ServerTimeout', details: { retryAfterSeconds: 2 } }, { status: 504 }),
    ).toMatchObject({ code: 'Unavailable', retryAfterMs: 2_000 })
  })

  it('keeps of a network error its code alone', () => {
    const error = Object.assign(new Error('Bearer s3cret'), { code: 'ECONNRESET' })
    expect(toNetworkError(call, error).message).toBe(
      'get widgets.example.test home/a failed (Network): no answer from the API server, ECONNRESET',
    )
    expect(toNetworkError(call, { code: 's3cret; x' }).message).not.toContain('s3cret')
  })

  it('is recognised by its codes', () => {
    const error = new KubeError('Gone', call)
    expect([
      isKubeError(error),
      isKubeError(error, 'Gone'),
      isKubeError(error, 'Conflict'),
      isKubeError(new Error('x')),
    ]).toEqual([true, true, false, false])
  })
})

describe('a path', () => {
  it.each([
    [
      'GET',
      '/api/v1/namespaces/home/configmaps/a',
      { verb: 'get', resource: 'configmaps', namespace: 'home', name: 'a' },
    ],
    ['GET', '/api/v1/configmaps', { verb: 'list', resource: 'configmaps' }],
    ['GET', '/api/v1/namespaces/home', { verb: 'get', resource: 'namespaces', name: 'home' }],
    ['PUT', '/api/v1/namespaces/home/status', { verb: 'update', resource: 'namespaces/status', name: 'home' }],
    [
      'POST',
      '/apis/example.test/v1/namespaces/home/widgets',
      { verb: 'create', resource: 'widgets.example.test', namespace: 'home' },
    ],
    [
      'PATCH',
      '/apis/example.test/v1/namespaces/home/widgets/a/status',
      { verb: 'patch', resource: 'widgets.example.test/status', namespace: 'home', name: 'a' },
    ],
    ['GET', '/version', { verb: 'list', resource: 'version' }],
  ])('%s %s is understood', (method, path, expected) => {
    expect(toCall(method, path)).toEqual(expected)
  })

  it('is made of a kind and a name, whatever the name holds', () => {
    expect(toPath(leases, { namespace: 'home', name: 'a' })).toBe(
      '/apis/coordination.k8s.io/v1/namespaces/home/leases/a',
    )
    expect(toPath(configMaps, {})).toBe('/api/v1/configmaps')
    expect(toPath(namespaces, { namespace: 'ignored', name: '../x?y' })).toBe('/api/v1/namespaces/..%2Fx%3Fy')
  })

  it('quotes selector values, so that none becomes syntax', () => {
    const fields = { 'spec.ref': String.raw`a,b=c\d` }
    expect(toQuery({ labels: { a: '1', b: '2' }, fields })).toEqual({
      labelSelector: 'a=1,b=2',
      fieldSelector: String.raw`spec.ref=a\,b\=c\\d`,
    })
    expect(toQuery({ labels: {} })).toEqual({})
  })
})
