// OpenAI's protocol against whatever a caller or a model server sends: nothing but refusals is thrown, no sentence goes unseen
// wherever it is put, and how a stream is cut changes nothing.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { GatewayError } from '../../gateway/errors.ts'
import { Protocols } from '../../gateway/protocols/find.ts'
import type { AnswerFormat, AnswerStream, ReadRequest } from '../../gateway/protocols/protocol.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import { isJsonObject } from '../../gateway/protocols/json/strict-json.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../helpers/make.ts'
import { runs } from './runs.ts'

const [connection] = makeSnapshot(makeBundle({ connections: [makeConnection()] })).connections.values()
if (connection === undefined) throw new Error('the connection did not compile')
const protocol = new Protocols().of(connection)

interface Recorded {
  readonly request: { readonly path: string; readonly body?: { readonly json?: JsonObject } }
  readonly answers?: readonly {
    readonly status?: number
    readonly body: { readonly json?: Json; readonly text?: string }
  }[]
}

function load(name: string): Recorded {
  const file = new URL(`../golden/protocols/openai/${name}.in.yaml`, import.meta.url)
  const recorded: Recorded = parseYaml(readFileSync(file, 'utf8'))
  return recorded
}

function read(path: string, body: Json): ReadRequest {
  const head = { method: 'POST', path, query: '', headers: { 'content-type': 'application/json' } }
  return protocol.plan(head).read(Buffer.from(JSON.stringify(body)))
}

function formatOf(name: string): AnswerFormat {
  const { request } = load(name)
  return read(request.path, request.body?.json ?? null).answer
}

const requests = ['chat-parts', 'completions', 'embeddings', 'responses'].map((name) => ({ ...load(name).request }))
const answered = ['chat-answers', 'completions', 'embeddings', 'responses']
const wholes = answered.flatMap((name) =>
  (load(name).answers ?? []).flatMap(({ body, status = 200 }) =>
    status === 200 && isJsonObject(body.json) ? [{ format: formatOf(name), body: body.json }] : [],
  ),
)
const streams = ['chat-streams', 'completions', 'responses-streams'].flatMap((name) =>
  (load(name).answers ?? []).flatMap(({ body }) =>
    body.text === undefined ? [] : [{ format: formatOf(name), text: body.text }],
  ),
)

const sentence = 'a sentence that nobody expects'

type Place = readonly (string | number)[]

/** Of every value in it. */
function listPlaces(value: Json, place: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [place]
  return [place, ...Object.entries(value).flatMap(([key, item]) => listPlaces(item, [...place, key]))]
}

function put(value: Json, [step, ...rest]: Place, change: (value: Json) => Json): Json {
  if (step === undefined) return change(value)
  if (Array.isArray(value))
    return value.map((item: Json, i) => (String(i) === String(step) ? put(item, rest, change) : item))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === step ? put(item, rest, change) : item]),
  )
}

const changes = {
  'in its place': (): Json => sentence,
  'in a list in its place': (): Json => [sentence],
  'below a key in its place': (): Json => ({ x_note: sentence }),
  'as a key in its place': (): Json => ({ x_notes: { [sentence]: 1 } }),
  'beside it': (value: Json): Json => (isJsonObject(value) ? { ...value, x_note: { deep: [sentence] } } : value),
} as const

const change = fc.constantFrom(...Object.values(changes))

/** Names of the caller's own choice, and secrets for the server of a tool: no model reads them. */
const unread =
  /^(?:metadata|user|stop|include|tool_choice|logit_bias|reasoning|user_location)$|^(?:tools\/\d+\/(?:authorization|headers))/u
const notText = new Set([
  'model',
  'stream',
  'stream_options',
  'temperature',
  'max_tokens',
  'store',
  'echo',
  'n',
  'best_of',
  'logprobs',
  'dimensions',
  'encoding_format',
])

describe('a sentence in a request', () => {
  it('is refused or seen, wherever it is put', () => {
    let seen = 0
    fc.assert(
      fc.property(fc.constantFrom(...requests), fc.nat(), change, ({ path, body }, at, changed) => {
        const json = body?.json ?? {}
        const places = listPlaces(json).filter(
          ([first = '', ...rest]) =>
            !unread.test([first, ...rest].join('/')) && !unread.test(String(first)) && !notText.has(String(first)),
        )
        const sent = put(json, places[at % places.length] ?? [], changed)
        if (!JSON.stringify(sent).includes(sentence)) return
        const outcome = attempt(() => read(path, sent))
        const isRefused = outcome instanceof Error
        const told = isRefused ? outcome.message : JSON.stringify({ ...outcome.facts, body: null, parameters: null })
        expect(told.includes(sentence)).toBe(!isRefused)
        if (!isRefused) seen += 1
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(50)
  })

  it('or any JSON at all throws nothing but refusals', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...requests),
        fc.nat(),
        fc.jsonValue({ maxDepth: 3 }),
        ({ path, body }, at, value) => {
          const places = listPlaces(body?.json ?? {})
          const sent = put(body?.json ?? {}, places[at % places.length] ?? [], () => JSON.parse(JSON.stringify(value)))
          const outcome = attempt(() => read(path, sent))
          expect(outcome instanceof GatewayError ? outcome.code : 'read').toMatch(/^(?:read|body_malformed)$/u)
        },
      ),
      runs,
    )
  })
})

function attempt<T>(run: () => T): T | GatewayError | AnswerUnreadable {
  try {
    return run()
  } catch (error) {
    if (error instanceof GatewayError || error instanceof AnswerUnreadable) return error
    throw error
  }
}

const jsonHead = { status: 200, headers: { 'content-type': 'application/json' } }

describe('a sentence in an answer', () => {
  it('is unreadable or seen, wherever it is put', () => {
    let seen = 0
    fc.assert(
      fc.property(fc.constantFrom(...wholes), fc.nat(), change, ({ format, body }, at, changed) => {
        const places = listPlaces(body)
        const said = put(body, places[at % places.length] ?? [], changed)
        if (!isJsonObject(said) || !JSON.stringify(said).includes(sentence)) return
        const facts = attempt(() => format.readWhole(jsonHead, Buffer.from(JSON.stringify(said))))
        if (facts instanceof Error) return
        expect(`${facts.text}\n${JSON.stringify(facts.toolCalls)}\n${facts.finishReason}`).toContain(sentence)
        seen += 1
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(50)
  })

  it('or any JSON at all throws nothing but that it is unreadable', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...wholes),
        fc.nat(),
        fc.jsonValue({ maxDepth: 3 }),
        ({ format, body }, at, value) => {
          const places = listPlaces(body)
          const said = put(body, places[at % places.length] ?? [], () => JSON.parse(JSON.stringify(value)))
          const facts = attempt(() => format.readWhole(jsonHead, Buffer.from(JSON.stringify(said))))
          expect(facts instanceof GatewayError).toBe(false)
        },
      ),
      runs,
    )
  })
})

const eventHead = { status: 200, headers: { 'content-type': 'text/event-stream' } }

function open(format: AnswerFormat): AnswerStream {
  const stream = format.openStream(eventHead)
  if (stream === undefined) throw new Error('it did not open')
  return stream
}

interface Outcome {
  readonly events: readonly string[]
  readonly facts: object | string
}

function readIn(format: AnswerFormat, pieces: readonly Uint8Array[]): Outcome {
  const stream = open(format)
  const events: string[] = []
  const keep = (said: readonly Uint8Array[]): void => {
    events.push(...said.map((event) => Buffer.from(event).toString('latin1')))
  }
  try {
    for (const piece of pieces) keep(stream.push(piece))
    keep(stream.end())
  } catch (error) {
    if (!(error instanceof AnswerUnreadable)) throw error
    return { events: [], facts: error.message }
  }
  return { events, facts: stream.facts() }
}

function cut(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...cuts.map((at) => at % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i] ?? 0, end))
}

/** A recorded stream with events swapped, left out, said twice, or with a sentence in one of them. */
const stream = fc
  .tuple(
    fc.constantFrom(...streams),
    fc.array(fc.tuple(fc.constantFrom('drop', 'twice', 'swap', 'say'), fc.nat(), fc.nat(), change), { maxLength: 4 }),
  )
  .map(([{ format, text }, edits]) => {
    let events = text.split(/(?<=\n\n)/u)
    for (const [edit, at, other, changed] of edits)
      events = editEvents(events, { edit, at: at % events.length, other, changed })
    return { format, text: events.join('') }
  })

interface Edit {
  readonly edit: string
  readonly at: number
  readonly other: number
  readonly changed: (value: Json) => Json
}

function editEvents(events: string[], { edit, at, other, changed }: Edit): string[] {
  const event = events[at] ?? ''
  if (edit === 'drop') return events.length === 1 ? events : events.toSpliced(at, 1)
  if (edit === 'twice') return events.toSpliced(at, 0, event)
  if (edit === 'swap') return events.toSpliced(at, 1).toSpliced(other % events.length, 0, event)
  return events.toSpliced(at, 1, editData(event, other, changed))
}

function editData(event: string, at: number, changed: (value: Json) => Json): string {
  const [, before = '', data = '', after = ''] = /^([^]*?data: ?)(\{.*\})([^]*)$/u.exec(event) ?? []
  const said = toJson(data)
  if (said === undefined) return event
  const places = listPlaces(said)
  return `${before}${JSON.stringify(put(said, places[at % places.length] ?? [], changed))}${after}`
}

function toJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

describe('a stream', () => {
  it('means the same however it is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), ({ format, text }, cuts) => {
        const bytes = Buffer.from(text)
        const whole = readIn(format, [bytes])
        expect(readIn(format, cut(bytes, cuts))).toEqual(whole)
        const sent = whole.events.join('')
        expect(['', bytes.toString('latin1')]).toContain(sent)
      }),
      runs,
    )
  })

  it('hides no sentence', () => {
    let seen = 0
    fc.assert(
      fc.property(stream, ({ format, text }) => {
        const { facts } = readIn(format, [Buffer.from(text)])
        if (typeof facts === 'string' || !text.includes(sentence)) return
        expect(JSON.stringify(facts)).toContain(sentence)
        seen += 1
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(20)
  })

  it('can be closed wherever it is, with events that are whole', () => {
    fc.assert(
      fc.property(stream, fc.nat(), fc.boolean(), ({ format, text }, at, isJudged) => {
        const bytes = Buffer.from(text)
        const opened = open(format)
        if (attempt(() => opened.push(bytes.subarray(0, at % (bytes.length + 1)))) instanceof Error) return
        if (isJudged) opened.facts()
        const events = Buffer.from(opened.close({ kind: 'BudgetSpent' })).toString('utf8')
        expect(events === '' || events.endsWith('\n\n')).toBe(true)
        expect(typeof readIn(format, [Buffer.from(events)]).facts).toBe('object')
      }),
      runs,
    )
  })
})
