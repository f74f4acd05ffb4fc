// MCP under a mask: an event is masked as the same message alone, however the bytes are cut; headers that repeat a call say what the
// masked call says; and nothing that a caller, a tool or a server wrote is forgotten.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { GatewayError } from '../../gateway/errors.ts'
import { assertAgreement } from '../../gateway/protocols/mcp/agreement.ts'
import { toMcpAnswer } from '../../gateway/protocols/mcp/answer.ts'
import { buildMcp } from '../../gateway/protocols/mcp/mcp.ts'
import { readMessage } from '../../gateway/protocols/mcp/message.ts'
import type { AnswerHead, UpstreamRequest } from '../../gateway/protocols/protocol.ts'
import { compileEngine } from '../../policy/masking/engine.ts'
import { nest } from '../../policy/masking/framing/json-text.ts'
import type { Start } from '../../policy/masking/framing/place.ts'
import { findDetectors } from '../../policy/masking/packs.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import { findKeptNumbers, listPlaces, put, waysToSay } from '../helpers/json-places.ts'
import { makeTextMasks } from '../helpers/word-masks.ts'
import { numRuns, runs } from './runs.ts'

const wholeHead: AnswerHead = { status: 200, headers: { 'content-type': 'application/json' } }
const streamHead: AnswerHead = { status: 200, headers: { 'content-type': 'text/event-stream' } }
const answer = toMcpAnswer('a-1')
const protocol = buildMcp()

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function maskWhole(message: Json, masks: TextMasks): string {
  const masked = answer.maskWhole?.(wholeHead, encode(JSON.stringify(message)), masks)
  if (!(masked instanceof Uint8Array)) throw new Error('a whole message is masked as bytes')
  return decode(masked)
}

function write(messages: readonly Json[]): string {
  return messages.map((one, i) => `event: message\nid: 3a_${i}\ndata: ${JSON.stringify(one)}\n\n`).join('')
}

function maskStream(text: string, masks: TextMasks, cuts: readonly number[] = []): string {
  const stream = answer.openStream(streamHead)
  const mask = answer.openMask?.(streamHead, masks)
  if (stream === undefined || mask === undefined) throw new Error('a stream of events opens as one')
  const bytes = encode(text)
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  const sent = ends.flatMap((end, i) => stream.push(bytes.subarray(ends[i - 1] ?? 0, end)).map(mask.push))
  return decode(Buffer.concat([...sent, ...stream.end().map(mask.push), mask.end()]))
}

const wordMasks = makeTextMasks({ '4111': '[CARD]', ann: '[N]', 'a"b': '[Q]', é: 'é\n' })

const engine = compileEngine(['card', 'email', 'iban'].flatMap((name) => findDetectors(name) ?? []))
if ('problems' in engine) throw new Error('the detectors do not compile')
const realStart: Start = nest(() => engine.start(({ detector }) => `<${detector}>`))
const realMasks: TextMasks = { start: realStart, over: (root) => root, field: () => realStart }

const said = fc
  .array(fc.constantFrom('4111', '4111 1111 1111 1111', 'jo@x.com', 'ann', 'a"b', 'é', ' ', '\n', '{', 'x'), {
    maxLength: 5,
  })
  .map((all) => all.join(''))
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(said, fc.constantFrom(4111, 41.11, true, null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(said, tie('value'), { maxKeys: 3 }),
  ),
})).value
const content = fc.array(
  fc.oneof(
    said.map((text): Json => ({ type: 'text', text })),
    said.map((text): Json => ({ type: 'resource', resource: { uri: 'file:///x', blob: encode(text).toBase64() } })),
    value,
  ),
  { maxLength: 3 },
)
const message = fc.oneof(
  fc.record({ content, structuredContent: value }).map((result): JsonObject => ({ jsonrpc: '2.0', id: 'a-1', result })),
  fc
    .record({ progressToken: fc.nat(), message: said })
    .map((params): JsonObject => ({ jsonrpc: '2.0', method: 'notifications/progress', params })),
  fc
    .record({ level: fc.constant('info'), data: value })
    .map((params): JsonObject => ({ jsonrpc: '2.0', method: 'notifications/message', params })),
  value,
)

describe('a stream of messages', () => {
  it.each([
    ['words', wordMasks],
    ['detectors', realMasks],
  ])(
    'says what each of them says alone, however its bytes are cut: %s',
    (_, masks) => {
      fc.assert(
        fc.property(
          fc.array(message, { maxLength: 3 }),
          fc.array(fc.nat(2_000), { maxLength: 4 }),
          (messages, cuts) => {
            const masked = maskStream(write(messages), masks, cuts)
            const alone = messages.map((one): Json => JSON.parse(maskWhole(one, masks)))
            expect(
              [...masked.matchAll(/^data: (.*)$/gmu)].map(([, data = '']): Json => JSON.parse(data)),
            ).toStrictEqual(alone)
          },
        ),
        { ...runs, numRuns: Math.ceil(numRuns / 2) },
      )
    },
    600_000,
  )

  it('is the same for every cut and every two', () => {
    const text = write([{ jsonrpc: '2.0', id: 'a-1', result: { content: [{ type: 'text', text: 'é ann 4111' }] } }])
    const whole = maskStream(text, wordMasks)
    expect(whole).toContain('"é\\n [N] [CARD]"')
    const length = encode(text).length
    const wrong: unknown[] = []
    for (let i = 0; i <= length; i += 1) {
      for (let k = i; k <= length; k += 1) if (maskStream(text, wordMasks, [i, k]) !== whole) wrong.push({ i, k })
    }
    expect(wrong).toStrictEqual([])
  })
})

interface Call {
  readonly name: string
  readonly given: Readonly<Record<string, Json>>
}

function toHeaderValue(text: string): string {
  return `=?base64?${encode(text).toBase64()}?=`
}

/** Headers as a client writes them, with every argument that can be repeated. */
function toHeaders({ name, given }: Call): Record<string, string> {
  const repeated = Object.values(given).filter((one) => typeof one === 'string' || typeof one === 'number')
  return {
    'content-type': 'application/json',
    'mcp-method': 'tools/call',
    mcp_name: toHeaderValue(name),
    ...Object.fromEntries(repeated.map((one, i) => [`mcp-param-p${i}`, toHeaderValue(String(one))])),
  }
}

function sendMasked(headers: Record<string, string>, body: Json, masks: TextMasks): UpstreamRequest | undefined {
  try {
    const read = protocol.plan({ method: 'POST', path: '/mcp', query: '', headers }).read(encode(JSON.stringify(body)))
    return read.mask?.(masks)
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}

describe('headers that repeat a call', () => {
  it('agree with the masked call, and show nothing that it does not', () => {
    const call = fc.record({ name: said, given: fc.dictionary(fc.constantFrom('a', 'ann', '4111', 'z'), value) })
    fc.assert(
      fc.property(call, ({ name, given }) => {
        const headers = toHeaders({ name, given })
        const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: given } }
        const sent = sendMasked(headers, body, wordMasks)
        const now = { ...headers, ...sent?.headers }
        const masked = readMessage(sent?.body ?? new Uint8Array())
        assertAgreement(now, masked)
        const shown = Object.values(now).map((one) =>
          one.startsWith('=?') ? decode(Uint8Array.fromBase64(one.slice(9, -2))) : one,
        )
        expect(shown.filter((one) => /4111|ann/u.test(one))).toStrictEqual([])
      }),
      { ...runs, numRuns: Math.ceil(numRuns / 2) },
    )
  }, 600_000)
})

interface Said {
  readonly json?: Json
  readonly text?: string
}

interface Recorded {
  readonly request: { readonly method?: string; readonly body?: Said }
  readonly answers?: readonly { readonly body: Said }[]
}

const folder = path.join(import.meta.dirname, '../golden/protocols/mcp')
const recorded = globSync('*.in.yaml', { cwd: folder }).map((file): Recorded =>
  parseYaml(readFileSync(path.join(folder, file), 'utf8')),
)
const secret = 'a secret of ann and nobody else'
const account = 4_111_411_141_114_111
const secretMasks = makeTextMasks({ [secret]: '[S]', [account]: '[N]' })
const binary = encode(secret).toBase64()
const ways = Object.entries({ ...waysToSay(secret), 'as a file in its place': () => ({ uri: 'x', blob: binary }) })

/** Where the secret still stands after masking. `mask` gives nothing for what is refused. */
function findLeaks(given: Json, mask: (changed: Json) => string | undefined): { leaks: unknown[]; seen: number } {
  const leaks: unknown[] = []
  let seen = 0
  for (const place of listPlaces(given)) {
    for (const [way, change] of ways) {
      const masked = mask(put(given, place, change))
      if (masked?.includes(secret) === true || masked?.includes(binary) === true) leaks.push({ given, place, way })
      if (masked !== undefined) seen += 1
    }
  }
  return { leaks, seen }
}

function toJson({ json, text = '' }: Said): Json {
  if (json !== undefined) return json
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

describe('a secret', () => {
  it('does not reach the server, wherever it stands', () => {
    const bodies = recorded.flatMap(({ request: { body } }) => (body === undefined ? [] : [toJson(body)]))
    const found = bodies.map((body) =>
      findLeaks(body, (changed) => {
        const sent = sendMasked({ 'content-type': 'application/json' }, changed, secretMasks)?.body
        return sent && decode(sent)
      }),
    )
    expect(found.flatMap(({ leaks }) => leaks)).toStrictEqual([])
    expect(found.reduce((sum, { seen }) => sum + seen, 0)).toBeGreaterThan(500)
  })

  it('does not reach the client, wherever it stands', () => {
    const bodies = recorded.flatMap(({ answers = [] }) => answers.map(({ body }) => toJson(body)))
    const found = bodies.map((body) => findLeaks(body, (changed) => maskWhole(changed, secretMasks)))
    expect(found.flatMap(({ leaks }) => leaks)).toStrictEqual([])
    expect(found.reduce((sum, { seen }) => sum + seen, 0)).toBeGreaterThan(2_000)
  })
})

it('keeps a number nowhere but where the protocol counts', () => {
  const received = recorded
    .flatMap(({ answers = [] }) => answers.map(({ body }) => toJson(body)))
    .flatMap((body) => findKeptNumbers(body, account, (changed) => maskWhole(changed, secretMasks)))
  expect([...new Set(received)].toSorted()).toStrictEqual(['code', 'id', 'priority'])
})
