// One connection's requests and answers under masks, as the gateway drives them: what its reader took is what its mask is given.
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import { Protocols } from '../../gateway/protocols/find.ts'
import type {
  AnswerHead,
  MaskedAnswer,
  Protocol,
  ReadRequest,
  RequestHead,
  UpstreamRequest,
} from '../../gateway/protocols/protocol.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import { makeBundle, makeConnection, makeSnapshot } from './make.ts'

export function makeProtocol(spec: Partial<ModelConnectionSpec>): Protocol {
  const bundle = makeBundle({ connections: [makeConnection(spec)], policies: [] })
  const [connection] = makeSnapshot(bundle).connections.values()
  if (connection === undefined) throw new Error('the connection did not compile')
  return new Protocols().of(connection)
}

export function readRequest(protocol: Protocol, head: Partial<RequestHead>, body: Uint8Array): ReadRequest {
  const headers = { 'content-type': 'application/json' }
  return protocol.plan({ method: 'POST', path: '/', query: '', headers, ...head }).read(body)
}

export function maskRequest(read: ReadRequest, masks: TextMasks): UpstreamRequest {
  if (read.mask === undefined) throw new Error('the request has no mask')
  return read.mask(masks)
}

export function maskWholeAnswer(
  { answer }: ReadRequest,
  masks: TextMasks,
  { head, body }: { readonly head: AnswerHead; readonly body: Uint8Array },
): MaskedAnswer {
  answer.readWhole(head, body)
  const masked = answer.maskWhole?.(head, body, masks)
  if (masked === undefined) throw new Error('the answer has no mask')
  return 'headers' in masked ? masked : { body: masked, headers: {} }
}

/** What arrives of a stream that comes in these pieces. */
export function maskStreamedAnswer(
  { answer }: ReadRequest,
  masks: TextMasks,
  { head, pieces }: { readonly head: AnswerHead; readonly pieces: readonly (string | Uint8Array)[] },
): string {
  const stream = answer.openStream(head)
  const mask = answer.openMask?.(head, masks)
  if (stream === undefined || mask === undefined) throw new Error('the answer is no stream that has a mask')
  const taken = pieces.flatMap((piece) => stream.push(Buffer.from(piece)).map((event) => mask.push(event)))
  const last = stream.end().map((event) => mask.push(event))
  return Buffer.concat([...taken, ...last, mask.end()]).toString()
}

/** Around each word in a text, so far on both sides. */
export function cutsNear(text: string, words: readonly string[], reach = 40): readonly number[] {
  const near = new Set<number>()
  for (const word of words) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      for (let cut = at - reach; cut <= at + word.length + reach; cut += 1) near.add(cut)
    }
  }
  return [...near].filter((cut) => cut > 0 && cut < text.length).toSorted((one, other) => one - other)
}
