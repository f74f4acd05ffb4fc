import { describe, expect, it } from 'vitest'
import type { Start } from '../../policy/masking/framing/place.ts'
import { maskHeaders } from './headers.ts'

/** Finds Bob in any spelling, and remembers where. */
function startBob(paths: string[]): Start {
  return ({ path }) => {
    let text = ''
    return {
      push: (piece) => {
        text += piece
        return ''
      },
      end: () =>
        text.replaceAll(/bob|b0b|ｂｏｂ/giu, () => {
          paths.push(path())
          return '[NAME]'
        }),
      counts: () => ({}),
    }
  }
}

const mask = (...headers: string[]): readonly string[] => maskHeaders(headers, startBob([]))
const bytes = (text: string): string => Buffer.from(text).toString('latin1')

describe('Headers under a mask', () => {
  it('are the very same where nothing is found', () => {
    const headers = ['x-a', 'b', 'X-User', bytes('Ann Müller')]
    expect(maskHeaders(headers, startBob([]))).toBe(headers)
  })

  it('have no value that is found', () => {
    expect(mask('x-a', 'b', 'X-User', 'for bob')).toEqual(['x-a', 'b', 'X-User', 'for [NAME]'])
  })

  it('are read as UTF-8 where they are that, and sent as that', () => {
    expect(mask('x-user', bytes('für ｂｏｂ'))).toEqual(['x-user', bytes('für [NAME]')])
    expect(mask('x-user', 'f\xfcr bob')).toEqual(['x-user', bytes('für [NAME]')])
  })

  it('are left out where the name is found', () => {
    expect(mask('x-bob', '1', 'x-a', 'b')).toEqual(['x-a', 'b'])
  })

  it.each(['accept', 'tracestate', 'traceparent', 'baggage', 'user-agent', 'x-request-id'])(
    'hide nothing in %s',
    (name) => {
      expect(mask(name, 'a=bob')).toEqual([name, 'a=[NAME]'])
    },
  )

  it.each([
    ['content-type', 'multipart/form-data; boundary=bob'],
    ['traceparent', `00-${'b0b'.repeat(10)}00-00f067aa0ba902b7-01`],
  ])('keep %s as it is where it is what it should be', (name, value) => {
    expect(mask(name, value)).toEqual([name, value])
  })

  it('that never reach a model are not looked at', () => {
    const paths: string[] = []
    maskHeaders(['authorization', 'bob', 'x-forwarded-for', 'bob', 'x-user', 'bob', 'X_Odd!', 'bob'], startBob(paths))
    expect(paths).toEqual(['header:x-user', 'header:*'])
  })
})
