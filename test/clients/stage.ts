// Two ways for one client to one recorded model: directly, and through a gateway. Behind the gateway the model stands under four names,
// one for each thing that a policy can do to a call.
import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { BundlePolicy } from '../../policy/bundle.ts'
import { connectionTo } from '../helpers/asking.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makePolicy } from '../helpers/make.ts'
import type { RecordedModel, Recording, Seen } from '../helpers/recorded-model.ts'
import { startRecordedModel } from '../helpers/recorded-model.ts'

/** `judged`: a rule about requests. `cut`, `held`: a rule about answers besides. `spent`: a budget of tokens. */
export type Place = 'judged' | 'cut' | 'held' | 'spent'

/** All that a client of a protocol is told. */
export interface Way {
  readonly origin: string
  readonly key: string
}

export interface Stage extends AsyncDisposable {
  readonly gw: TestGateway
  readonly model: RecordedModel
  readonly direct: Way
  /** Each as somebody whom the gateway has not met. */
  readonly through: (place: Place) => Promise<Way>
}

export interface StageOptions {
  readonly spec: Partial<ModelConnectionSpec>
  readonly answer: (asked: Seen) => Recording
  /** Over requests. Absent: a prompt with the word `forbidden` in it. */
  readonly deniedRequest?: string
  /** Over answers: true once too much has been said. */
  readonly deniedAnswer: string
  /** Absent: tokens, which not every protocol counts. */
  readonly limit?: { readonly requests: number } | { readonly tokens: number }
}

export const requestMessage = 'Ask the platform team.'
export const answerMessage = 'Not to be told.'

export async function startStage(options: StageOptions): Promise<Stage> {
  const model = await startRecordedModel(options.answer)
  const policies = toPolicies(options)
  const connections = Object.keys(policies).map((name) =>
    connectionTo(model, options.spec, { name, prefix: `/team-a/${name}/` }),
  )
  const gw = await startGateway({ connections, policies: Object.values(policies) })
  return {
    gw,
    model,
    direct: { origin: model.origin, key: 'none' },
    through: async (place) => ({
      origin: `${gw.origin}/team-a/${place}`,
      key: await gw.idp.sign({ sub: randomUUID() }),
    }),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await model[Symbol.asyncDispose]()
    },
  }
}

function toPolicies({
  deniedRequest,
  deniedAnswer,
  limit = { tokens: 1500 },
}: StageOptions): Record<Place, BundlePolicy> {
  const denyRequest = denyWhen(deniedRequest ?? 'request.prompt.contains("forbidden")', requestMessage)
  const judge = (name: Place, spec: Partial<InferencePolicySpec> = {}): BundlePolicy =>
    makePolicy({ targetRefs: [{ name }], rules: [allowAll, denyRequest], ...spec }, { name })
  const judgeAnswers = (name: Place, onStream: 'Hold' | 'Cut'): BundlePolicy =>
    judge(name, {
      rules: [
        allowAll,
        { name: 'answers', phase: 'Response', action: 'Deny', when: deniedAnswer, onStream, message: answerMessage },
      ],
    })
  return {
    judged: judge('judged'),
    cut: judgeAnswers('cut', 'Cut'),
    held: judgeAnswers('held', 'Hold'),
    spent: judge('spent', {
      limits: [{ name: 'budget', key: 'identity.username', ...limit, window: '1h' }],
    }),
  }
}

/** What concerns the connection, the credential and the framing of the body, and is not the client's to say. */
const hops = new Set(['host', 'connection', 'keep-alive', 'authorization', 'x-api-key', 'via', 'forwarded'])
const framing = new Set(['content-length', 'transfer-encoding', 'expect'])
/** The gateway reads what comes, and asks for it plain. */
const unlike = new Set([...hops, ...framing, 'accept-encoding'])

/** What a client draws by lot to part the pieces of a form. */
const boundary = /boundary=(?<lot>[\w-]+)/u

function toComparable({ method, url, headers, body }: Seen): object {
  const lot = boundary.exec(String(headers['content-type']))?.groups?.['lot'] ?? ''
  const without = (text: string): string => (lot === '' ? text : text.replaceAll(lot, 'BOUNDARY'))
  const told = Object.keys(headers)
    .filter((name) => !unlike.has(name) && !/^x-(?:portcullis|forwarded)-/u.test(name))
    .map((name) => [name, without(String(headers[name]))])
  return { method, url, headers: Object.fromEntries(told), body: without(body.toString('latin1')) }
}

/** The client gets the same both ways, and the model is asked the same, byte for byte. Returns what the client got. */
export async function expectSame<T>(stage: Stage, call: (way: Way) => Promise<T>): Promise<T> {
  const before = stage.model.seen.length
  const directly = await call(stage.direct)
  const between = stage.model.seen.length
  const through = await call(await stage.through('judged'))
  expect(through).toEqual(directly)
  const asked = stage.model.seen.map(toComparable)
  expect(asked.slice(before, between).length).toBeGreaterThan(0)
  expect(asked.slice(between)).toEqual(asked.slice(before, between))
  return through
}

/** What the client raises; a call that succeeds fails the test. */
export async function raisedBy(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error,
  )
}
