// Objects and calls in, verdicts and decisions out, offline and through the same code as in a cluster. A case is a folder: `in.yaml`
// holds objects and, last, a document of kind Calls, where `answers` are what the model says, in steps for a stream; `out.yaml` is
// what must come of it. CI never writes; run vitest with -u to.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments, parse as parseYaml, stringify } from 'yaml'
import { Protocols } from '../../gateway/protocols/find.ts'
import type { InferencePolicy, ModelConnection } from '../../operator/objects.ts'
import { emptyCache, judgePolicies } from '../../operator/publish/judge.ts'
import { planBundle } from '../../operator/publish/plan.ts'
import { evaluate } from '../../policy/evaluate.ts'
import { makeCompiler } from '../../policy/expression.ts'
import type { AnswerJudge, Judgement } from '../../policy/judgement.ts'
import { noMasks } from '../../policy/judgement.ts'
import type { MaskDemand } from '../../policy/masking/demand.ts'
import type { Identity, InferenceFacts, ResponseFacts, ScanRequest } from '../../policy/model.ts'
import { parseSettings } from '../../policy/parse-settings.ts'
import { toProblemText } from '../../policy/problem.ts'
import { findRoute } from '../../policy/route.ts'
import type { CompiledConnection, Snapshot } from '../../policy/snapshot.ts'
import { makeFacts, makeSnapshot, sha256 } from '../helpers/make.ts'

interface Call {
  readonly title: string
  readonly as?: Partial<Identity>
  readonly path?: string
  readonly body: object
  /** How often each class is found in the request. */
  readonly found?: Readonly<Record<string, number>>
  /** What the answer is; each but the last is that of a stream so far. */
  readonly answers?: readonly Partial<ResponseFacts>[]
}

interface Document {
  readonly kind: string
  readonly metadata?: { readonly namespace?: string; readonly name?: string; readonly creationTimestamp?: string }
  readonly data?: Readonly<Record<string, string>>
  /** In a document of kind Calls: also judge by the objects of this folder. */
  readonly include?: string
  readonly calls?: readonly Call[]
}

const root = path.resolve(import.meta.dirname, '../..')

test.for(globSync('judgement/*/in.yaml', { cwd: import.meta.dirname }))('%s', async (file) => {
  const input = path.join(import.meta.dirname, file)
  const own = readDocuments(input)
  const calls = own.find(({ kind }) => kind === 'Calls')
  if (calls?.calls === undefined) throw new Error(`${file}: the last document must be of kind Calls`)
  const included = calls.include === undefined ? [] : globSync(`${calls.include}/*.yaml`, { cwd: root }).toSorted()
  const documents = [...own, ...included.flatMap((one) => readDocuments(path.join(root, one)))]
  const { snapshot, policies, connections } = await plan(documents)
  const outcome = {
    connections,
    policies,
    calls: calls.calls.map((call) => ({ title: call.title, ...judge(snapshot, call) })),
  }
  await expect(stringify(outcome, { lineWidth: 110, aliasDuplicateObjects: false })).toMatchFileSnapshot(path.join(path.dirname(input), 'out.yaml'))
})

function readDocuments(file: string): readonly Document[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document): Document => document.toJS())
}

async function plan(documents: readonly Document[]) {
  const complete = (kind: string): unknown =>
    documents
      .filter((document) => document.kind === kind)
      .map((document) => {
        const { namespace = '', name = '' } = document.metadata ?? {}
        return { ...document, metadata: { uid: `${namespace}-${name}`, generation: 1, ...document.metadata } }
      })
  const settings = parseSettings(
    parseYaml(documents.find(({ kind }) => kind === 'ConfigMap')?.data?.['settings.yaml'] ?? '{}'),
  )
  if ('problems' in settings) throw new Error(settings.problems.map(toProblemText).join('\n'))
  const planned = planBundle({
    namespace: 'portcullis',
    settings: settings.settings,
    network: { apiServer: ['10.96.0.1:443'], clusterRanges: ['10.96.0.0/12'] },
    connections: complete('ModelConnection') as readonly ModelConnection[],
    policies: complete('InferencePolicy') as readonly InferencePolicy[],
    allowLoopback: false,
    clusterDomain: 'cluster.local',
    reader: { namespace: 'portcullis', serviceAccount: 'operator' },
    hash: sha256,
    stateOf: () => ({ state: 'Found' }),
    storedSlots: new Set(),
  })
  const snapshot = makeSnapshot(planned.bundle)
  const deps = { makeCompiler, nowMs: () => 0, breathe: async () => {} }
  const { verdicts } = await judgePolicies(deps, planned, 'portcullis', emptyCache)
  return {
    snapshot,
    connections: Object.fromEntries(
      [...planned.connections].map(([id, { entry, verdict }]) => [id, { prefix: entry.prefix, accepted: verdict.accepted.reason }]),
    ),
    policies: Object.fromEntries(
      [...verdicts].map(([id, { accepted, problems }]) => [
        id,
        { accepted: accepted.reason, ...(problems.length > 0 && { problems: problems.map(toProblemText) }) },
      ]),
    ),
  }
}

function judge(snapshot: Snapshot, call: Call): object {
  const route = findRoute(snapshot.routes, 'gateway', call.path ?? '/research/chat/v1/chat/completions')
  if (route === undefined) return { decision: 'route_not_found' }
  const { connection, rest } = route
  const inference = connection.opaque ? {} : read(connection, rest, call.body)
  const { identity, request } = makeFacts({ identity: call.as ?? {}, request: inference })
  const { found = {} } = call
  const scan: ScanRequest = (classes) => new Map(classes.map(({ name }) => [name, { count: found[name] ?? 0, paths: [] }]))
  const facts = { identity, connection: connection.facts, request, scan, nowMs: Date.UTC(2026, 10, 20, 12) }
  return { connection: connection.id, ...toShown(evaluate(connection, facts), call.answers ?? []) }
}

const protocols = new Protocols()

const emptyAnswer: ResponseFacts = { status: 200, text: '', toolCalls: [], finishReason: '', body: null }

function read(connection: CompiledConnection, rest: string, body: object): InferenceFacts {
  const head = { method: 'POST', path: rest, query: '', headers: { 'content-type': 'application/json' } }
  return protocols.of(connection).plan(head).read(Buffer.from(JSON.stringify(body))).facts
}

function toShown(judgement: Judgement, answers: NonNullable<Call['answers']>): object {
  const { decision, shadow, demands, masks, answer } = judgement
  const shown =
    decision.effect === 'Deny' ? decision : { effect: decision.effect, rules: decision.permit.grant.rules }
  return {
    ...shown,
    ...(shadow.length > 0 && { shadow }),
    ...(demands.length > 0 && { demands }),
    ...(masks !== noMasks && { masks: { request: masks.request.map(toMaskText), response: masks.response.map(toMaskText) } }),
    ...(answer !== undefined && { answer: { manner: answer.manner, verdicts: judgeAnswers(answer, answers) } }),
  }
}

function toMaskText({ policy, name, action, label, class: dataClass, fields, acts }: MaskDemand): string {
  const what = dataClass === undefined ? `at ${fields.join(' ')}` : `of ${dataClass}`
  return `${policy}/${name}${acts ? '' : ' would'} ${action} what is found ${what}, as ${label}`
}

function judgeAnswers(answer: AnswerJudge, answers: NonNullable<Call['answers']>): readonly object[] {
  return answers.map((facts, i) => {
    const goesOn = i + 1 < answers.length
    const { denied, shadow } = answer.judge({ ...emptyAnswer, ...facts }, goesOn)
    return { ...(denied === undefined ? { effect: 'Pass' } : denied), ...(shadow.length > 0 && { shadow }) }
  })
}
