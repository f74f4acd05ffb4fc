// Answers of version 2: output tensors as JSON or raw bytes after the JSON head, everything else as its texts. What a model server says
// of its own tensors is taken as it says it; only lengths on the wire must agree.
import type { Json, JsonObject, ResponseFacts, TensorFacts } from '../../../policy/model.ts'
import { decodeBase64, toText } from '../framing/byte-text.ts'
import { BinaryTail, datatypes, readByteValues } from '../framing/tensors.ts'
import { collectUnknownText } from '../json/known-keys.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { AnswerFormat, AnswerHead } from '../protocol.ts'
import { readAnswerBody } from './answer-json.ts'
import { hasOutputs, openAnswer, unreadable } from './answer-parts.ts'
import { collectAnswerText, collectParameterText, collectText } from './collect-text.ts'
import { maskAnswer } from './mask-answer.ts'
import { maskTensorAnswer } from './mask-tensor-answer.ts'

/** Of an inference. */
export const tensorAnswer: AnswerFormat = {
  readWhole: readTensorAnswer,
  openStream: () => undefined,
  maskWhole: maskTensorAnswer,
}

/** Of everything else. */
export const plainAnswer: AnswerFormat = {
  readWhole: (head, bytes) => {
    const { body, text } = readAnswerBody(head, bytes)
    return toFacts(head, { body, outputs: [], texts: [text, ...collectAnswerText(body)] })
  },
  openStream: () => undefined,
  maskWhole: (head, bytes, masks) => maskAnswer({ head, bytes }, masks),
}

function readTensorAnswer(head: AnswerHead, bytes: Uint8Array): ResponseFacts {
  const { head: inner, json, raw = new Uint8Array() } = openAnswer(head, bytes)
  const { body, text } = readAnswerBody(inner, json)
  const tail = new BinaryTail(raw, unreadable)
  if (!hasOutputs(body)) {
    tail.assertTaken()
    return toFacts(head, { body, outputs: [], texts: [text, ...collectAnswerText(body)] })
  }
  const outputs = body.outputs.filter(isJsonObject).map((output) => readOutput(output, tail))
  tail.assertTaken()
  const others = body.outputs
    .filter((output: Json) => !isJsonObject(output))
    .flatMap((output: Json) => collectText(output))
  return toFacts(head, {
    body,
    outputs: outputs.map(({ tensor }) => tensor),
    texts: [
      ...outputs.flatMap(({ tensor, texts }) => [...tensor.text, ...texts]),
      ...others,
      ...collectUnknownText(body, bodyKeys),
      ...textOfParameters(body),
    ],
  })
}

/** Names, which the server's configuration gives; a rule finds them in `response.outputs` and `response.body`. */
const bodyKeys: ReadonlySet<string> = new Set(['id', 'model_name', 'model_version', 'parameters', 'outputs'])
const outputKeys: ReadonlySet<string> = new Set(['name', 'datatype', 'shape', 'data', 'parameters'])

function readOutput(
  output: JsonObject,
  tail: BinaryTail,
): { readonly tensor: TensorFacts; readonly texts: readonly string[] } {
  const parameters = isJsonObject(output['parameters']) ? output['parameters'] : {}
  const named = {
    name: typeof output['name'] === 'string' ? output['name'] : '',
    datatype: typeof output['datatype'] === 'string' ? output['datatype'] : '',
    shape: readShape(output['shape'] ?? null),
  }
  const data = output['data'] ?? null
  const fromWire = Object.hasOwn(parameters, 'binary_data_size')
  const values = fromWire
    ? readBinary(named.datatype, tail.take(parameters['binary_data_size']))
    : readJson(named.datatype, data)
  const decoded = parameters['content_type'] === 'base64' ? values.text.map(toDecodedText) : []
  return {
    tensor: { ...named, ...values },
    texts: [
      ...decoded,
      ...textOfParameters(output),
      ...collectUnknownText(output, outputKeys),
      // Data beside binary data: some clients would read it.
      ...(fromWire ? collectText(data) : []),
    ],
  }
}

type Values = Pick<TensorFacts, 'elements' | 'bytes' | 'text'>

function readBinary(datatype: string, bytes: Uint8Array): Values {
  const width = datatypes.get(datatype)?.bytes
  if (width === undefined) throw unreadable('A binary tensor of the answer has a datatype that is not known here.')
  if (width > 0) return { elements: Math.floor(bytes.length / width), bytes: bytes.length, text: [] }
  const values = readByteValues(bytes, unreadable)
  return {
    elements: values.length,
    bytes: values.reduce((sum, value) => sum + value.length, 0),
    text: values.map(toText),
  }
}

function readJson(datatype: string, data: Json): Values {
  const text = collectText(data)
  const elements = countLeaves(data)
  const encoder = new TextEncoder()
  const width = datatypes.get(datatype)?.bytes ?? 0
  const bytes = width > 0 ? elements * width : text.reduce((sum, one) => sum + encoder.encode(one).length, 0)
  return { elements, bytes, text }
}

function countLeaves(data: Json): number {
  if (!Array.isArray(data)) return data === null ? 0 : 1
  return data.reduce<number>((sum, item: Json) => sum + (Array.isArray(item) ? countLeaves(item) : 1), 0)
}

function readShape(shape: Json): readonly number[] {
  return Array.isArray(shape) ? shape.filter((size: Json) => Number.isSafeInteger(size)) : []
}

function textOfParameters(from: JsonObject): readonly string[] {
  const parameters = from['parameters'] ?? null
  return isJsonObject(parameters) ? collectParameterText(parameters) : collectText(parameters)
}

function toDecodedText(text: string): string {
  const bytes = decodeBase64(text)
  return bytes === undefined ? '' : toText(bytes)
}

interface Read {
  readonly body: Json
  readonly outputs: readonly TensorFacts[]
  readonly texts: readonly string[]
}

export function toFacts({ status }: AnswerHead, { body, outputs, texts }: Read): ResponseFacts {
  return {
    status,
    text: texts.filter((text) => text !== '').join('\n'),
    toolCalls: [],
    finishReason: '',
    outputs,
    body,
  }
}
