import { describe, expect, it } from 'vitest'
import { keyedOf, makeMask } from '../../test/helpers/masks.ts'
import type { MaskDemand } from './demand.ts'
import type { Detector } from './detector.ts'
import { maskJson } from './framing/json-text.ts'
import { maskEverywhere, nowhere } from './framing/place.ts'
import { MaskEngines } from './mask-engines.ts'
import { MaskRun } from './mask-run.ts'
import { findDetectors } from './packs.ts'
import { Pseudonyms } from './pseudonyms.ts'

const keyed = keyedOf('a')
const detectors = (name: string): readonly Detector[] => findDetectors(name) ?? []
const pattern = (name: string, regular: string): Detector => ({ name, class: 'X', pattern: regular, maxLength: 64 })

function startRun(
  demands: readonly MaskDemand[],
  options: Partial<{ pseudonyms: Pseudonyms; restores: boolean }> = {},
) {
  const masks = new MaskEngines().of(demands, new Map())
  return new MaskRun({ masks, keyed, pseudonyms: new Pseudonyms(keyed), restores: false, ...options })
}

function maskText(run: MaskRun, text: string): string {
  const masker = run.start(nowhere)
  return masker.push(text) + masker.end()
}

function maskBody(run: MaskRun, body: object): unknown {
  const text = JSON.stringify(body)
  const { splices } = maskJson(text, run.over(maskEverywhere(run.start)), run.start)
  const masked = splices
    .toReversed()
    .reduce((all, { start, end, text: by }) => all.slice(0, start) + by + all.slice(end), text)
  return JSON.parse(masked)
}

describe('masks that meet', () => {
  it('[MK8] in overlapping findings act as the strictest on all of it', () => {
    const run = startRun([
      makeMask({ name: 'mild', action: 'Partial', detectors: [pattern('case', String.raw`\bCASE-\d{8}\b`)] }),
      makeMask({ name: 'strict', action: 'Redact', detectors: [pattern('number', String.raw`\d{8}`)] }),
    ])
    expect(maskText(run, 'see CASE-12345678.')).toBe('see [PII].')
    expect(run.masked.map(({ demand, count }) => [demand.name, count])).toEqual(
      expect.arrayContaining([
        ['mild', 1],
        ['strict', 1],
      ]),
    )
  })

  it('[MK8] deny where any of them does', () => {
    const run = startRun([
      makeMask({ name: 'mild', action: 'Partial', detectors: [pattern('case', String.raw`\bCASE-\d{8}\b`)] }),
      makeMask({ name: 'strict', action: 'Deny', detectors: [pattern('number', String.raw`\d{8}`)], policy: 'b/p' }),
    ])
    expect(maskText(run, 'see CASE-12345678.')).not.toContain('5678')
    expect(run.denied).toEqual({ effect: 'Deny', reason: 'SensitiveData', policy: 'b/p', rule: 'strict' })
  })

  it('[MK8] count for every policy that spoke of the finding', () => {
    const run = startRun([
      makeMask({ name: 'one', detectors: detectors('email') }),
      makeMask({ name: 'two', policy: 'b/p', detectors: detectors('email') }),
    ])
    expect(maskText(run, 'ann@example.com, bob@example.com')).toBe('[PII], [PII]')
    expect(run.masked.map(({ demand, count }) => [demand.name, count])).toEqual([
      ['one', 2],
      ['two', 2],
    ])
  })
})

describe('places', () => {
  it('[MK7] are masked whole, whatever stands there', () => {
    const run = startRun([makeMask({ fields: ['/patient', '/visits/*/note'] })])
    const body = {
      patient: { name: 'Ann', age: 42 },
      visits: [
        { note: 'x', at: 'y' },
        { note: '', at: 'z' },
      ],
      other: 'o',
    }
    expect(maskBody(run, body)).toMatchObject({
      visits: [
        { note: '[PII]', at: 'y' },
        { note: '', at: 'z' },
      ],
      other: 'o',
    })
    expect(JSON.stringify(maskBody(run, body))).not.toMatch(/Ann|42/u)
  })

  it('deny for what a stricter mask finds in them', () => {
    const run = startRun([
      makeMask({ name: 'field', fields: ['notes'], action: 'Partial' }),
      makeMask({ name: 'strict', action: 'Deny', detectors: detectors('email') }),
    ])
    const masker = run.field('notes')(nowhere)
    expect(masker.push('ann@example.com') + masker.end()).toBe('')
    expect(run.denied?.rule).toBe('strict')
    expect(run.field('other')).toBe(run.start)
  })

  it('[MK2] are told without names that may be data', () => {
    const run = startRun([makeMask({ detectors: detectors('email') })])
    maskBody(run, { messages: [{ 'ann@example.com': 'bob@example.com' }], arguments: '{"to":"eve@example.com"}' })
    const [masked] = run.masked
    expect(masked?.count).toBe(3)
    expect(masked?.paths).toEqual(['/messages/0/*', '/arguments/to'])
  })
})

describe('a document', () => {
  const json = JSON.stringify({ to: 'ann', notes: 'none' })

  it('is clean where no mask finds anything in it', () => {
    const run = startRun([makeMask({ detectors: detectors('email') })])
    expect(run.isClean(json, [])).toBe(true)
    expect(run.isClean(json, ['notes'])).toBe(false)
    expect(run.isClean(json.replace('ann', 'ann@example.com'), [])).toBe(false)
    expect(run.masked).toEqual([])
  })

  it('is never clean where a mask speaks of a place in it', () => {
    const run = startRun([makeMask({ detectors: detectors('email'), fields: ['/notes'] })])
    expect(run.isClean(json, [])).toBe(false)
    expect(startRun([makeMask({ fields: ['/notes'] })]).isClean(json, [])).toBe(false)
  })

  it('is not clean with a token that stands for something', () => {
    const pseudonyms = new Pseudonyms(keyed)
    const token = pseudonyms.take(makeMask({ action: 'Pseudonymize', restores: true }), 'ann@example.com')
    expect(startRun([], { pseudonyms, restores: true }).isClean(JSON.stringify({ to: token }), [])).toBe(false)
  })
})

it('[MK12] takes the name of a field as words of context', () => {
  const run = startRun([makeMask({ detectors: detectors('us-ssn-plain') })])
  expect(maskBody(run, { ssn: '536228127', id: '536228127', patientSsn: 536228127 })).toEqual({
    ssn: '[PII]',
    id: '536228127',
    patientSsn: '[PII]',
  })
})

describe('pseudonyms in an answer', () => {
  const pseudonyms = new Pseudonyms(keyed)
  const token = pseudonyms.take(makeMask({ action: 'Pseudonymize', restores: true }), 'ann@example.com')
  const foreign = new Pseudonyms(keyed).take(makeMask({ action: 'Pseudonymize' }), 'bob@example.com')

  it('are turned back, and not masked again', () => {
    const run = startRun([makeMask({ detectors: detectors('email') })], { pseudonyms, restores: true })
    expect(maskText(run, `to ${token} and eve@example.com, ${foreign}`)).toBe(
      `to ann@example.com and [PII], ${foreign}`,
    )
  })

  it('[MK10, MK11] are turned back inside of JSON in JSON', () => {
    const run = startRun([], { pseudonyms, restores: true })
    const body = { arguments: JSON.stringify({ to: [token] }) }
    expect(maskBody(run, body)).toEqual({ arguments: '{"to":["ann@example.com"]}' })
  })

  it('do not carry anything past the masks', () => {
    const secret = pattern('secret', 'BCDF-GHJK')
    const run = startRun([makeMask({ detectors: [secret] })], { pseudonyms, restores: true })
    expect(maskText(run, 'PII-BCDF-GHJK-LMNP-QRST-VWXZ')).toContain('[PII]')
  })
})
