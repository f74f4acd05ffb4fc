// Whatever body is accepted means the same to the gateway, which judges it, and to any server behind it, which obeys it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../gateway/errors.ts'
import { readJsonObject } from '../../gateway/protocols/json/fields.ts'
import { withModel } from '../../gateway/protocols/json/model-name.ts'
import { readChat } from '../../gateway/protocols/openai/chat.ts'
import type { InferenceFacts } from '../../policy/model.ts'
import type { Kept, Reading } from './reference-reader.ts'
import { parseKept, pick, pickItems, pickString, textsOf } from './reference-reader.ts'
import { runs } from './runs.ts'

const readings: readonly Reading[] = ['First', 'Last', 'LastAnyCase']

function read(text: string): InferenceFacts | undefined {
  try {
    return readChat(readJsonObject(Buffer.from(text)).body)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'body_malformed') return undefined
    throw error
  }
}

function expectSameMeaning(text: string, { messages: said = [], tools: offered = [], ...facts }: InferenceFacts): void {
  const kept = parseKept(text)
  for (const reading of readings) {
    expect(pickString(kept, 'model', reading)).toBe(facts.model)
    const stream = pick(kept, 'stream', reading)
    expect(stream?.kind === 'scalar' && stream.value === true).toBe(facts.stream)
    const messages = pickItems(kept, 'messages', reading)
    expect(messages.map((message) => pickString(message, 'role', reading))).toEqual(said.map(({ role }) => role))
    messages.forEach((message, i) => expectSameMessage(message, reading, said[i]?.content ?? ''))
    const tools = pickItems(kept, 'tools', reading)
    expect(tools.map((tool) => pickString(tool, 'type', reading))).toEqual(
      offered.slice(0, tools.length).map(({ type }) => type),
    )
    tools.forEach((tool, i) => {
      const declared = pick(tool, 'function', reading)
      expect(pickString(declared, 'name', reading) ?? '').toBe(offered[i]?.type === 'function' ? offered[i].name : '')
    })
    const most = ['max_tokens', 'max_completion_tokens'].map((key) => {
      const count = pick(kept, key, reading)
      return count?.kind === 'scalar' && typeof count.value === 'number' ? count.value : 0
    })
    expect(Math.max(...most)).toBe(facts.maxTokens)
  }
}

function expectSameMessage(message: Kept, reading: Reading, judged: string): void {
  for (const text of textsOf(pick(message, 'content', reading), reading)) expect(judged).toContain(text)
  for (const key of ['reasoning_content', 'reasoning', 'refusal', 'thinking', 'context']) {
    expect(judged).toContain(pickString(message, key, reading) ?? '')
  }
}

const word = fc.constantFrom('hi', 'evil', 'a"b', 'x\\', '\u2028', 'ſ', '', '{"model":"evil"}', '\u0000', '\ud800')
const knownKey = fc.constantFrom(
  'model',
  'messages',
  'tools',
  'stream',
  'max_tokens',
  'content',
  'role',
  'text',
  'type',
  'name',
  'function',
  'refusal',
  'reasoning_content',
  '__proto__',
  'constructor',
  'n',
  'max_completion_tokens',
)
const key = fc.oneof(
  { weight: 6, arbitrary: knownKey },
  { weight: 2, arbitrary: knownKey.map((name) => name.charAt(0).toUpperCase() + name.slice(1)) },
  { weight: 1, arbitrary: knownKey.map((name) => name.replaceAll('s', 'ſ').replaceAll('k', '\u212a')) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
)
/** The same key, some of its letters as escapes. */
const writtenKey = fc.tuple(key, fc.array(fc.boolean(), { maxLength: 8 })).map(([name, escapes]) => {
  const letters = name.split('').map((letter, i) => {
    const hex = letter.charCodeAt(0).toString(16).padStart(4, '0')
    return escapes[i] === true ? `\\u${hex}` : JSON.stringify(letter).slice(1, -1)
  })
  return `"${letters.join('')}"`
})
const blank = fc.constantFrom('', '', '', ' ', '\n', '\t ')
const part = fc.oneof(
  word.map((text) => `{"type":"text","text":${JSON.stringify(text)}}`),
  fc.tuple(writtenKey, word).map(([name, text]) => `{"type":"text","text":"t",${name}:${JSON.stringify(text)}}`),
  fc.constant('{"type":"image_url","image_url":{"url":"x"}}'),
)
const content = fc.oneof(
  word.map((text) => JSON.stringify(text)),
  fc.array(part, { maxLength: 3 }).map((parts) => `[${parts.join(',')}]`),
  fc.constantFrom('null', '7', '{}'),
)
const extra = fc.array(
  fc
    .tuple(writtenKey, blank, fc.oneof(content, fc.constantFrom('true', 'false', '9', '1e2', '-0', '[]')))
    .map(([name, gap, value]) => `${name}${gap}:${gap}${value}`),
  { maxLength: 2 },
)
const message = fc
  .tuple(fc.constantFrom('user', 'system', 'tool'), content, extra)
  .map(([role, said, more]) => `{${[`"role":"${role}"`, `"content":${said}`, ...more].join(',')}}`)
const tool = fc.oneof(
  fc.constantFrom(
    '{"type":"function","function":{"name":"f"}}',
    '{"type":"web_search"}',
    '{"type":"function","name":"g"}',
  ),
  extra.map((more) => `{${['"type":"function"', '"function":{"name":"f"}', ...more].join(',')}}`),
)
const body = fc
  .tuple(fc.array(message, { minLength: 1, maxLength: 3 }), fc.array(tool, { maxLength: 2 }), extra, fc.boolean())
  .chain(([messages, tools, more, stream]) =>
    fc.shuffledSubarray(
      [
        '"model":"m"',
        `"messages":[${messages.join(',')}]`,
        `"tools":[${tools.join(',')}]`,
        `"stream":${stream}`,
        ...more,
      ],
      { minLength: 2 },
    ),
  )
  .map((members) => `{${members.join(',')}}`)

/** One piece removed, doubled, or put in where it does not belong. */
const mutation = fc.record({
  at: fc.nat(),
  length: fc.nat(12),
  put: fc.constantFrom(
    '',
    ',',
    '"model":"evil",',
    '"Model":"evil",',
    '\\',
    '"',
    '{',
    ']',
    '//',
    'NaN',
    '\ufeff',
    '\u0000',
    ':',
    '"messages":[],',
  ),
  double: fc.boolean(),
})
const mutated = fc.tuple(body, fc.array(mutation, { maxLength: 3 })).map(([text, mutations]) =>
  mutations.reduce((changed, { at, length, put, double }) => {
    const start = at % (changed.length + 1)
    const cut = changed.slice(start, start + length)
    return changed.slice(0, start) + (double ? cut + cut : '') + put + changed.slice(start + (double ? length : 0))
  }, text),
)

describe('a body that is accepted', () => {
  it('means the same to every reader', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(body, mutated), (text) => {
        const facts = read(text)
        if (facts === undefined) return
        accepted += 1
        expectSameMeaning(text, facts)
      }),
      runs,
    )
    // A generator whose bodies are all refused proves nothing.
    expect(accepted).toBeGreaterThan(50)
  })

  it('means the same with another model, and every other byte stays', () => {
    fc.assert(
      fc.property(fc.oneof(body, mutated), fc.string(), (text, model) => {
        const facts = read(text)
        if (facts === undefined) return
        const renamed = withModel(text, model)
        const again = read(renamed)
        expect(again && { ...again, body: undefined }).toEqual({ ...facts, model, body: undefined })
      }),
      runs,
    )
  })

  it.each([
    ['the same key in another case', '{"model":"m","messages":[{"role":"user","content":"x"}],"Model":"evil"}'],
    ['tools in another case', '{"model":"m","messages":[{"role":"user","content":"x"}],"TOOLS":[{"type":"function"}]}'],
    ['an escaped twin', '{"model":"m","m\\u006fdel":"evil","messages":[{"role":"user","content":"x"}]}'],
    ['a long s', '{"model":"m","messages":[{"role":"user","content":"x"}],"me\u017fsages":[]}'],
    [
      'a function under another type',
      '{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"fion","function":{"name":"f"}}]}',
    ],
    ['a byte order mark', '\ufeff{"model":"m","messages":[{"role":"user","content":"x"}]}'],
  ])('is never one with %s', (_title, text) => {
    expect(read(text)).toBeUndefined()
  })
})
