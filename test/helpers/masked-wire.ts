// How a request leaves and how its answer arrives under a mask, as a person can read it.
import { GatewayError } from '../../gateway/errors.ts'
import type { AnswerFormat, AnswerHead, Ending, ReadRequest } from '../../gateway/protocols/protocol.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import { toRefusal } from '../../gateway/reply.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'

export interface Answer {
  readonly format: AnswerFormat
  readonly head: AnswerHead
  readonly bytes: Uint8Array
}

export function showMaskedAnswer({ format, head, bytes }: Answer, masks: TextMasks): object | string {
  try {
    return format.openStream(head) === undefined
      ? maskWhole({ format, head, bytes }, masks)
      : maskStream({ format, head, bytes }, masks)
  } catch (error) {
    if (error instanceof AnswerUnreadable) return 'unreadable'
    throw error
  }
}

function maskWhole({ format, head, bytes }: Answer, masks: TextMasks): object | string {
  if (format.maskWhole === undefined) return 'not to be masked'
  format.readWhole(head, bytes)
  const masked = format.maskWhole(head, bytes, masks)
  if (!('headers' in masked)) return showChange(masked, bytes)
  return { headers: masked.headers, body: showChange(masked.body, bytes) }
}

function maskStream({ format, head, bytes }: Answer, masks: TextMasks): object | string {
  const whole = openBoth({ format, head, bytes }, masks)
  if (whole === undefined) return 'not to be masked'
  const sent = Buffer.concat([...whole.take(bytes), whole.end()])
  const close = (ending: Ending): string => {
    const half = openBoth({ format, head, bytes }, masks)
    half?.take(bytes.subarray(0, bytes.length / 2))
    return half === undefined ? '' : show(half.close(ending))
  }
  return {
    stream: showChange(sent, bytes),
    refused: close({ kind: 'Refused', refusal }),
    budgetSpent: close({ kind: 'BudgetSpent' }),
  }
}

interface MaskedStream {
  readonly take: (bytes: Uint8Array) => readonly Uint8Array[]
  readonly end: () => Uint8Array
  /** All that follows what was taken. */
  readonly close: (ending: Ending) => Uint8Array
}

/** Undefined: the stream cannot be masked. */
function openBoth({ format, head }: Answer, masks: TextMasks): MaskedStream | undefined {
  const stream = format.openStream(head)
  const mask = format.openMask?.(head, masks)
  if (stream === undefined || mask === undefined) return undefined
  return {
    take: (bytes) => stream.push(bytes).map(mask.push),
    end: () => Buffer.concat([...stream.end().map(mask.push), mask.end()]),
    close: (ending) => Buffer.concat([mask.push(stream.close(ending)), mask.end()]),
  }
}

export function showMaskedRequest({ upstream, mask }: ReadRequest, masks: TextMasks): object | string {
  if (mask === undefined) return 'no text'
  const masked = attempt(() => mask(masks))
  if (masked instanceof GatewayError) return { refused: { code: masked.code, message: masked.message } }
  if (masked === upstream) return 'as it was'
  const { body, ...rest } = masked
  return body === undefined ? rest : { ...rest, body: showChange(body, upstream.body ?? new Uint8Array()) }
}

function attempt<Result>(work: () => Result): Result | GatewayError {
  try {
    return work()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
}

const refusal = toRefusal(new GatewayError('response_denied', 'No.'))

export function showChange(bytes: Uint8Array, before: Uint8Array): string {
  return Buffer.compare(bytes, before) === 0 ? 'as it came' : show(bytes)
}

export function show(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.compare(Buffer.from(text), bytes) === 0 ? text : `base64 ${Buffer.from(bytes).toString('base64')}`
}
