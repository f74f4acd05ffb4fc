// The way back of a call whose answer rules, limits or masks need: forward, with the answer read between the model server and the caller.
// Calls that need none of it never come here.
import type { Usage } from '../../policy/model.ts'
import type { Permit } from '../../policy/permit.ts'
import { DecodedAnswer } from '../encoding/answer.ts'
import { GatewayError } from '../errors.ts'
import type { ReplySink } from '../exchange.ts'
import { Departure } from '../listen/departure.ts'
import { toGatewayError } from '../reply.ts'
import type { Forwarded, UpstreamCall } from '../upstream/call.ts'
import { toUpstreamLimits } from '../upstream/limits.ts'
import { Gate } from './gate.ts'
import type { Carried, Reading, Replied } from './reading.ts'
import { AnswerSink } from './sink.ts'
import { Tee } from './tee.ts'
import { Watcher } from './watcher.ts'
import type { WayEnd } from './way.ts'
import { Way } from './way.ts'

export interface ReadCall {
  readonly permit: Permit
  readonly call: UpstreamCall
  readonly reply: ReplySink
  readonly reading: Reading
}

type Forward = (permit: Permit, call: UpstreamCall, reply: ReplySink) => Promise<Forwarded>

/** Rejects with a GatewayError while nothing was sent. */
export async function forwardRead(forward: Forward, asked: ReadCall): Promise<Carried> {
  const { judge, budget, masks } = asked.reading
  const acts = judge?.acts === true || budget?.acts === true || masks?.acting !== undefined
  return acts ? forwardGated(forward, asked) : forwardWatched(forward, asked)
}

async function forwardWatched(forward: Forward, { permit, call, reply, reading }: ReadCall): Promise<Carried> {
  const gate = new Gate(reading)
  const watcher = new Watcher(reading, gate)
  const forwarded = await forward(permit, call, new Tee(reply, toDecoded(watcher, call)))
  const mistake = await watcher.seen
  const found = mistake === undefined ? {} : { error: toGatewayError(mistake) }
  const usage = watcher.usage ?? toUsageOfErrors(forwarded.status)
  return { ...found, ...forwarded, usage, shadow: gate.shadow }
}

async function forwardGated(forward: Forward, { permit, call, reply, reading }: ReadCall): Promise<Carried> {
  const leaving = new Departure()
  const hangUp = (): void => leaving.fire()
  const gate = new Gate(reading)
  const way = new Way(reply, hangUp)
  if (call.signal.aborted) hangUp()
  else call.signal.addEventListener('abort', hangUp)
  try {
    const sink = toDecoded(new AnswerSink(reading, gate, way), call)
    const forwarded = await forward(permit, { ...call, signal: leaving }, sink).catch((error: unknown) => {
      // A transfer that was hung up on from here says that the caller went away; the way knows better.
      if (way.isOver) return undefined
      throw error
    })
    const end = await way.ended
    const { shadow } = gate
    const replied = { status: way.status, responseBytes: forwarded?.responseBytes ?? 0, shadow }
    return toCarried(replied, end, forwarded?.error)
  } finally {
    call.signal.removeEventListener('abort', hangUp)
  }
}

function toDecoded(reader: AnswerSink | Watcher, { connection }: UpstreamCall): DecodedAnswer {
  return new DecodedAnswer(reader, toUpstreamLimits(connection).maxResponseBytes)
}

function toCarried(replied: Omit<Replied, 'outcome'>, end: WayEnd, cause: GatewayError | undefined): Carried {
  const { status, shadow } = replied
  switch (end.kind) {
    case 'Passed':
      return { ...replied, outcome: 'Completed', usage: end.usage ?? toUsageOfErrors(status) }
    case 'Denied':
      return status === 0 ? { ...end, shadow } : { ...replied, outcome: 'Ended', ending: end.ending }
    case 'Closed':
      return { ...replied, outcome: 'Ended', error: end.error }
    case 'Cut':
      return toCut(replied, end.error ?? cause)
  }
}

/** Nothing was sent: then it is a refusal like any other. */
function toCut(replied: Omit<Replied, 'outcome'>, error: GatewayError | undefined): Carried {
  const why = error ?? new GatewayError('internal', 'The answer was cut, and nobody said why.')
  if (replied.status === 0) throw why
  return { ...replied, outcome: 'Cut', error: why }
}

/** A model server that refused the request has spent nothing; one that failed may have. */
function toUsageOfErrors(status: number): Usage | undefined {
  return status >= 400 && status < 500 ? { inputTokens: 0, outputTokens: 0 } : undefined
}
