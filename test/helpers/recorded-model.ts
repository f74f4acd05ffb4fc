// A model server that says what real ones were recorded to say: the answers of the golden cases, each event of a stream written by
// itself, as servers write them. What it was asked is kept byte for byte, so that two ways to it can be compared.
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { parse as parseYaml } from 'yaml'
import type { Upstream } from './upstream-server.ts'
import { startUpstream } from './upstream-server.ts'

export interface Recording {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** As the server writes them, one by one. */
  readonly pieces: readonly Buffer[]
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

export interface RecordedModel extends Upstream {
  readonly seen: readonly Seen[]
}

interface Written {
  readonly text?: string
  readonly json?: unknown
  readonly base64?: string
}

interface Golden {
  readonly request: { readonly body: Written }
  readonly answers?: readonly {
    readonly title: string
    readonly status?: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body: Written
  }[]
}

const jsonType = { 'content-type': 'application/json' }

/** `golden` is protocol and case, such as `openai/chat-streams`; `title` is that of one of its answers. */
export function readRecording(golden: string, title: string): Recording {
  const answer = readGolden(golden).answers?.find((one) => one.title === title)
  if (answer === undefined) throw new Error(`${golden} has no answer “${title}”`)
  const { status = 200, headers = jsonType, body } = answer
  return { status, headers, pieces: body.text === undefined ? [toBytes(body)] : split(body.text) }
}

/** What a client sent. */
export function readAsked(golden: string): Buffer {
  return toBytes(readGolden(golden).request.body)
}

function readGolden(golden: string): Golden {
  return parseYaml(readFileSync(new URL(`../golden/protocols/${golden}.in.yaml`, import.meta.url), 'utf8'))
}

function toBytes({ text, json, base64 }: Written): Buffer {
  return base64 === undefined ? Buffer.from(text ?? JSON.stringify(json)) : Buffer.from(base64, 'base64')
}

export function toJson(value: unknown, status = 200): Recording {
  return { status, headers: jsonType, pieces: [Buffer.from(JSON.stringify(value))] }
}

/** A model that does not stop: the first piece that matches, again and again. */
export function goOn({ pieces, ...head }: Recording, match: RegExp, times: number): Recording {
  const place = pieces.findIndex((piece) => match.test(piece.toString()))
  const again = pieces[place]
  if (again === undefined) throw new Error(`no piece of the recording matches ${match.source}`)
  const more = Array.from({ length: times }, () => again)
  return { ...head, pieces: pieces.toSpliced(place, 0, ...more) }
}

/** Each piece as `change` would have it; undefined leaves it out. */
export function edit({ pieces, ...head }: Recording, change: (piece: string) => string | undefined): Recording {
  const changed = pieces.map((piece) => change(piece.toString()))
  return { ...head, pieces: changed.filter((piece) => piece !== undefined).map((piece) => Buffer.from(piece)) }
}

export async function startRecordedModel(answer: (asked: Seen) => Recording): Promise<RecordedModel> {
  const seen: Seen[] = []
  const upstream = await startUpstream((request, response) => {
    void buffer(request).then((body) => {
      const { method = '', url = '', headers } = request
      const asked = { method, url, headers, body }
      seen.push(asked)
      return replay(answer(asked), response)
    })
  })
  return { ...upstream, seen }
}

/** Where nobody reads any more, nothing more is written. */
async function replay({ status, headers, pieces }: Recording, response: ServerResponse): Promise<void> {
  response.socket?.setNoDelay(true)
  response.writeHead(status, headers)
  for (const piece of pieces) {
    if (response.destroyed) return
    response.write(piece)
    await setImmediate()
  }
  response.end()
}

function split(text: string): readonly Buffer[] {
  return text.split(/(?<=\n\n|\r\n\r\n)/u).map((piece) => Buffer.from(piece))
}
