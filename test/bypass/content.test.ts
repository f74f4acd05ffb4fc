// Ways past the rules of TorchServe and of declared content: forms in parts, forms in a line, media that are not what they say, and
// text where none is declared.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { attack } from './classes.ts'
import { expectFound, expectOddRefused, expectRewritten } from './held.ts'
import { ask, everyConnection, nameOf, shapes } from './shapes.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, harmless, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld(everyConnection())
})

afterAll(async () => world[Symbol.asyncDispose]())

type Free = 'TorchServe' | 'HTTP'
type Case = readonly [title: string, toAttempt: (word: string) => Attempt]

const refusedCodes = ['body_malformed', 'content_type_unsupported', 'bad_request', 'body_too_large']

function found(protocol: Free, cases: readonly Case[]): void {
  it.each(cases)('%s', async (_title, toAttempt) => {
    await expectFound(world, nameOf(protocol), toAttempt)
  })
}

function refused(protocol: Free, cases: readonly (readonly [string, Attempt])[]): void {
  it.each(cases)('%s', async (_title, odd) => {
    await expectOddRefused(world, nameOf(protocol), { plain: ask(protocol, harmless), odd, codes: refusedCodes })
  })
}

const send = (protocol: Free, type: string, body: string | Buffer): Attempt => ({
  path: shapes[protocol].path,
  headers: { 'content-type': type },
  body,
})
const json = (protocol: Free, value: Json): Attempt => send(protocol, 'application/json', JSON.stringify(value))
const line = (protocol: Free, body: string): Attempt => send(protocol, 'application/x-www-form-urlencoded', body)

const boundary = 'frontier'
const form = (protocol: Free, body: string | Buffer): Attempt =>
  send(protocol, `multipart/form-data; boundary=${boundary}`, body)
const part = (text: string, head = 'form-data; name="note"', more = ''): string =>
  `--${boundary}\r\nContent-Disposition: ${head}\r\n${more}\r\n${text}\r\n`
const end = `--${boundary}--\r\n`
const image = (head: string, content: Buffer | string, type = 'image/png'): Buffer =>
  Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\nContent-Type: ${type}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from(`\r\n${end}`),
  ])

/** With these sizes in its header, and no pixels. */
function png(width: number, height: number, behind = ''): Buffer {
  const head = Buffer.alloc(25)
  head.writeUInt32BE(13)
  head.write('IHDR', 4)
  head.writeUInt32BE(width, 8)
  head.writeUInt32BE(height, 12)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), head, Buffer.from(behind)])
}

const toPercent = (word: string): string => word.replaceAll(/./gu, (letter) => `%${letter.charCodeAt(0).toString(16)}`)

for (const protocol of ['TorchServe', 'HTTP'] as const) {
  attack('forms in parts', protocol, () => {
    found(protocol, [
      ['a part', (word) => form(protocol, part(word) + end)],
      ['the second part of the same name', (word) => form(protocol, part('a') + part(word) + end)],
      [
        'a part of JSON',
        (word) => form(protocol, part(`{"a":["${word}"]}`, undefined, 'Content-Type: application/json\r\n') + end),
      ],
      [
        'a part of JSON with escapes',
        (word) => form(protocol, part(`{"a":"\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}"}`) + end),
      ],
      ['name of a file', (word) => form(protocol, part('a', `form-data; name="note"; filename="${word}"`) + end)],
      [
        'a part in a file of text',
        (word) =>
          form(protocol, part(word, 'form-data; name="note"; filename="a"', 'Content-Type: text/plain\r\n') + end),
      ],
      ['a form in a line', (word) => line(protocol, `note=${word}`)],
      ['a form in a line, in escapes', (word) => line(protocol, `note=${toPercent(word)}`)],
      ['a form in a line, the second of a name', (word) => line(protocol, `note=a&note=${word}`)],
      ['a form in a line, its name in escapes', (word) => line(protocol, `n%6fte=${word}`)],
    ])
    it('name of a file, told twice alike', async () => {
      await expectRewritten(world, nameOf(protocol), (word) =>
        form(protocol, part('a', `form-data; name="note"; filename="${word}"; filename*=UTF-8''${word}`) + end),
      )
    })
    refused(protocol, [
      ['two names of a part', form(protocol, part(forbidden, 'form-data; name="note"; name="x"') + end)],
      [
        'two names of a file',
        form(protocol, part('a', `form-data; name="note"; filename="a"; filename*=UTF-8''${forbidden}`) + end),
      ],
      [
        'the name of a file in escapes alone',
        form(protocol, part('a', `form-data; name="note"; filename*=UTF-8''${forbidden}`) + end),
      ],
      [
        'a form in a form',
        form(
          protocol,
          part(`--x\r\n\r\n${forbidden}\r\n--x--`, undefined, 'Content-Type: multipart/mixed; boundary=x\r\n') + end,
        ),
      ],
      [
        'a coding of its own',
        form(protocol, part('bmlnaHRqYXI=', undefined, 'Content-Transfer-Encoding: base64\r\n') + end),
      ],
      ['something before the first', form(protocol, `${forbidden}\r\n${part('a')}${end}`)],
      ['something after the last', form(protocol, `${part('a')}${end}${part(forbidden)}`)],
      ['no end', form(protocol, part(forbidden))],
      ['bare line feeds', form(protocol, `${part('a')}${end}`.replaceAll('\r\n', '\n'))],
      ['a boundary behind a line feed', form(protocol, `${part(`a\n--${boundary}\r\n${forbidden}`)}${end}`)],
      [
        'a boundary with a blank',
        form(protocol, `--${boundary} \r\n${part(forbidden).slice(boundary.length + 4)}${end}`),
      ],
      ['an encoded word', form(protocol, part('a', 'form-data; name="note"; filename="=?utf-8?q?x?="') + end)],
      ['a backslash in a name', form(protocol, part('a', 'form-data; name="no\\"te"') + end)],
      ['a quote in a name, as browsers write it', form(protocol, part('a', 'form-data; name="no%22te"') + end)],
      ['a folded line', form(protocol, part('a', 'form-data;\r\n name="note"') + end)],
      [
        'two dispositions',
        form(protocol, part('a', 'form-data; name="note"', 'Content-Disposition: form-data; name="x"\r\n') + end),
      ],
      ['an attachment', form(protocol, part(forbidden, 'attachment; name="note"') + end)],
      [
        'another charset',
        form(protocol, part(forbidden, undefined, 'Content-Type: text/plain; charset=utf-16\r\n') + end),
      ],
      ['another length', form(protocol, part(forbidden, undefined, 'Content-Length: 1\r\n') + end)],
      ['two boundaries', send(protocol, 'multipart/form-data; boundary=frontier; boundary=x', part(forbidden) + end)],
      ['no boundary', send(protocol, 'multipart/form-data', part(forbidden) + end)],
      ['a mixture', send(protocol, 'multipart/mixed; boundary=frontier', part(forbidden) + end)],
      ['half an escape', line(protocol, `note=%6${forbidden}`.replace('%6n', '%6'))],
      ['bytes that are no UTF-8 in escapes', line(protocol, 'note=%ff%fe')],
      [
        'a form with a charset',
        send(protocol, 'application/x-www-form-urlencoded; charset=utf-16', `note=${forbidden}`),
      ],
    ])
  })

  attack('media that lie', protocol, () => {
    found(protocol, [
      ['text behind an image', (word) => form(protocol, image('name="note"; filename="a"', word, 'text/plain'))],
    ])
    refused(protocol, [
      ['a picture of another kind', form(protocol, image('name="photo"; filename="a"', png(9, 9), 'image/jpeg'))],
      ['a sound that is a picture', form(protocol, image('name="photo"; filename="a"', png(9, 9), 'audio/wav'))],
      ['text that calls itself a picture', form(protocol, image('name="photo"; filename="a"', forbidden))],
      [
        'a page that calls itself a picture',
        form(protocol, image('name="photo"; filename="a"', `<svg>${forbidden}</svg>`, 'image/jpeg')),
      ],
    ])
  })
}

attack('media that lie', 'HTTP', () => {
  refused('HTTP', [
    ['a picture that is too wide', form('HTTP', image('name="photo"; filename="a"', png(65, 9)))],
    ['a picture that is too high', form('HTTP', image('name="photo"; filename="a"', png(9, 65)))],
    ['a huge picture', form('HTTP', image('name="photo"; filename="a"', png(0x7fffffff, 0x7fffffff)))],
    ['a picture without sizes', form('HTTP', image('name="photo"; filename="a"', '\x89PNG'))],
    [
      'a small picture with a second header',
      form('HTTP', image('name="photo"; filename="a"', Buffer.concat([png(9, 9), png(9999, 9).subarray(8)]))),
    ],
    [
      'a kind that is not declared',
      form('HTTP', image('name="photo"; filename="a"', 'GIF89a\x09\0\x09\0', 'image/gif')),
    ],
    ['a picture where text is declared', form('HTTP', image('name="note"; filename="a"', png(9, 9)))],
  ])
})

attack('nested parts', 'TorchServe', () => {
  found('TorchServe', [
    ['deep within', (word) => json('TorchServe', [{ a: [{ b: [[word]] }] }])],
    ['a key', (word) => json('TorchServe', { [word]: 1 })],
    ['an envelope of KServe', (word) => json('TorchServe', { instances: [{ data: word }] })],
    ['base64', (word) => json('TorchServe', { b64: Buffer.from(`the ${word}`).toString('base64') })],
  ])
})
attack('unknown fields that carry text', 'TorchServe', () => {
  found('TorchServe', [
    ['a part of its own', (word) => form('TorchServe', part(word, 'form-data; name="other"') + end)],
    ['an explanation', (word) => ({ ...ask('TorchServe', word), path: '/explanations/m' })],
  ])
})
attack('non-string content', 'TorchServe', () => {
  found('TorchServe', [
    ['plain text', (word) => send('TorchServe', 'text/plain', word)],
    ['one string', (word) => json('TorchServe', word)],
    [
      'JSON that calls itself text',
      (word) => send('TorchServe', 'text/plain', `{"a":"\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}"}`),
    ],
    ['text that calls itself bytes', (word) => send('TorchServe', 'application/octet-stream', word)],
    [
      'text behind a byte that is no UTF-8',
      (word) => send('TorchServe', 'application/octet-stream', Buffer.concat([Buffer.from([0xff]), Buffer.from(word)])),
    ],
    ['a kind that nobody knows', (word) => send('TorchServe', 'application/x-own', word)],
  ])
})

attack('nested parts', 'HTTP', () => {
  found('HTTP', [
    ['the last of many', (word) => json('HTTP', { lines: [{ text: 'a' }, { text: word }] })],
    ['a member of an object', (word) => json('HTTP', { lines: { one: { text: word } } })],
  ])
})
attack('unknown fields that carry text', 'HTTP', () => {
  refused('HTTP', [
    ['beside the declared one', json('HTTP', { text: 'a', note: forbidden })],
    ['below the declared one', json('HTTP', { text: { deep: forbidden } })],
    ['above the declared one', json('HTTP', { lines: forbidden })],
    ['in a list at the place', json('HTTP', { text: [forbidden] })],
    ['in capitals', json('HTTP', { Text: forbidden })],
    ['twins in case', json('HTTP', { text: 'a', TEXT: 1 })],
    ['a key that is a sentence', json('HTTP', { text: 'a', [`see the ${forbidden}`]: 1 })],
    ['a part that nobody declared', form('HTTP', part(forbidden, 'form-data; name="other"') + end)],
    ['a field that nobody declared', line('HTTP', `other=${forbidden}`)],
  ])
})
attack('non-string content', 'HTTP', () => {
  refused('HTTP', [
    ['a list as the body', json('HTTP', [forbidden])],
    ['a string as the body', json('HTTP', forbidden)],
    ['plain text', send('HTTP', 'text/plain', forbidden)],
    ['bytes', send('HTTP', 'application/octet-stream', forbidden)],
  ])
})

attack('other endpoints', 'TorchServe', () => {
  const codes = ['operation_not_supported', 'bad_request', 'route_not_found', 'model_not_found']
  it.each([
    '/models',
    '/models/m',
    '/workflows',
    '/wfpredict/w',
    '/metrics',
    '/v1/models/m:predict',
    '/v2/models/m/infer',
    '/predictions',
    '/predictions/a%2fb',
    '/predictions/../models',
    '/predictions/m/1/2',
    '/invocations',
  ])('%s', async (path) => {
    const odd = { ...ask('TorchServe', harmless), path }
    await expectOddRefused(world, 'torchserve', { plain: ask('TorchServe', harmless), odd, codes })
  })
})
attack('other endpoints', 'HTTP', () => {
  it.each<[string, Partial<Attempt>]>([
    ['another method', { method: 'PROPFIND' }],
    ['TRACE', { method: 'TRACE', body: '' }],
    ['an escape in the path', { path: '/see%20the%20word' }],
    ['a body to GET', { method: 'GET' }],
    ['a body to DELETE', { method: 'DELETE' }],
  ])('%s', async (_title, change) => {
    const odd = { ...ask('HTTP', harmless), ...change }
    const codes = ['operation_not_supported', 'body_malformed', 'bad_request']
    await expectOddRefused(world, 'http', { plain: ask('HTTP', harmless), odd, codes })
  })
})
