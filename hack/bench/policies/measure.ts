// One process of suite `policy`, alone on its core: rebuilds, changes and judges, and prints one line of JSON for each round.
import { Tokenizers } from '../../../gateway/tokens/tokenizers.ts'
import type { JudgeCache } from '../../../operator/publish/judge.ts'
import { emptyCache, judgePolicies } from '../../../operator/publish/judge.ts'
import { planBundle } from '../../../operator/publish/plan.ts'
import { toActivation } from '../../../policy/activation.ts'
import { decodeBundle, encodeBundle } from '../../../policy/bundle-wire.ts'
import { evaluate } from '../../../policy/evaluate.ts'
import { requestEnvironment } from '../../../policy/environment.ts'
import { EvaluationFailed, makeCompiler } from '../../../policy/expression.ts'
import type { Facts } from '../../../policy/model.ts'
import type { Settings } from '../../../policy/settings.ts'
import { emptySettings } from '../../../policy/settings.ts'
import type { CompiledConnection, Snapshot } from '../../../policy/snapshot.ts'
import { compileSnapshot } from '../../../policy/snapshot.ts'
import type { Size } from './world.ts'
import { applicable, hash, makeWorld } from './world.ts'

export interface Round {
  readonly fullMs: number
  readonly changeMs: number
  readonly manyNs: number
  readonly fewNs: number
  /** The slowest of the hostile expressions. */
  readonly hostileMs: number
  /** The slowest of hostile texts of 100 KB, counted by a tokenizer. */
  readonly countMs: number
}

const many: Size = { policies: 1000, connections: 200 }
const few: Size = { policies: applicable, connections: 200 }
const settings: Settings = emptySettings
const calls = 20_000

interface Built {
  readonly judged: JudgeCache
  readonly snapshot: Snapshot
}

/** Both halves: the operator plans, judges and encodes; a gateway decodes and compiles. */
async function build(size: Size, edit: number, before?: Built): Promise<Built> {
  const plan = planBundle(makeWorld(size, settings, edit))
  const deps = { makeCompiler, nowMs: () => performance.now(), breathe: async () => {} }
  const { verdicts, cache } = await judgePolicies(deps, plan, 'portcullis', before?.judged ?? emptyCache)
  for (const [id, { accepted }] of verdicts)
    if (accepted.status !== 'True') throw new Error(`${id}: ${accepted.reason}`)
  const { header, shards, digest } = encodeBundle(plan.bundle, hash)
  const decoded = decodeBundle([header, ...shards], digest, hash)
  if ('refused' in decoded) throw new Error(decoded.refused)
  const steps = compileSnapshot(makeCompiler(), decoded.bundle, before?.snapshot)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return { judged: cache, snapshot: step.value }
}

async function time<Result>(run: () => Promise<Result>): Promise<{ readonly ms: number; readonly result: Result }> {
  globalThis.gc?.()
  const start = performance.now()
  const result = await run()
  return { ms: performance.now() - start, result }
}

function toCalled(snapshot: Snapshot): CompiledConnection {
  const connection = snapshot.connections.get('team-0/model-0')
  if (connection?.policies.length !== applicable) throw new Error(`not ${applicable} policies speak about the call`)
  return connection
}

const facts: Facts = {
  identity: {
    issuer: 'https://idp.example',
    subject: 'alice',
    username: 'alice',
    email: 'alice@example.com',
    kind: 'User',
    groups: ['research', 'team-3'],
    scopes: ['chat'],
    claims: {},
  },
  connection: { name: 'model-0', namespace: 'team-0', labels: {}, protocol: 'OpenAI' },
  request: {
    method: 'POST',
    path: '/team-0/model-0/v1/chat/completions',
    headers: {},
    sourceIP: '192.0.2.7',
    bytes: 2048,
    operation: 'chat.completions',
    model: 'small',
    stream: false,
    prompt: 'tell me about portcullises. '.repeat(70),
    messages: [],
    tools: [],
    toolCalls: [],
    media: [],
    parameters: {},
    maxTokens: 100,
    body: {},
  },
  nowMs: 0,
}

/** Comprehension bombs, deep nesting, huge literals, patterns that backtrack elsewhere: refused, or ended by the budget. */
const hostile: readonly string[] = [
  'lists.range(2000).all(a, lists.range(2000).all(b, lists.range(2000).all(c, a + b + c >= 0)))',
  'lists.range(2000).map(a, lists.range(2000).map(b, [a, b])).size() > 0',
  `${'['.repeat(90)}1${']'.repeat(90)}.size() == 1`,
  `${'('.repeat(2000)}true${')'.repeat(2000)}`,
  `${'!'.repeat(4000)}true`,
  `"${'a'.repeat(4000)}".contains("b")`,
  `[${'1,'.repeat(1900)}1].all(x, [${'1,'.repeat(80)}1].all(y, x == y))`,
  'request.prompt.matches("^(a+)+$")',
  'request.prompt.matches("(a|aa)*(b|bb)*c")',
  'request.prompt.matches("(.*)(.*)(.*)(.*)(.*)[0-9]{50}x")',
  'request.prompt.findAll("a{1,50}").size() == 0',
  'request.prompt.split("").map(c, request.prompt.replace(c, "bb")).size() == 0',
  `${'request.prompt + '.repeat(200)}"" == ""`,
]

function runHostile(): number {
  const environment = requestEnvironment('OpenAI', false)
  if (environment === undefined) throw new Error('rules cannot be written for OpenAI')
  const compile = makeCompiler()
  const activation = toActivation({ ...facts, request: { ...facts.request, prompt: 'a'.repeat(100_000) } })
  const times = hostile.map((source) => {
    const start = performance.now()
    const compiled = compile(source, environment)
    try {
      if ('program' in compiled) compiled.program.run(activation)
    } catch (error) {
      if (!(error instanceof EvaluationFailed)) throw error
    }
    return performance.now() - start
  })
  return Math.max(...times)
}

function judge(connection: CompiledConnection): number {
  const start = performance.now()
  for (let i = 0; i < calls; i += 1) {
    if (evaluate(connection, facts).decision.effect !== 'Permit') throw new Error('the call was not permitted')
  }
  return ((performance.now() - start) / calls) * 1e6
}

const texts = ['a', 'Aa', ' ', ' \n', '😀', '👩‍👩‍👧', '\u0301', "'s", 'qzxvkjwp'].map((unit) =>
  unit.repeat(100_000 / Buffer.byteLength(unit)),
)

function countHostile(tokenizers: Tokenizers): number {
  const count = tokenizers.find(encoding)
  if (count === undefined) throw new Error(`${encoding} is not loaded`)
  const times = texts.map((text) => {
    const start = performance.now()
    count(text)
    return performance.now() - start
  })
  return Math.max(...times)
}

const encoding = 'o200k_base'

async function measure(rounds: number): Promise<void> {
  const tokenizers = new Tokenizers((name) => {
    throw new Error(`${name} cannot be loaded`)
  })
  await tokenizers.load([encoding])
  const small = toCalled((await build(few, 0)).snapshot)
  for (let round = 0; round <= rounds; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one measurement at a time is the point
    const full = await time(async () => build(many, 2 * round))
    // oxlint-disable-next-line no-await-in-loop -- one measurement at a time is the point
    const change = await time(async () => build(many, 2 * round + 1, full.result))
    const large = toCalled(change.result.snapshot)
    const [manyNs, fewNs] = round % 2 === 0 ? [judge(large), judge(small)] : [judge(small), judge(large)].toReversed()
    const row: Round = {
      fullMs: full.ms,
      changeMs: change.ms,
      manyNs: manyNs ?? 0,
      fewNs: fewNs ?? 0,
      hostileMs: runHostile(),
      countMs: countHostile(tokenizers),
    }
    // The first one warms up.
    if (round > 0) process.stdout.write(`${JSON.stringify(row)}\n`)
  }
}

await measure(Number(process.argv[2]))
