// The answer of OpenAI's Responses: whole, or as typed events, in which each text comes in pieces, then as a whole, then within its
// item, and once more at the end. All of them must tell the same; what is told again counts once.
import type { Json, JsonObject, Usage } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { AnswerFormat } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import type { Spoken, Transcript } from './answer.ts'
import { toAnswerFormat, toUsage } from './answer.ts'
import { Channels } from './channels.ts'
import type { Reading } from './gather.ts'
import { gatherText, listText } from './gather.ts'
import { responseMasking } from './masking/responses.ts'
import { responseClosing } from './response-closing.ts'
import { echoed, eventShape, inputs, parts, responseShape, texts, type TextPlace } from './response-events.ts'
import { annotationShape, partShape, toCall, toItemShape } from './response-items.ts'
import type { CallPiece } from './tool-calls.ts'
import { ToolCalls } from './tool-calls.ts'

/** `asked` is the request, which answers repeat. */
export function toResponseAnswer(asked: JsonObject): AnswerFormat {
  return toAnswerFormat(() => new ResponseTranscript(asked), responseMasking, responseClosing)
}

class ResponseTranscript implements Transcript {
  readonly #asked: JsonObject
  readonly #channels = new Channels()
  readonly #calls = new ToolCalls()
  /** The id of the item at each place. */
  readonly #ids = new Map<string, string>()
  readonly #readers: ReadonlyMap<string, (said: JsonObject, phase: string) => void> = new Map([
    ...[...texts].map(([name, field]) => [name, this.#readText(field)] as const),
    ...[...inputs].map(([name, key]) => [name, this.#readInput(key)] as const),
    ...[...parts].map(([name, list]) => [name, this.#readPart(list)] as const),
    ['response.output_item', (said: JsonObject) => this.#takeOutputItem(said)] as const,
    ['response.output_text.annotation', (said: JsonObject) => this.#takeAnnotation(said)] as const,
  ])
  #askedTexts: ReadonlySet<string> | undefined
  #finishReason = ''
  #usage: Usage | undefined

  constructor(asked: JsonObject) {
    this.#asked = asked
  }

  readonly take = (said: JsonObject, event: string): void => {
    const type = toType(said, event)
    if (type === '') this.#takeResponse(said)
    else this.#takeEvent(type, said)
  }

  readonly tell = (text: string): void => {
    this.#channels.tell('', text)
  }

  readonly spoken = (): Spoken => ({
    text: this.#channels.text(),
    toolCalls: this.#calls.list(),
    finishReason: this.#finishReason,
    ...(this.#usage && { usage: this.#usage }),
  })

  #takeEvent(type: string, said: JsonObject): void {
    const [, name = type, phase = ''] = /^(.+)\.(added|delta|done)$/u.exec(type) ?? []
    const read = this.#readers.get(name)
    if (read !== undefined) read(said, phase)
    else if (isJsonObject(said['response'])) this.#takeLifecycle(said['response'], said)
    else this.#takeOther(type, said)
  }

  #readText([list, field]: TextPlace) {
    return (said: JsonObject, phase: string): void => {
      const path = toPartPath(said, list)
      const isDelta = phase === 'delta'
      const key = isDelta ? 'delta' : field
      if (isDelta) this.#append(said[key], 'Text', `${path}/${field}`)
      else this.#settle(said[key], 'Text', `${path}/${field}`)
      if (isDelta) this.#append(said['logprobs'], 'Tokens', `${path}/logprobs`)
      else this.#settle(said['logprobs'], 'Tokens', `${path}/logprobs`)
      this.#takeRest(said, [key, 'logprobs'])
    }
  }

  #readInput(inputKey: string) {
    return (said: JsonObject, phase: string): void => {
      const path = toPath(said)
      if (phase === 'delta') this.#calls.append(path, { input: said['delta'] })
      else this.#settleCall(path, { name: said['name'], input: said[inputKey] })
      this.#takeRest(said, phase === 'delta' ? ['delta'] : [inputKey, 'name'])
    }
  }

  #readPart(list: string) {
    return (said: JsonObject): void => {
      this.#settle(said['part'], partShape, toPartPath(said, list))
      this.#takeRest(said, ['part'])
    }
  }

  #takeAnnotation(said: JsonObject): void {
    const path = `${toPath(said)}/content/${toPlace(said['content_index'])}/annotations/${toPlace(said['annotation_index'])}`
    this.#settle(said['annotation'], annotationShape, path)
    this.#takeRest(said, ['annotation'])
  }

  #takeOutputItem(said: JsonObject): void {
    const { item } = said
    if (isJsonObject(item)) this.#takeItem(item, toPath(said))
    else this.#settle(item, 'Text', toPath(said))
    this.#takeRest(said, ['item'])
  }

  #takeLifecycle(response: JsonObject, said: JsonObject): void {
    this.#takeResponse(response)
    this.#takeRest(said, ['response'])
  }

  #takeOther(type: string, said: JsonObject): void {
    const places = ['output_index', 'item_id', 'content_index', 'command_index'].map((key) => JSON.stringify(said[key]))
    const path = [type, ...places].join('/')
    const shape = type === 'response.audio.delta' ? { ...eventShape, delta: 'Opaque' as const } : eventShape
    this.#append(said, shape, path)
  }

  #takeRest(said: JsonObject, read: readonly string[]): void {
    const rest = Object.fromEntries(Object.entries(said).filter(([key]) => !read.includes(key)))
    gatherText(rest, eventShape, { path: 'event', found: this.#channels.tell })
  }

  #takeResponse(response: JsonObject): void {
    gatherText(response, responseShape, { path: 'response', found: this.#channels.tell })
    for (const key of echoed) this.#takeEcho(key, response[key])
    const output = response['output'] ?? []
    if (!Array.isArray(output)) throw new AnswerUnreadable('The output of the answer is no list.')
    output.forEach((item: Json, place) => {
      if (!isJsonObject(item)) throw new AnswerUnreadable('An item of the answer is no object.')
      this.#takeFinal(item, `output/${place}`)
    })
    this.#usage = toUsage(response['usage'], 'input_tokens', 'output_tokens') ?? this.#usage
    this.#finishReason = toFinishReason(response) || this.#finishReason
  }

  #takeEcho(key: string, value: Json | undefined): void {
    const said = listText(value, key === 'instructions' ? 'Text' : 'Quiet')
    if (said.length === 0) return
    this.#askedTexts ??= new Set(listText(this.#asked, 'Text'))
    for (const text of said) if (!this.#askedTexts.has(text)) this.#channels.tell(`echo/${key}`, text)
  }

  /** An item within a whole response: the one that was streamed in its place, or one that was not streamed. */
  #takeFinal(item: JsonObject, path: string): void {
    const known = this.#ids.get(path)
    if (known === undefined || known === item['id']) return this.#takeItem(item, path)
    const call = toCall(item)
    if (call !== undefined && !this.#calls.has(call)) this.#settleCall(`final/${path}`, call)
    return gatherText(item, toItemShape(item), { path: `final/${path}`, found: this.#channels.tell })
  }

  #takeItem(item: JsonObject, path: string): void {
    const { id } = item
    if (typeof id === 'string' && id !== '') this.#ids.set(path, id)
    const call = toCall(item)
    if (call !== undefined) this.#settleCall(path, call)
    this.#settle(item, toItemShape(item), path)
  }

  #settleCall(path: string, call: CallPiece): void {
    const before = this.#calls.settle(path, call)
    if (before !== '') this.#channels.tell(`${path}/before`, before)
  }

  /** The next piece of a text. */
  #append(value: Json | undefined, reading: Reading, path: string): void {
    gatherText(value, reading, { path, found: this.#channels.append, foundKey: this.#channels.tell })
  }

  /** The whole of what pieces may have told before. Their tokens may have been fewer: not every piece has them. */
  #settle(value: Json | undefined, reading: Reading, path: string): void {
    const whole = new Channels()
    gatherText(value, reading, { path, found: whole.append, foundKey: whole.tell })
    for (const [place, text] of whole.entries()) {
      if (!place.includes('/logprobs')) this.#channels.settle(place, text)
      else if (this.#channels.get(place) !== text) this.#channels.tell(`${place}/whole`, text)
    }
  }
}

/** An event has a type, a whole response has none. Clients go by the type or by the name of the event. */
function toType(said: JsonObject, event: string): string {
  const { type } = said
  if (typeof type !== 'string') return event
  if (event !== '' && event !== type) throw new AnswerUnreadable('An event of the answer has two types.')
  return type
}

function toPath(said: JsonObject): string {
  return `output/${toPlace(said['output_index'])}`
}

function toPartPath(said: JsonObject, list: string): string {
  return `${toPath(said)}/${list}/${toPlace(list === 'summary' ? said['summary_index'] : said['content_index'])}`
}

function toPlace(value: Json | undefined): string {
  return typeof value === 'number' ? String(value) : '0'
}

function toFinishReason({ status, incomplete_details: cause }: JsonObject): string {
  if (status === 'completed' || status === 'failed' || status === 'cancelled') return status
  if (status !== 'incomplete') return ''
  const reason = isJsonObject(cause) ? cause['reason'] : undefined
  return typeof reason === 'string' ? reason : status
}
