import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../../test/helpers/make.ts'
import { makeMask } from '../../test/helpers/masks.ts'
import type { Detector } from '../../policy/masking/detector.ts'
import type { MaskDemand } from '../../policy/masking/demand.ts'
import { nowhere } from '../../policy/masking/framing/place.ts'
import { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { findDetectors } from '../../policy/masking/packs.ts'
import { plainFormat } from '../../test/helpers/answers.ts'
import type { ReadRequest } from '../protocols/protocol.ts'
import type { Asked } from '../read.ts'
import type { MaskedCall } from './call-masks.ts'
import { makeMaskCall } from './call-masks.ts'

const emails = findDetectors('email') ?? []
const key = new Uint8Array(32).fill(1)
const [connection] = makeSnapshot(makeBundle({ connections: [makeConnection()] })).connections.values()

function toAsked(read: Partial<ReadRequest> | undefined): Asked {
  const asked = { bytes: 0, path: '/', rawHeaders: ['x-note', 'hi'] }
  if (read === undefined) return asked
  const facts = { operation: 'chat', model: '', stream: false, prompt: '', body: null }
  const upstream = { path: '/', query: '', body: Buffer.from('to ann@example.com') }
  return { ...asked, read: { facts, upstream, answer: plainFormat, ...read } }
}

const maskText: NonNullable<ReadRequest['mask']> = (masks) => {
  const masker = masks.start(nowhere)
  return { path: '/', query: '', body: Buffer.from(masker.push('to ann@example.com') + masker.end()) }
}

interface Given {
  readonly request?: readonly MaskDemand[]
  readonly response?: readonly MaskDemand[]
  readonly asked?: Asked
  readonly tenantKey?: Uint8Array | undefined
}

function mask({ request = [], response = [], asked = toAsked({ mask: maskText }), ...given }: Given): MaskedCall {
  if (connection === undefined) throw new Error('the connection did not compile')
  const tenantKey = (): Uint8Array | undefined => ('tenantKey' in given ? given.tenantKey : key)
  return makeMaskCall({ engines: new MaskEngines(), tenantKey })({ connection, asked, masks: { request, response } })
}

const bodyOf = ({ asked }: MaskedCall): string | undefined => asked.read?.upstream.body?.toString()
const unavailable = expect.objectContaining({ code: 'masking_unavailable' })

describe('the masks of a call', () => {
  it('are nothing where no policy asks for any', () => {
    const asked = toAsked(undefined)
    expect(mask({ asked })).toEqual({ asked, request: {}, answer: undefined })
  })

  it('leave a request that holds nothing as the very same', () => {
    const asked = toAsked({ mask: (masks) => (masks.start(nowhere), asked.read?.upstream ?? { path: '', query: '' }) })
    expect(mask({ request: [makeMask({ detectors: emails })], asked }).asked).toBe(asked)
  })

  it('look at the answer where it is asked for, or where something is to be turned back', () => {
    expect(mask({ request: [makeMask({ detectors: emails })] }).answer).toBeUndefined()
    expect(mask({ response: [makeMask({ detectors: emails })] }).answer?.acting).toBeDefined()
    const restoring = makeMask({ detectors: emails, action: 'Pseudonymize', restores: true })
    expect(mask({ request: [restoring] }).answer?.acting).toBeDefined()
    expect(mask({ request: [{ ...restoring, detectors: findDetectors('us-ssn') ?? [] }] }).answer).toBeUndefined()
  })

  it('[MK13] of mode Audit see what came, not what others leave', () => {
    const audit = makeMask({ detectors: emails, acts: false, name: 'audit' })
    const masked = mask({ request: [makeMask({ detectors: emails }), audit] })
    expect(bodyOf(masked)).toBe('to [PII]')
    expect(masked.request.audit?.masked[0]).toMatchObject({ count: 1 })
  })
})

describe('[MK16] a request that cannot be masked is refused', () => {
  const hash = makeMask({ detectors: emails, action: 'Hash' })

  it.each<[string, Given]>([
    ['whose texts nobody can tell', { request: [hash], asked: toAsked({}) }],
    ['that was not read', { request: [hash], asked: toAsked(undefined) }],
    ['without the key that its digests need', { request: [hash], tenantKey: undefined }],
    ['without the key that digests in its answer need', { response: [hash], tenantKey: undefined }],
    ['whose masks are too large together', { request: [makeMask({ detectors: tooMany() })] }],
  ])('%s', (_, given) => {
    expect(() => mask(given)).toThrow(unavailable)
  })

  it.each<[string, Given]>([
    ['whose texts nobody can tell', { request: [{ ...hash, acts: false }], asked: toAsked({}) }],
    ['that was not read', { request: [{ ...hash, acts: false }], asked: toAsked(undefined) }],
    ['without a key', { request: [{ ...hash, acts: false }], tenantKey: undefined }],
    ['whose masks are too large', { request: [makeMask({ detectors: tooMany(), acts: false })] }],
  ])('[MK13] but not for mode Audit: %s', (_, given) => {
    expect(mask(given).request.acting).toBeUndefined()
  })

  it('unless it has no body', () => {
    const asked = toAsked({ upstream: { path: '/models', query: '' } })
    expect(mask({ request: [hash], asked }).asked.read?.upstream.path).toBe('/models')
  })

  it('and needs no key for anything else', () => {
    expect(bodyOf(mask({ request: [makeMask({ detectors: emails })], tenantKey: undefined }))).toBe('to [PII]')
  })
})

/** More than an engine takes. */
function tooMany(): readonly Detector[] {
  return Array.from({ length: 5 }, (_, i) => ({
    name: `long-${i}`,
    class: 'X',
    pattern: `${String.fromCodePoint(97 + i)}{100000}`,
    maxLength: 65_536,
  }))
}
