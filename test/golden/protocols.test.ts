// Wire in, facts out, wire out, for every protocol. A case is `protocols/<protocol>/<case>.in.yaml`: the connection's spec, one
// request, and its answers; `<case>.out.yaml` is what must come of it. Every streamed answer is cut at every byte, and read byte
// by byte: the facts and the events must be those of the whole. A case with `mask: {word: label}` shows, beside each of them, how the
// request leaves and how its answers arrive with these words masked. CI never writes; run vitest with -u to.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import { GatewayError } from '../../gateway/errors.ts'
import { Protocols } from '../../gateway/protocols/find.ts'
import type { AnswerFormat, AnswerHead, AnswerStream, ReadRequest } from '../../gateway/protocols/protocol.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import { toRefusal } from '../../gateway/reply.ts'
import type { ResponseFacts } from '../../policy/model.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../helpers/make.ts'
import { show, showChange, showMaskedAnswer, showMaskedRequest, type Answer } from '../helpers/masked-wire.ts'
import { makeTextMasks } from '../helpers/word-masks.ts'
import type { Words } from '../helpers/word-masker.ts'

/** Text as UTF-8, a value as its JSON, or bytes. */
type Written = { readonly text: string } | { readonly json: unknown } | { readonly base64: string }

interface Case {
  readonly connection: Partial<ModelConnectionSpec>
  /** What is masked in the request and in its answers. */
  readonly mask?: Words
  readonly request: {
    readonly method?: string
    readonly path: string
    readonly query?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: Written
  }
  readonly answers?: readonly {
    readonly title: string
    readonly status?: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body: Written
  }[]
}

const refusal = toRefusal(new GatewayError('response_denied', 'No.'))

test.for(globSync('protocols/*/*.in.yaml', { cwd: import.meta.dirname }))('%s', async (file) => {
  const input = path.join(import.meta.dirname, file)
  const given: Case = parseYaml(readFileSync(input, 'utf8'))
  const outcome = stringify(run(given), { lineWidth: 120, aliasDuplicateObjects: false })
  await expect(outcome).toMatchFileSnapshot(input.replace('.in.yaml', '.out.yaml'))
})

function run({ connection, request, answers = [], mask }: Case): object {
  const bundle = makeBundle({ connections: [makeConnection(connection)], policies: [] })
  const [compiled] = makeSnapshot(bundle).connections.values()
  if (compiled === undefined) throw new Error('the connection did not compile')
  const protocol = new Protocols().of(compiled)
  const { method = 'POST', query = '', headers = { 'content-type': 'application/json' } } = request
  const body = request.body === undefined ? new Uint8Array() : toBytes(request.body)
  const read = attempt(() => {
    const plan = protocol.plan({ method, path: request.path, query, headers })
    expect(plan.takesBody).toBe(request.body !== undefined)
    return plan.read(body)
  })
  if (read instanceof GatewayError) {
    return { refused: { code: read.code, message: read.message }, error: protocol.renderError(toRefusal(read)) }
  }
  return {
    ...showRequest(read, body, mask),
    error: (read.renderError ?? protocol.renderError)(refusal),
    answers: showAnswers(read.answer, answers, mask),
  }
}

function showRequest(read: ReadRequest, body: Uint8Array, mask: Words | undefined): object {
  return {
    facts: read.facts,
    upstream: showUpstream(read, body),
    ...(mask && { masked: showMaskedRequest(read, makeTextMasks(mask)) }),
    ...(read.ownAnswer && { ownAnswer: { ...read.ownAnswer, body: show(read.ownAnswer.body) } }),
  }
}

function showAnswers(
  format: AnswerFormat,
  answers: NonNullable<Case['answers']>,
  mask: Words | undefined,
): readonly object[] {
  return answers.map(({ title, body, ...head }) => {
    const answer = { format, head: toHead(head), bytes: toBytes(body) }
    return { title, ...readAnswer(answer), ...(mask && { masked: showMaskedAnswer(answer, makeTextMasks(mask)) }) }
  })
}

function toHead({ status = 200, headers = { 'content-type': 'application/json' } }: Partial<AnswerHead>): AnswerHead {
  return { status, headers }
}

function attempt(read: () => ReadRequest): ReadRequest | GatewayError {
  try {
    return read()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
}

function showUpstream({ upstream }: ReadRequest, sent: Uint8Array): object {
  const { body, ...rest } = upstream
  return body === undefined ? rest : { ...rest, body: showChange(body, sent) }
}

function readAnswer({ format, head, bytes }: Answer): object {
  try {
    if (format.openStream(head) === undefined) return { facts: format.readWhole(head, bytes) }
    const open = (): AnswerStream => {
      const stream = format.openStream(head)
      if (stream === undefined) throw new Error('the answer opened as a stream once, and not again')
      return stream
    }
    return readStream(open, bytes)
  } catch (error) {
    if (error instanceof AnswerUnreadable) return { unreadable: error.message }
    throw error
  }
}

function readStream(open: () => AnswerStream, bytes: Uint8Array): object {
  const whole = readPieces(open(), [bytes])
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const pieces = readPieces(open(), [bytes.subarray(0, cut), bytes.subarray(cut)])
    if (JSON.stringify(pieces) !== JSON.stringify(whole)) expect({ cut, ...pieces }).toEqual({ cut, ...whole })
  }
  expect(readPieces(open(), Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)))).toEqual(whole)
  const half = open()
  half.push(bytes.subarray(0, bytes.length / 2))
  return {
    facts: whole.facts,
    closed: {
      refused: show(half.close({ kind: 'Refused', refusal })),
      budgetSpent: show(half.close({ kind: 'BudgetSpent' })),
    },
  }
}

function readPieces(
  stream: AnswerStream,
  pieces: readonly Uint8Array[],
): { readonly events: string; readonly facts: ResponseFacts } {
  const events = pieces.flatMap((piece) => [...stream.push(piece)])
  const sent = Buffer.concat([...events, ...stream.end()])
  // Nothing is lost, nothing is added, whatever the pieces.
  expect(Buffer.compare(sent, Buffer.concat(pieces))).toBe(0)
  return { events: events.map(({ length }) => length).join(' '), facts: stream.facts() }
}

function toBytes(written: Written): Uint8Array {
  if ('text' in written) return Buffer.from(written.text)
  if ('json' in written) return Buffer.from(JSON.stringify(written.json))
  return Buffer.from(written.base64, 'base64')
}
