// Tensors of the Open Inference Protocol: how many values a shape has, which values a datatype takes, and raw values as they follow
// the JSON head (the binary tensor data extension). Used for requests and answers; what is wrong is said in the words that the
// caller's `fail` turns into an error.
import type { Json } from '../../../policy/model.ts'

export type Fail = (message: string) => Error

interface Datatype {
  readonly holds: 'Truth' | 'Whole' | 'Number' | 'Text'
  /** Of one value; text has no fixed length. */
  readonly bytes: number
}

const whole = (bytes: number): Datatype => ({ holds: 'Whole', bytes })
const fraction = (bytes: number): Datatype => ({ holds: 'Number', bytes })

export const datatypes: ReadonlyMap<string, Datatype> = new Map([
  ['BOOL', { holds: 'Truth', bytes: 1 }],
  ['UINT8', whole(1)],
  ['UINT16', whole(2)],
  ['UINT32', whole(4)],
  ['UINT64', whole(8)],
  ['INT8', whole(1)],
  ['INT16', whole(2)],
  ['INT32', whole(4)],
  ['INT64', whole(8)],
  ['FP16', fraction(2)],
  ['BF16', fraction(2)],
  ['FP32', fraction(4)],
  ['FP64', fraction(8)],
  ['BYTES', { holds: 'Text', bytes: 0 }],
])

const maxRank = 32
/** Far above what a body may hold, and far below where products lose their last digits. */
const maxElements = 2 ** 31

/** The product of the dimensions; 1 for a scalar. */
export function countElements(shape: readonly number[], fail: Fail): number {
  if (shape.length > maxRank) throw fail(`A shape has more than ${maxRank} dimensions.`)
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw fail('A shape must be a list of whole numbers, none of them below zero.')
  }
  if (shape.includes(0)) return 0
  let product = 1
  for (const size of shape) {
    product *= size
    if (product > maxElements) throw fail('A shape has more values than any body could hold.')
  }
  return product
}

export interface Leaves {
  readonly count: number
  readonly texts: readonly string[]
}

/** The values of JSON data, flat or nested, in row-major order. */
export function readLeaves(data: Json, { holds }: Datatype, fail: Fail): Leaves {
  if (!isList(data)) throw fail('`data` must be a list.')
  const texts: string[] = []
  let count = 0
  const visit = (list: readonly Json[]): void => {
    for (const value of list) {
      if (isList(value)) {
        visit(value)
        continue
      }
      if (!fits[holds](value)) throw fail('`data` holds a value that is not one of its datatype.')
      count += 1
      if (typeof value === 'string') texts.push(value)
    }
  }
  visit(data)
  return { count, texts }
}

const fits: Record<Datatype['holds'], (value: Json) => boolean> = {
  Truth: (value) => typeof value === 'boolean',
  Whole: Number.isInteger,
  // What is not a number is written as null by servers and clients whose JSON has no word for it.
  Number: (value) => typeof value === 'number' || value === null,
  Text: (value) => typeof value === 'string',
}

/** No string, no object, however nested. */
export function isNumeric(data: Json): boolean {
  return isList(data) ? data.every(isNumeric) : data === null || typeof data === 'number' || typeof data === 'boolean'
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

const lengthBytes = 4

/** BYTES on the wire: each value after its length, four bytes, little-endian. Nothing may be left over. */
export function readByteValues(bytes: Uint8Array, fail: Fail): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const start = at + lengthBytes
    const end = start > bytes.length ? Infinity : start + view.getUint32(at, true)
    if (end > bytes.length) throw fail('A value of a BYTES tensor is longer than what follows.')
    values.push(bytes.subarray(start, end))
    at = end
  }
  return values
}

/** What follows the JSON head, taken tensor by tensor in the order in which the head names them. */
export class BinaryTail {
  readonly #bytes: Uint8Array
  readonly #fail: Fail
  #at = 0

  constructor(bytes: Uint8Array, fail: Fail) {
    this.#bytes = bytes
    this.#fail = fail
  }

  take(size: Json | undefined): Uint8Array {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw this.#fail('`binary_data_size` must be a whole number, not below zero.')
    }
    if (size > this.#bytes.length - this.#at) throw this.#fail('`binary_data_size` is more than the bytes that follow.')
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }

  assertTaken(): void {
    if (this.#at === this.#bytes.length) return
    throw this.#fail('More bytes follow the JSON head than its tensors have.')
  }
}
