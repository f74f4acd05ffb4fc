// Tensors of the Open Inference Protocol, as JSON and as raw bytes behind the JSON head, in whatever state a case wants them.
import type { Json } from '../../policy/model.ts'
import type { Attempt } from './world.ts'

type Body = { readonly [key: string]: Json }

export const tensor = (one: Body): Body => ({ name: 't', datatype: 'BYTES', shape: [1], data: ['a'], ...one })
export const infer = (inputs: readonly Body[], more: Body = {}): Attempt => ({
  path: '/v2/models/m/infer',
  body: JSON.stringify({ inputs, ...more }),
})

/** A value of BYTES with its length before it. */
export function value(text: string | Buffer, length = Buffer.byteLength(text)): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(length)
  return Buffer.concat([head, Buffer.from(text)])
}

interface Binary {
  readonly inputs: readonly Body[]
  readonly tail: Buffer
  readonly length?: string
  readonly headers?: Attempt['headers']
}

export const sized = (size: number, more: Body = {}): Body => ({
  name: 't',
  datatype: 'BYTES',
  shape: [1],
  parameters: { binary_data_size: size },
  ...more,
})

export function binary({ inputs, tail, length, headers = {} }: Binary): Attempt {
  const head = Buffer.from(JSON.stringify({ inputs }))
  return {
    path: '/v2/models/m/infer',
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': length ?? String(head.length),
      ...headers,
    },
    body: Buffer.concat([head, tail]),
  }
}
