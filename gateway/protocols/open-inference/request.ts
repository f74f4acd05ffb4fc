// The body of an inference request of version 2: tensors as JSON or as raw bytes after the JSON head. Shape, datatype and data must
// agree, and nothing may be left over, so that every server sees the tensors that were judged.
import type { Json, JsonObject, TensorFacts } from '../../../policy/model.ts'
import { decodeBase64, toText } from '../framing/byte-text.ts'
import { BinaryTail, countElements, datatypes, readByteValues, readLeaves } from '../framing/tensors.ts'
import {
  assertPlainKeys,
  malformed,
  readJsonObject,
  readList,
  readObject,
  readOptionalString,
  readString,
} from '../json/fields.ts'
import { collectUnknownText } from '../json/known-keys.ts'
import { tensorBounds } from '../json/strict-json.ts'
import { collectParameterText } from './collect-text.ts'

export interface InferRequest {
  readonly inputs: readonly TensorFacts[]
  readonly prompt: string
  readonly parameters: JsonObject
  /** The JSON head. */
  readonly body: JsonObject
}

const bodyKeys: ReadonlySet<string> = new Set(['id', 'model_name', 'parameters', 'inputs', 'outputs'])
const inputKeys: ReadonlySet<string> = new Set(['name', 'shape', 'datatype', 'parameters', 'data'])
const outputKeys: ReadonlySet<string> = new Set(['name', 'parameters'])
/** Tensors in memory that caller and server share, which nobody here can look into. */
const sharedMemoryKeys = ['shared_memory_region', 'shared_memory_offset', 'shared_memory_byte_size']
const parameterKeys: ReadonlySet<string> = new Set([
  'binary_data_size',
  'binary_data',
  'binary_data_output',
  'content_type',
  ...sharedMemoryKeys,
])

const maxTensors = 1000

/** `headLength` undefined: the whole body is JSON. `model` is the one of the path. */
export function readInfer(bytes: Uint8Array, headLength: number | undefined, model: string): InferRequest {
  const end = headLength ?? bytes.length
  if (end > bytes.length) throw malformed('Inference-Header-Content-Length is more than the body has.')
  const { body } = readJsonObject(bytes.subarray(0, end), tensorBounds)
  assertPlainKeys(body, bodyKeys)
  readOptionalString(body, 'id')
  if (readOptionalString(body, 'model_name') !== '' && body['model_name'] !== model) {
    throw malformed('`model_name` must be the model of the path.')
  }
  const parameters = readParameters(body)
  const tail = headLength === undefined ? undefined : new BinaryTail(bytes.subarray(end), malformed)
  const inputs = readTensors(body, 'inputs').map((input) => readInput(input, { tail, ofRequest: parameters }))
  tail?.assertTaken()
  return {
    inputs: inputs.map(({ tensor }) => tensor),
    prompt: [
      ...inputs.flatMap(({ tensor, others }) => [...tensor.text, ...others]),
      ...collectParameterText(parameters),
      ...readTensors(body, 'outputs').flatMap(readOutput),
      ...collectUnknownText(body, bodyKeys),
    ].join('\n'),
    parameters,
    body,
  }
}

function readTensors(body: JsonObject, key: 'inputs' | 'outputs'): readonly JsonObject[] {
  if (key === 'inputs' && !Object.hasOwn(body, key)) throw malformed('`inputs` must be a list of tensors.')
  const tensors = readList(body, key)
  if (tensors.length > maxTensors) throw malformed(`\`${key}\` has more than ${maxTensors} tensors.`)
  return tensors
}

function readParameters(from: JsonObject): JsonObject {
  if ((from['parameters'] ?? null) === null) return {}
  const parameters = readObject(from, 'parameters')
  assertPlainKeys(parameters, parameterKeys)
  if (sharedMemoryKeys.some((key) => Object.hasOwn(parameters, key))) {
    throw malformed('Tensors in shared memory cannot be judged, so they are not supported.')
  }
  return parameters
}

interface Around {
  readonly tail: BinaryTail | undefined
  readonly ofRequest: JsonObject
}

interface Input {
  readonly tensor: TensorFacts
  /** Text of it besides its values. */
  readonly others: readonly string[]
}

function readInput(input: JsonObject, { tail, ofRequest }: Around): Input {
  assertPlainKeys(input, inputKeys)
  const parameters = readParameters(input)
  const name = readString(input, 'name')
  const datatype = readString(input, 'datatype')
  const shape = readShape(input)
  const values = readValues(input, { parameters, tail })
  if (values.elements !== countElements(shape, malformed)) {
    throw malformed('A tensor does not have as many values as its shape says.')
  }
  const isBase64 = [parameters, ofRequest].some((one) => one['content_type'] === 'base64')
  return {
    tensor: { name, datatype, shape, ...values, text: isBase64 ? withDecoded(values.text) : values.text },
    others: [...collectParameterText(parameters), ...collectUnknownText(input, inputKeys)],
  }
}

function readOutput(output: JsonObject): readonly string[] {
  assertPlainKeys(output, outputKeys)
  readString(output, 'name')
  return [...collectParameterText(readParameters(output)), ...collectUnknownText(output, outputKeys)]
}

function readShape(input: JsonObject): readonly number[] {
  const shape: Json | undefined = input['shape']
  if (!Array.isArray(shape) || !shape.every((size: Json) => typeof size === 'number')) {
    throw malformed('`shape` must be a list of whole numbers.')
  }
  return shape
}

type Values = Pick<TensorFacts, 'elements' | 'bytes' | 'text'>

function readValues(
  input: JsonObject,
  { parameters, tail }: { readonly parameters: JsonObject; readonly tail: BinaryTail | undefined },
): Values {
  const isBinary = Object.hasOwn(parameters, 'binary_data_size')
  if (isBinary === Object.hasOwn(input, 'data')) {
    throw malformed('A tensor must have either `data` or `binary_data_size`.')
  }
  const datatype = readString(input, 'datatype')
  if (!isBinary) return readJsonValues(datatype, input['data'] ?? null)
  if (tail === undefined) {
    throw malformed('Binary tensors need the header Inference-Header-Content-Length.')
  }
  return readBinaryValues(datatype, tail.take(parameters['binary_data_size']))
}

function readJsonValues(name: string, data: Json): Values {
  const datatype = datatypes.get(name)
  if (datatype === undefined) throw malformed('A tensor has a datatype that is not known here.')
  const { count, texts } = readLeaves(data, datatype, malformed)
  const bytes = datatype.holds === 'Text' ? sumBytes(texts) : count * datatype.bytes
  return { elements: count, bytes, text: texts }
}

function readBinaryValues(name: string, bytes: Uint8Array): Values {
  const datatype = datatypes.get(name)
  if (datatype === undefined) throw malformed('A tensor has a datatype that is not known here.')
  if (datatype.holds !== 'Text') {
    // Not whole: no count of values that any shape could have.
    return { elements: bytes.length / datatype.bytes, bytes: bytes.length, text: [] }
  }
  const values = readByteValues(bytes, malformed)
  const length = values.reduce((sum, value) => sum + value.length, 0)
  return { elements: values.length, bytes: length, text: values.map(toText) }
}

function sumBytes(texts: readonly string[]): number {
  const encoder = new TextEncoder()
  return texts.reduce((sum, text) => sum + encoder.encode(text).length, 0)
}

/** MLServer decodes what it can of such a tensor, and takes the rest as it is. */
function withDecoded(texts: readonly string[]): readonly string[] {
  const decoded = texts.map(decodeBase64).filter((bytes) => bytes !== undefined)
  return [...texts, ...decoded.map(toText)]
}
