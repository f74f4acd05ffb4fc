// What is done to events between their judgement and the caller: nothing, or the masks of the call. It gathers what was read until that
// may leave.
import type { Denied } from '../../policy/model.ts'
import type { MaskRuns } from '../masking/call-masks.ts'
import type { AnswerFormat, AnswerHead, MaskedAnswer, StreamMask } from '../protocols/protocol.ts'
import { AnswerUnreadable } from '../protocols/protocol.ts'
import { joinBytes, Pieces } from './pieces.ts'

export interface Outlet {
  /** Bytes of events that wait. */
  readonly length: number
  readonly add: (event: Uint8Array) => void
  /** What of them may leave; nothing of it where `denied` is set by it. */
  readonly release: () => Uint8Array
  /** What leaves of an event like the one before, which need not be read. Undefined: it is to be read and added. */
  readonly again?: (event: Uint8Array) => Uint8Array | undefined
  /** What is still held when the model server has ended; the same holds. */
  readonly end: () => Uint8Array
  /** What the protocol closes the stream with, in place of the rest. */
  readonly close: (bytes: Uint8Array) => Uint8Array
  /** By a mask. */
  readonly denied: Denied | undefined
}

/** Events leave as they came. */
export class PlainOutlet implements Outlet {
  readonly #waiting = new Pieces()
  readonly denied = undefined

  get length(): number {
    return this.#waiting.length
  }

  add(event: Uint8Array): void {
    this.#waiting.push(event)
  }

  release(): Uint8Array {
    return this.#waiting.take()
  }

  readonly end = (): Uint8Array => nothing

  readonly close = (bytes: Uint8Array): Uint8Array => bytes
}

export class MaskedOutlet implements Outlet {
  readonly #masks: MaskRuns
  readonly #format: AnswerFormat
  readonly #head: AnswerHead
  readonly #acting: StreamMask | undefined
  #audit: StreamMask | undefined
  #events: Uint8Array[] = []
  #length = 0

  /** Throws AnswerUnreadable. */
  constructor(masks: MaskRuns, format: AnswerFormat, head: AnswerHead) {
    this.#masks = masks
    this.#format = format
    this.#head = head
    this.#acting = masks.acting && open(format, head, masks.acting)
    this.#watch(() => {
      this.#audit = masks.audit && format.openMask?.(head, masks.audit)
    })
  }

  get length(): number {
    return this.#length
  }

  get denied(): Denied | undefined {
    return this.#masks.acting?.denied
  }

  add(event: Uint8Array): void {
    this.#events.push(event)
    this.#length += event.length
  }

  release(): Uint8Array {
    const events = this.#events
    this.#events = []
    this.#length = 0
    this.#watch(() => {
      for (const event of events) this.#audit?.push(event)
    })
    const acting = this.#acting
    return joinBytes(acting === undefined ? events : events.map((event) => acting.push(event)))
  }

  again(event: Uint8Array): Uint8Array | undefined {
    const masked = this.#acting?.again?.(event)
    if (masked !== undefined && this.#audit !== undefined) this.#watch(() => this.#audit?.push(event))
    return masked
  }

  end(): Uint8Array {
    this.#watch(() => this.#audit?.end())
    return this.#acting?.end() ?? nothing
  }

  /** After a finding that denies, the masks of the stream hold text that may not leave any more. */
  close(bytes: Uint8Array): Uint8Array {
    const { acting } = this.#masks
    if (acting === undefined || this.#acting === undefined) return bytes
    const mask = this.denied === undefined ? this.#acting : open(this.#format, this.#head, acting)
    return Buffer.concat([mask.push(bytes), mask.end()])
  }

  /** What mode Audit cannot read has no consequence. */
  #watch(run: () => void): void {
    if (!watch(run)) this.#audit = undefined
  }
}

const nothing = new Uint8Array()

/** False: it cannot be read. */
function watch(run: () => void): boolean {
  try {
    run()
    return true
  } catch (error) {
    if (!(error instanceof AnswerUnreadable)) throw error
    return false
  }
}

function open(format: AnswerFormat, head: AnswerHead, masks: NonNullable<MaskRuns['acting']>): StreamMask {
  const mask = format.openMask?.(head, masks)
  if (mask === undefined) throw new AnswerUnreadable('its texts cannot be masked.')
  return mask
}

/** A whole answer, with the headers that follow it. Throws AnswerUnreadable. */
export function maskWhole(
  { acting, audit }: MaskRuns,
  format: AnswerFormat,
  { head, body }: { readonly head: AnswerHead; readonly body: Uint8Array },
): MaskedAnswer {
  if (body.length > 0 && audit !== undefined) watch(() => format.maskWhole?.(head, body, audit))
  if (body.length === 0 || acting === undefined) return { body, headers: {} }
  if (format.maskWhole === undefined) throw new AnswerUnreadable('its texts cannot be masked.')
  const masked = format.maskWhole(head, body, acting)
  return 'body' in masked ? masked : { body: masked, headers: {} }
}
