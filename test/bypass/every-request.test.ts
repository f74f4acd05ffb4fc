// What every protocol must hold, whatever it reads: sizes, content types, paths, queries, and JSON that two readers would not read
// alike.
import { afterAll, beforeAll, it } from 'vitest'
import type { ProtocolName } from './class-list.ts'
import { allProtocols } from './class-list.ts'
import { attack } from './classes.ts'
import { expectFound, expectHeld, expectOddRefused, expectPassed } from './held.ts'
import { ask, everyConnection, nameOf, shapes } from './shapes.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, harmless, startWorld } from './world.ts'

const maxRequestBytes = 2048

let world: World

beforeAll(async () => {
  world = await startWorld(everyConnection({ spec: { limits: { maxRequestBytes } } }))
})

afterAll(async () => world[Symbol.asyncDispose]())

const refusedBodies = ['body_malformed']
const refusedTypes = ['content_type_unsupported', 'bad_request', 'body_malformed']
const refusedPaths = ['operation_not_supported', 'route_not_found', 'bad_request', 'model_not_found']

const jsonOf = (protocol: ProtocolName, word: string): string => JSON.stringify(shapes[protocol].body(word))

/** So many bytes, the word last: what is cut off would hide it. */
function sized(protocol: ProtocolName, bytes: number, word: string): Attempt {
  const pad = bytes - ask(protocol, ` ${word}`).body!.length
  return ask(protocol, `${'x'.repeat(pad)} ${word}`)
}

/** The same body with its text made of these bytes. */
function withText(protocol: ProtocolName, text: Buffer): Attempt {
  const [before = '', after = ''] = jsonOf(protocol, 'HERE').split('HERE')
  return { path: shapes[protocol].path, body: Buffer.concat([Buffer.from(before), text, Buffer.from(after)]) }
}

const toHex = (text: string): string => text.charCodeAt(0).toString(16)
const toPercent = (letter: string): string => `%${toHex(letter)}`
const toEscapes = (word: string): string => word.replaceAll(/./gu, (letter) => `\\u00${toHex(letter)}`)

/** The same place with two texts. */
function twiceIn(protocol: ProtocolName, first: string, second: string): string {
  const text = jsonOf(protocol, 'HERE')
  const [key = ''] = /"[^"]+":(?=(?:\["?HERE|"HERE))/u.exec(text) ?? []
  const toValue = text.includes('["HERE"]') ? (word: string) => `["${word}"]` : (word: string) => `"${word}"`
  return text.replace(`${key}${toValue('HERE')}`, `${key}${toValue(first)},${key}${toValue(second)}`)
}

/** Their own clients send none; the body is read as the servers read it. */
const untypedReaders: ReadonlySet<string> = new Set(['TorchServe', 'OpenInference', 'Triton', 'TensorFlowServing'])

/** Their manuals send JSON by `curl -d`, and they never look at its type. */
const curlReaders: ReadonlySet<string> = new Set(['Triton', 'TensorFlowServing'])

for (const protocol of allProtocols) {
  const name = nameOf(protocol)
  const { path } = shapes[protocol]
  const plain = ask(protocol, harmless)
  const expectRefused = (odd: Attempt, codes: readonly string[]): Promise<void> =>
    expectOddRefused(world, name, { plain, odd, codes })

  attack('size', protocol, () => {
    it.each([-1, 0])('%d bytes beside the limit is judged to its last byte', async (offset) => {
      await expectFound(world, name, (word) => sized(protocol, maxRequestBytes + offset, word))
    })

    it('one byte above the limit is refused', async () => {
      expectPassed(await world.send(name, sized(protocol, maxRequestBytes, harmless)))
      expectHeld(await world.send(name, sized(protocol, maxRequestBytes + 1, harmless)), ['body_too_large'])
    })

    it('one byte above the limit in chunks is refused', async () => {
      const body = sized(protocol, maxRequestBytes + 1, harmless).body as string
      const head = `POST /team-a/${name}${path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer TOKEN\r\n`
      const chunked = `content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`
      const bytes = `${head}${chunked}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      expectHeld(await world.sendRaw(bytes), ['body_too_large'])
    })
  })

  attack('content type', protocol, () => {
    const types = [
      'text/plain;charset=utf-16',
      'application/jsonp',
      'application/json; charset=utf-16',
      'application/json; charset=utf-7',
      'application/json, text/plain',
      'application/x-ndjson',
      'application/cloudevents+json',
      'multipart/mixed; boundary=x',
      'message/http',
      'application/msgpack',
    ]
    // TorchServe hands any other body to its handler as bytes; what is text in them is judged.
    const any = new Set([
      'application/jsonp',
      'application/x-ndjson',
      'application/cloudevents+json',
      'application/msgpack',
    ])
    it.each(types)('%s', async (type) => {
      if (protocol === 'TorchServe' && any.has(type)) {
        return expectFound(world, name, (word) => ({ ...ask(protocol, word), headers: { 'content-type': type } }))
      }
      return expectRefused({ ...ask(protocol, forbidden), headers: { 'content-type': type } }, refusedTypes)
    })

    it('none', async () => {
      const untyped = (word: string): Attempt => ({ ...ask(protocol, word), headers: { 'content-type': undefined } })
      if (untypedReaders.has(protocol)) return expectFound(world, name, untyped)
      return expectRefused(untyped(forbidden), refusedTypes)
    })

    it('what curl says of anything', async () => {
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      const curled = (word: string): Attempt => ({ ...ask(protocol, word), headers: type })
      if (curlReaders.has(protocol)) return expectFound(world, name, curled)
      return expectRefused(curled(forbidden), refusedTypes)
    })

    it('two', async () => {
      const headers = { 'content-type': 'application/json', 'Content-Type': 'text/plain' }
      await expectRefused({ ...ask(protocol, forbidden), headers }, ['bad_request'])
    })
  })

  attack('encoded paths', protocol, () => {
    const last = path.at(-1) ?? ''
    it.each([
      `${path}%2f`,
      `${path}%2e`,
      `${path};x=1`,
      `${path}%00`,
      `${path}%0d%0a`,
      `${path}%`,
      `/x/..${path}`,
      `/x/%2e%2e${path}`,
      `/.${path}`,
      `/${path}`,
      `${path.slice(0, -1)}${toPercent(last)}`,
      `${path.slice(0, -1)}%25${toPercent(last).slice(1)}`,
      path.replaceAll('/', '\\'),
      `${path}\\..\\x`,
      `${path}%5c`,
      `${path}%c0%af`,
    ])('%s', async (odd) => {
      await expectRefused({ ...ask(protocol, forbidden), path: odd }, refusedPaths)
    })
  })

  attack('query parameters', protocol, () => {
    it.each(['?model=other', '?prompt=nightjar', '?x', '?%6dodel=other', '??', '?key=1&api-version=1'])(
      '%s',
      async (query) => {
        await expectRefused({ ...plain, path: `${path}${query}` }, ['bad_request'])
      },
    )

    it('a fragment is no part of a path', async () => {
      await expectRefused({ ...plain, path: `${path}#${forbidden}` }, ['bad_request'])
    })
  })

  attack('duplicate keys', protocol, () => {
    it('the word in the first', async () => {
      await expectRefused({ path, body: twiceIn(protocol, forbidden, harmless) }, refusedBodies)
    })

    it('the word in the second', async () => {
      await expectRefused({ path, body: twiceIn(protocol, harmless, forbidden) }, refusedBodies)
    })

    it('an escaped twin', async () => {
      const body = twiceIn(protocol, harmless, forbidden)
      const key = /"([a-z_]+)":(?:\[)?"sparrows/u.exec(body)?.[1] ?? ''
      const at = body.lastIndexOf(`"${key}"`)
      const escaped = `"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}"`
      await expectRefused(
        { path, body: `${body.slice(0, at)}${escaped}${body.slice(at + key.length + 2)}` },
        refusedBodies,
      )
    })

    it('of the whole body', async () => {
      const body = jsonOf(protocol, harmless)
      const [key = ''] = Object.keys(shapes[protocol].body(''))
      const value = JSON.stringify(shapes[protocol].body(forbidden)[key])
      await expectRefused({ path, body: `${body.slice(0, -1)},"${key}":${value}}` }, refusedBodies)
    })
  })

  attack('other readers of JSON', protocol, () => {
    const text = jsonOf(protocol, forbidden)
    it.each([
      ['two values', `${jsonOf(protocol, harmless)}${text}`],
      ['two lines', `${jsonOf(protocol, harmless)}\n${text}`],
      ['a byte order mark', `\ufeff${text}`],
      ['a trailing comma', text.replace(/\}$/u, ',}')],
      ['a comment', `/* */${text}`],
      ['single quotes', text.replaceAll('"', "'")],
      ['NaN', text.replace(/\}$/u, ',"zz":NaN}')],
      ['Infinity', text.replace(/\}$/u, ',"zz":-Infinity}')],
      ['a number with a plus', text.replace(/\}$/u, ',"zz":+1}')],
      ['a NUL at the end', `${text}\0`],
      ['a line feed in a string', text.replace(forbidden, `a\n${forbidden}`)],
      ['a half escape', text.replace(forbidden, `\\u006${forbidden}`)],
      ['deep nesting', text.replace(/\}$/u, `,"zz":${'['.repeat(400)}${']'.repeat(400)}}`)],
      ['nothing', ' '],
      ['UTF-16', Buffer.from(text, 'utf16le')],
    ])('%s', async (_title, body) => {
      await expectRefused({ path, body }, refusedBodies)
    })

    it.each([
      ['a byte that is no UTF-8', Buffer.from([0x61, 0xff, 0x62])],
      ['a slash written too long', Buffer.from([0xc0, 0xaf])],
      ['half of a surrogate pair as bytes', Buffer.from([0xed, 0xa0, 0x80])],
      ['a cut sequence', Buffer.from([0xe2, 0x82])],
    ])('%s', async (_title, bytes) => {
      await expectRefused(withText(protocol, bytes), refusedBodies)
    })
  })

  attack('escapes and base64', protocol, () => {
    it('every letter as an escape', async () => {
      await expectFound(world, name, (word) => withText(protocol, Buffer.from(toEscapes(word))))
    })

    it('half of a surrogate pair before it', async () => {
      await expectFound(world, name, (word) => withText(protocol, Buffer.from(`\\ud83d${word}\\ude00`)))
    })
  })
}
