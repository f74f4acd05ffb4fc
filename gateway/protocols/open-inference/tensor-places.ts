// What a mask does to each place of a message of version 2. Names, datatypes, shapes and numbers of tensors stay, because the server or
// its client could not read the rest without them; everything that could be text is masked.
import {
  fields,
  instead,
  items,
  keep,
  maskEverywhere,
  type Place,
  type Start,
} from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { toBase64Start, toDataPlace } from '../declared/data-place.ts'
import { startHeld } from '../declared/mask-bytes.ts'
import { datatypes, isNumeric } from '../framing/tensors.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { codecs } from './collect-text.ts'
import { isPlainName, isPlainVersion } from './plain-name.ts'

/** Sizes that raw values have under the mask, where they have changed, by the place of their tensor in the list. */
export type Sizes = ReadonlyMap<number, number>

interface Tensors {
  readonly body: JsonObject
  readonly start: Start
  readonly sizes: Sizes
}

/** `model` is the name that the path has, which a body may repeat. */
export function toRequestPlace({ body, start, sizes }: Tensors, model: string): Place {
  const data = toDataPlace(start)
  const inputs = toTensorPlaces(body, 'inputs', { body, start, sizes })
  const outputs = toTensorPlaces(body, 'outputs', { body, start, sizes: new Map() })
  return fields(
    {
      id: data,
      model_name: body['model_name'] === model ? keep : data,
      parameters: toParameterPlace(body, data),
      inputs,
      outputs,
    },
    data,
  )
}

export function toAnswerPlace(tensors: Tensors): Place {
  const { body, start } = tensors
  const data = toDataPlace(start)
  return fields(
    {
      id: data,
      error: data,
      model_name: isPlainName(body['model_name']) ? keep : data,
      model_version: isPlainVersion(body['model_version']) ? keep : data,
      parameters: toParameterPlace(body, data),
      outputs: toTensorPlaces(body, 'outputs', tensors, telling),
    },
    data,
  )
}

/** What the backend of vLLM says of each token of a text: its pieces, one by one. */
const telling: ReadonlySet<Json> = new Set(['logprobs', 'prompt_logprobs', 'top_logprobs'])
const none: ReadonlySet<Json> = new Set()

function toTensorPlaces(
  body: JsonObject,
  list: 'inputs' | 'outputs',
  { start, sizes }: Tensors,
  blanked: ReadonlySet<Json> = none,
): Place {
  const data = toDataPlace(start)
  const tensors: Json = body[list] ?? null
  if (!Array.isArray(tensors)) return data
  const ofAll = contentTypeOf(body)
  const places = tensors.map((tensor: Json, i) =>
    isJsonObject(tensor) ? toTensorPlace(tensor, { start, data, ofAll, blanked, size: sizes.get(i) }) : data,
  )
  return items((i) => places[i] ?? data, data)
}

interface Around {
  readonly start: Start
  readonly data: Place
  readonly ofAll: Json
  readonly blanked: ReadonlySet<Json>
  readonly size: number | undefined
}

function toTensorPlace(tensor: JsonObject, around: Around): Place {
  const { data, size } = around
  return fields(
    {
      name: isPlainName(tensor['name']) ? keep : data,
      datatype: isDatatype(tensor['datatype']) ? keep : data,
      shape: isShape(tensor['shape'] ?? null) ? keep : data,
      parameters: toParameterPlace(tensor, data, size),
      data: toValuePlace(tensor, around),
    },
    data,
  )
}

function toValuePlace(tensor: JsonObject, { start, data, ofAll, blanked }: Around): Place {
  const datatype = typeof tensor['datatype'] === 'string' ? datatypes.get(tensor['datatype']) : undefined
  if (datatype !== undefined && datatype.holds !== 'Text' && isNumeric(tensor['data'] ?? null)) return keep
  if (blanked.has(tensor['name'] ?? null)) return maskEverywhere(() => startHeld(() => ''))
  const isBase64 = [contentTypeOf(tensor), ofAll].includes('base64')
  return isBase64 ? maskEverywhere(toBase64Start(start)) : data
}

/** Numbers and switches pass as they are unless something is found in them; the one length that is checked must be right. */
function toParameterPlace(of: JsonObject, data: Place, size?: number): Place {
  const parameters = of['parameters'] ?? null
  if (!isJsonObject(parameters)) return data
  const told = parameters['binary_data_size']
  return fields(
    {
      binary_data: data,
      binary_data_output: data,
      content_type: codecs.has(parameters['content_type'] ?? null) ? keep : data,
      binary_data_size: size === undefined ? (isSize(told) ? keep : data) : instead(String(size)),
    },
    data,
  )
}

function contentTypeOf(of: JsonObject): Json {
  const parameters = of['parameters'] ?? null
  return isJsonObject(parameters) ? (parameters['content_type'] ?? null) : null
}

function isDatatype(value: Json | undefined): boolean {
  return typeof value === 'string' && datatypes.has(value)
}

/** Larger than any body, smaller than what names somebody. */
const maxSize = 2 ** 31

function isSize(value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= -1 && value <= maxSize
}

function isShape(shape: Json): boolean {
  return Array.isArray(shape) && shape.every(isSize)
}
