// A message of version 2 under a mask: its JSON, and the raw values that follow it. Where values of a BYTES tensor change, so do the lengths
// that name them; raw numbers stay byte for byte.
import { maskByteTensor } from '../../../policy/masking/framing/byte-tensor.ts'
import { enter, settle, type Place, type TextAt } from '../../../policy/masking/framing/place.ts'
import { join } from '../../../policy/masking/framing/surrogate-escape.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { maskByteText } from '../declared/mask-bytes.ts'
import { BinaryTail, datatypes, type Fail } from '../framing/tensors.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { maskAnswerJson } from './mask-answer.ts'
import type { Sizes } from './tensor-places.ts'

export interface TensorMessage {
  readonly bytes: Uint8Array
  /** Undefined: all of it is JSON. */
  readonly headLength: number | undefined
  readonly body: JsonObject
  readonly list: 'inputs' | 'outputs'
  readonly toRoot: (sizes: Sizes) => Place
  readonly fail: Fail
}

export interface MaskedMessage {
  readonly bytes: Uint8Array
  readonly headLength: number | undefined
}

/** The very same `bytes` when nothing was found. */
export function maskTensors(message: TensorMessage, masks: TextMasks): MaskedMessage {
  const { bytes, headLength, toRoot } = message
  const end = headLength ?? bytes.length
  const root = masks.over(toRoot(new Map()))
  const { parts, sizes } = maskTail(message, root, bytes.subarray(end))
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, end))
  const masked = maskAnswerJson(text, sizes.size === 0 ? root : masks.over(toRoot(sizes)), masks)
  if (masked === text && sizes.size === 0 && parts.every(({ changed }) => !changed)) return { bytes, headLength }
  const head = masked === text ? bytes.subarray(0, end) : new TextEncoder().encode(masked)
  const all = join([head, ...parts.map((part) => part.bytes)])
  return { bytes: all, headLength: headLength === undefined ? undefined : head.length }
}

interface MaskedTail {
  readonly parts: readonly { readonly bytes: Uint8Array; readonly changed: boolean }[]
  readonly sizes: Sizes
}

function maskTail({ body, list, fail }: TensorMessage, root: Place, bytes: Uint8Array): MaskedTail {
  const tail = new BinaryTail(bytes, fail)
  const sizes = new Map<number, number>()
  const tensors: Json = body[list] ?? null
  const parts = (Array.isArray(tensors) ? tensors : []).flatMap((tensor: Json, i) => {
    const size = isJsonObject(tensor) ? sizeOf(tensor) : undefined
    if (size === undefined || !isJsonObject(tensor)) return []
    const values = tail.take(size)
    const place = enter(enter(enter(root, list), i), 'data')
    const masked = maskValues(values, { datatype: tensor['datatype'] ?? null, place, path: `/${list}/${i}/data`, fail })
    if (masked.length !== values.length) sizes.set(i, masked.length)
    return [{ bytes: masked, changed: masked !== values }]
  })
  tail.assertTaken()
  return { parts, sizes }
}

function sizeOf({ parameters = null }: JsonObject): Json | undefined {
  return isJsonObject(parameters) && Object.hasOwn(parameters, 'binary_data_size')
    ? parameters['binary_data_size']
    : undefined
}

interface RawTensor {
  readonly datatype: Json
  /** Of `data`, where the same values would stand in JSON. */
  readonly place: Place
  readonly path: string
  readonly fail: Fail
}

function maskValues(values: Uint8Array, { datatype, place, path, fail }: RawTensor): Uint8Array {
  if (typeof datatype !== 'string' || datatypes.get(datatype)?.holds !== 'Text') {
    if (place.kind === 'Keep') return values
    throw fail('A mask is about numbers of a tensor that are sent raw, where nothing can stand in their place.')
  }
  let index = -1
  const masked = maskByteTensor(values, (text) => {
    index += 1
    return maskValue(text, enter(place, index), { key: 'data', path: toPath(path, index) })
  })
  if (masked === undefined) throw fail('A value of a BYTES tensor is longer than what follows.')
  return masked
}

function toPath(path: string, index: number): () => string {
  return () => `${path}/${index}`
}

function maskValue(text: string, place: Place, at: TextAt): string {
  const settled = settle(place, true)
  return settled.kind === 'Mask' || settled.kind === 'String' ? maskByteText(text, settled.start, at) : text
}
