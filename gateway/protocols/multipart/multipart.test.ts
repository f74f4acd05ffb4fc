import fc from 'fast-check'
import { FormData as UndiciForm, Response as UndiciResponse } from 'undici'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../errors.ts'
import { parseMediaType } from '../media/media-type.ts'
import { readBoundary, readMultipart } from './multipart.ts'
import { readUrlEncoded } from './url-encoded.ts'

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const head = (disposition: string, ...more: readonly string[]): string =>
  [`Content-Disposition: ${disposition}`, ...more, '', ''].join('\r\n')
const form = (...parts: readonly string[]): string => `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`
const field = (disposition: string, ...more: readonly string[]): string => form(`${head(disposition, ...more)}x`)
const read = (text: string): object[] =>
  readMultipart(Buffer.from(text), 'b').map(({ name, fileName, mediaType, content }) => ({
    name,
    ...(fileName === undefined ? {} : { fileName }),
    ...(mediaType === undefined ? {} : { type: mediaType.type }),
    content: Buffer.from(content).toString('latin1'),
  }))

describe('a form in parts', () => {
  it('gives names, files, types and bytes, in order and as they came', () => {
    const text = form(
      `${head('form-data; name="a"')}one`,
      `${head('form-data; name="a"')}\r\n-- two \n--\r\n`,
      `${head('form-data; name="image"; filename="ünï.png"', 'Content-Type: image/PNG')}\0\r`,
      head('form-data; name="e"', 'Content-Length: 0'),
    )
    expect(read(text)).toEqual([
      { name: 'a', content: 'one' },
      { name: 'a', content: '\r\n-- two \n--\r\n' },
      { name: 'image', fileName: 'ünï.png', type: 'image/png', content: '\0\r' },
      { name: 'e', content: '' },
    ])
  })

  it.each([
    ['curl', field('form-data; name="f"; filename="k.jpg"', 'Content-Type: image/jpeg')],
    ['python-requests', form(`Content-Disposition: form-data; name="f"; filename="k.jpg"\r\n\r\nx`)],
    ['.NET', field("form-data; name=f; filename=k.jpg; filename*=utf-8''k.jpg", 'Content-Type: image/jpeg')],
    [
      'OkHttp',
      form(
        `content-disposition: form-data; name="f"; filename="k.jpg"\r\nContent-Type: image/jpeg\r\nContent-Length: 1\r\n\r\nx`,
      ),
    ],
    ['a client without a last line end', field('form-data; name="f"; filename="k.jpg"').trimEnd()],
  ])('of %s is read', (_title, text) => {
    expect(read(text)).toMatchObject([{ name: 'f', fileName: 'k.jpg', content: 'x' }])
  })

  it('of fetch is read', async () => {
    const data = new UndiciForm()
    data.append('prompt', 'hi')
    data.append('file', new Blob(['\0\x01'], { type: 'image/png' }), 'a b.png')
    const response = new UndiciResponse(data)
    const mediaType = parseMediaType(response.headers.get('content-type') ?? '')
    if (mediaType === undefined) throw new Error('no type')
    expect(readMultipart(await response.bytes(), readBoundary(mediaType))).toMatchObject([
      { name: 'prompt', fileName: undefined },
      { name: 'file', fileName: 'a b.png', mediaType: { type: 'image/png' } },
    ])
  })

  it.each([
    ['nothing in it', ''],
    ['no part', '--b--\r\n'],
    ['something before it', `x${field('form-data; name="a"')}`],
    ['a line end before it', `\r\n${field('form-data; name="a"')}`],
    ['something after it', `${field('form-data; name="a"')}x`],
    ['a second form after it', field('form-data; name="a"') + field('form-data; name="evil"')],
    ['no end', `--b\r\n${head('form-data; name="a"')}x\r\n`],
    [
      'a line feed alone before a boundary',
      `--b\r\n${head('form-data; name="a"')}x\n--b\r\n${head('form-data; name="evil"')}y\r\n--b--`,
    ],
    ['a line feed alone after a boundary', `--b\n${head('form-data; name="a"')}x\r\n--b--`],
    ['blanks after a boundary', `--b  \r\n${head('form-data; name="a"')}x\r\n--b--`],
    ['the boundary as the start of a line', form(`${head('form-data; name="a"')}x\r\n--bc`)],
    ['the boundary within a line', form(`${head('form-data; name="a"')}x--b`)],
    ['an end in its middle', form(`${head('form-data; name="a"')}x\r\n--b--\r\ny`)],
    ['a part without a head', form('x')],
    ['a part without a blank line', form('Content-Disposition: form-data; name="a"\r\n')],
    ['a part that is a head alone', form('Content-Disposition: form-data; name="a"\r\n\r')],
    ['a head of line feeds', form('Content-Disposition: form-data; name="a"\n\nx')],
    ['a head that is not UTF-8', form(`${head('form-data; name="a\\xff"').replace('\\xff', '\u00ff')}x`)],
    ['a very large head', field(`form-data; name="${'a'.repeat(5_000)}"`)],
    ['no disposition', form('Content-Type: text/plain\r\n\r\nx')],
    ['two dispositions', field('form-data; name="a"', 'content-disposition: form-data; name="b"')],
    ['two types', field('form-data; name="a"', 'Content-Type: text/plain', 'content-type: image/png')],
    ['a folded line', field('form-data;\r\n name="a"')],
    ['a transfer encoding', field('form-data; name="a"', 'Content-Transfer-Encoding: base64')],
    ['an unknown header', field('form-data; name="a"', 'X-Prompt: x')],
    ['another disposition', field('attachment; name="a"')],
    ['no name', field('form-data; filename="a"')],
    ['an empty name', field('form-data; name=""')],
    ['two names', field('form-data; name="a"; name="b"')],
    ['two names in two cases', field('form-data; name="a"; NAME="b"')],
    ['an escaped quote', field('form-data; name="a\\"b"')],
    ['an encoded quote', field('form-data; name="a%22b"')],
    ['an encoded word', field('form-data; name="=?utf-8?Q?evil?="')],
    ['a control character', field('form-data; name="a\x01"')],
    ['a next-line character', field('form-data; name="a\u0085b"')],
    ['an extended name', field("form-data; name=a; name*=utf-8''b")],
    ['an extended file name alone', field("form-data; name=a; filename*=utf-8''b")],
    ['another extended file name', field("form-data; name=a; filename=a; filename*=utf-8''b")],
    ['an extended file name of another encoding', field("form-data; name=a; filename=a; filename*=iso-8859-1''a")],
    ['a broken extended file name', field("form-data; name=a; filename=a; filename*=utf-8''%zz")],
    ['a path as file name', field('form-data; name="a"; filename="../../etc/passwd"')],
    ['text after a parameter', field('form-data; name="a" evil')],
    ['a form inside', field('form-data; name="a"', 'Content-Type: multipart/mixed; boundary=c')],
    ['a message inside', field('form-data; name="a"', 'Content-Type: message/rfc822')],
    ['a type that is none', field('form-data; name="a"', 'Content-Type: image')],
    ['another length than it says', field('form-data; name="a"', 'Content-Length: 2')],
    ['too many parts', form(...Array.from({ length: 257 }, () => `${head('form-data; name="a"')}x`))],
  ])('is refused with %s', (_title, text) => {
    const bytes = text.includes('\u00ff') ? latin1(text) : Buffer.from(text)
    expect(() => readMultipart(bytes, 'b')).toThrow(GatewayError)
  })

  it('is refused or read, whatever its bytes, and read parts say exactly what was sent', () => {
    const piece = fc.constantFrom(
      '--b',
      '\r\n',
      '\n',
      '\r',
      '--',
      'x',
      head('form-data; name="a"'),
      '\r\n--b\r\n',
      '\r\n--b--',
      ' ',
    )
    const free = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    const framed = fc
      .array(free, { minLength: 1, maxLength: 3 })
      .map((contents) => form(...contents.map((content) => `${head('form-data; name="a"')}${content}`)))
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(free, framed), (text) => {
        try {
          const parts = readMultipart(Buffer.from(text), 'b')
          accepted += 1
          const contents = parts.map(
            ({ content }) => `${head('form-data; name="a"')}${Buffer.from(content).toString()}`,
          )
          expect([form(...contents), form(...contents).trimEnd()]).toContain(text)
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error
        }
      }),
      { numRuns: 2_000, seed: 20_261_120 },
    )
    expect(accepted).toBeGreaterThan(50)
  })
})

describe('a boundary', () => {
  it.each([
    ['bare', 'multipart/form-data; boundary=----abc123', '----abc123'],
    ['quoted', 'Multipart/Form-Data; Boundary="a+b"', 'a+b'],
  ])('may be %s', (_title, header, boundary) => {
    const mediaType = parseMediaType(header)
    expect(mediaType && readBoundary(mediaType)).toBe(boundary)
  })

  it.each([
    ['missing', 'multipart/form-data'],
    ['empty', 'multipart/form-data; boundary=""'],
    ['with a blank', 'multipart/form-data; boundary="a b"'],
    ['too long', `multipart/form-data; boundary=${'a'.repeat(71)}`],
    ['beside a charset', 'multipart/form-data; boundary=a; charset=utf-16'],
  ])('is refused when %s', (_title, header) => {
    const mediaType = parseMediaType(header)
    expect(() => mediaType && readBoundary(mediaType)).toThrow(GatewayError)
  })

  it.each([
    ['twice', 'multipart/form-data; boundary=a; boundary=b'],
    ['with an escape', 'multipart/form-data; boundary="a\\b"'],
    ['without a semicolon', 'multipart/form-data boundary=a'],
    ['after a comma', 'multipart/form-data, text/plain; boundary=a'],
    ['unfinished', 'multipart/form-data; boundary="a'],
  ])('makes the type unreadable when it comes %s', (_title, header) => {
    expect(parseMediaType(header)).toBeUndefined()
  })
})

describe('a form in one line', () => {
  it('gives its fields decoded, in order', () => {
    expect(readUrlEncoded('a=1+2%2B3&b=&a=caf%C3%A9%20%26')).toEqual([
      ['a', '1 2+3'],
      ['b', ''],
      ['a', 'café &'],
    ])
  })

  it.each([
    ['a semicolon', 'a=1;b=2'],
    ['an empty pair', 'a=1&&b=2'],
    ['a pair without a value', 'a=1&b'],
    ['a pair without a name', '=1'],
    ['two equals signs', 'a=b=c'],
    ['an escape that is none', 'a=%zz'],
    ['an unfinished escape', 'a=%4'],
    ['text that is not UTF-8', 'a=%ff'],
    ['a blank', 'a=b c'],
    ['a letter that must be encoded', 'a=é'],
    ['a line end', 'a=1\r\n'],
  ])('is refused with %s', (_title, text) => {
    expect(() => readUrlEncoded(text)).toThrow(GatewayError)
  })
})
