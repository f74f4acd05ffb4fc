// What the masks of a call leave of it, offline: the body that the model would get, and the answer that the caller would. The gateway's
// own masks do it; only the tenant's key is one that everybody has.
import { toEmptyFacts } from '../../gateway/answer/mode.ts'
import { MaskedOutlet, maskWhole } from '../../gateway/answer/outlet.ts'
import { makeMaskCall, type MaskCall, type MaskedCall, type MaskRuns } from '../../gateway/masking/call-masks.ts'
import { toRecordedMasks } from '../../gateway/masking/record.ts'
import type { AnswerFormat } from '../../gateway/protocols/protocol.ts'
import type { RecordedMask } from '../../policy/evidence.ts'
import type { MaskEngines } from '../../policy/masking/mask-engines.ts'
import type { AnswerMessage } from './messages.ts'

/** Hashes and pseudonyms are the same in every run, and on no gateway. */
const everybodysKey = new Uint8Array(32)

export function makeOfflineMask(engines: MaskEngines): MaskCall {
  return makeMaskCall({ engines, tenantKey: () => everybodysKey })
}

export interface MaskedOutcome {
  /** What goes to the model. */
  readonly body?: Uint8Array
  /** What goes to the caller, streams with all their events. */
  readonly answerBody?: Uint8Array
  /** The text of it, as rules would see it. */
  readonly answerText?: string
  readonly masked: readonly RecordedMask[]
}

export function toMaskedOutcome(call: MaskedCall, answer?: MaskedAnswer): MaskedOutcome {
  const body = call.asked.read?.upstream.body
  return {
    ...(body === undefined ? {} : { body }),
    ...(answer === undefined ? {} : { answerBody: answer.body, answerText: answer.text }),
    masked: toRecordedMasks(call),
  }
}

export interface MaskedAnswer {
  readonly body: Uint8Array
  readonly text: string
}

/** Throws AnswerUnreadable. */
export function maskAnswer(
  message: AnswerMessage,
  format: AnswerFormat | undefined,
  runs: MaskRuns | undefined,
): MaskedAnswer | undefined {
  if (format === undefined) return undefined
  const { head, pieces } = message
  const body = Buffer.concat(pieces)
  if (body.length === 0) return { body, text: toEmptyFacts(head.status).text }
  const stream = format.openStream(head)
  if (stream === undefined) {
    const masked = runs === undefined ? body : maskWhole(runs, format, { head, body }).body
    return { body: masked, text: format.readWhole(head, masked).text }
  }
  if (runs === undefined) return { body, text: textOf(format, message, body) }
  const outlet = new MaskedOutlet(runs, format, head)
  for (const event of [...pieces.flatMap((piece) => stream.push(piece)), ...stream.end()]) outlet.add(event)
  const masked = Buffer.concat([outlet.release(), outlet.end()])
  return { body: masked, text: textOf(format, message, masked) }
}

function textOf(format: AnswerFormat, { head }: AnswerMessage, body: Uint8Array): string {
  const stream = format.openStream(head)
  stream?.push(body)
  stream?.end()
  return stream?.facts().text ?? ''
}
