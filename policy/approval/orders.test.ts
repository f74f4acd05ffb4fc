// A small model checker: one stored object, two replicas that read, judge, claim, forget and write with a version check, and
// people, time and mishaps in between. Every reachable state is visited once and every step is held to the invariants below, which
// count for themselves instead of asking the code under test.
import { expect, test } from 'vitest'
import type {
  ApprovalRequestDecision,
  ApprovalRequestPhase,
  ApprovalRequestPolicy,
} from '../../crds/generated/approval-request.ts'
import { type ApprovalEvent, type Step, reduceApproval } from './reduce.ts'
import type { ApprovalRecord, Question } from './request.ts'

const one: ApprovalRequestPolicy = {
  namespace: 'team',
  name: 'one',
  uid: 'u1',
  generation: 1,
  rule: 'tools',
  required: 1,
}
const two: ApprovalRequestPolicy = { ...one, namespace: 'platform', uid: 'u2' }
const endMs = 100

const question: Question = {
  type: 'Inference',
  connectionRef: { name: 'model', uid: 'c1' },
  policies: [one],
  requester: { issuer: 'i', subject: 's', username: 'requester' },
  digest: 'hmac-sha256:aa',
  notAfterMs: endMs,
}

interface Replica {
  /** Absent before the first reading and after a restart. */
  readonly memory?: ApprovalRecord
  /** Whether the version it read last is still the stored one: then the API server takes its write. */
  readonly fresh: boolean
  /** Whether the caller that waited here has left. */
  readonly gone: boolean
  /** The checker's own notes of every decision that this replica was shown since it started, whatever it made of them. */
  readonly shown: readonly string[]
}

type Mishap = 'TimeUp' | 'PolicyChanged' | 'DecisionEdited' | 'CallerLeaves0' | 'Restart0' | 'Restart1'

interface World {
  readonly stored: ApprovalRecord
  readonly replicas: readonly [Replica, Replica]
  readonly nowMs: number
  readonly policyChanged: boolean
  readonly releases: number
  readonly toDecide: readonly ApprovalRequestDecision[]
  readonly toHappen: readonly Mishap[]
}

interface Move {
  readonly name: string
  readonly world: World
  /** The replica that wrote, if one did. */
  readonly writer?: 0 | 1
}

interface Rules {
  readonly question: Question
  readonly reduce: typeof reduceApproval
  /** Off: the mistake of writing status without a resourceVersion. */
  readonly versionCheck: boolean
}

const finals: readonly ApprovalRequestPhase[] = ['Denied', 'Expired', 'Released', 'Canceled']
const isFinal = (record: ApprovalRecord) => finals.includes(record.phase)

function withReplica(world: World, index: 0 | 1, replica: Replica): World {
  return { ...world, replicas: index === 0 ? [replica, world.replicas[1]] : [world.replicas[0], replica] }
}

/** The stored object became another version: nobody's reading is current any more. */
function store(world: World, stored: ApprovalRecord): World {
  const [left, right] = world.replicas
  return {
    ...world,
    stored,
    replicas: [
      { ...left, fresh: false },
      { ...right, fresh: false },
    ],
  }
}

function decide(world: World, decision: ApprovalRequestDecision): World {
  const rest = { ...world, toDecide: world.toDecide.filter((other) => other !== decision) }
  // The API server takes no decision after a final phase.
  if (isFinal(world.stored)) return rest
  const { generation, decisions } = world.stored
  return store(rest, { ...world.stored, generation: generation + 1, decisions: [...decisions, decision] })
}

const flipped = { Approve: 'Deny', Deny: 'Approve' } as const

function edit(world: World): World {
  const [first, ...others] = world.stored.decisions
  if (isFinal(world.stored) || first === undefined) return world
  const decisions = [{ ...first, verdict: flipped[first.verdict] }, ...others]
  return store(world, { ...world.stored, generation: world.stored.generation + 1, decisions })
}

const restarted: Replica = { fresh: false, gone: false, shown: [] }

function happen(before: World, mishap: Mishap, rules: Rules): World {
  const world = { ...before, toHappen: before.toHappen.filter((other) => other !== mishap) }
  switch (mishap) {
    case 'TimeUp':
      return { ...world, nowMs: endMs }
    case 'PolicyChanged':
      return { ...world, policyChanged: true }
    case 'DecisionEdited':
      return edit(world)
    case 'Restart0':
      return withReplica(world, 0, restarted)
    case 'Restart1':
      return withReplica(world, 1, restarted)
    case 'CallerLeaves0': {
      const [replica] = world.replicas
      if (replica.memory === undefined) return world
      const { record } = rules.reduce(rules.question, replica.memory, { kind: 'Left', stillWaiting: 0 }, world.nowMs)
      return withReplica(world, 0, { ...replica, memory: record, gone: true })
    }
  }
}

function read(world: World, index: 0 | 1, rules: Rules): World {
  const replica = world.replicas[index]
  const known = replica.memory ?? world.stored
  const { record } = rules.reduce(rules.question, known, { kind: 'Observed', record: world.stored }, world.nowMs)
  const shown = [...new Set([...replica.shown, ...world.stored.decisions.map(toMark)])].toSorted()
  return withReplica(world, index, { ...replica, memory: record, fresh: true, shown })
}

/** One step of a replica on what it remembers, and the write of what came of it: status only, and not over another version. */
function act(world: World, index: 0 | 1, rules: Rules & { readonly event: ApprovalEvent }): Move | undefined {
  const replica = world.replicas[index]
  if (replica.memory === undefined) return undefined
  const name = `${rules.event.kind}${index}`
  const { record, claim } = rules.reduce(rules.question, replica.memory, rules.event, world.nowMs)
  const released = claim?.kind === 'Released'
  const stale = rules.versionCheck && !replica.fresh
  // Who could not write has released nothing, and must not remember that it has.
  const after = withReplica(world, index, { ...replica, memory: released && stale ? replica.memory : record })
  if (stale || (record.phase === world.stored.phase && !released)) return { name, world: after }
  return { name, world: write(after, index, { record, releases: world.releases + (released ? 1 : 0) }), writer: index }
}

function write(
  world: World,
  index: 0 | 1,
  done: { readonly record: ApprovalRecord; readonly releases: number },
): World {
  const { phase, releasedBy, canceledFor } = done.record
  const stored = { ...world.stored, phase, ...(releasedBy && { releasedBy }), ...(canceledFor && { canceledFor }) }
  const written = { ...store(world, stored), releases: done.releases }
  return withReplica(written, index, { ...written.replicas[index], fresh: true })
}

function toClaim(world: World, index: 0 | 1): ApprovalEvent {
  const standing = world.policyChanged ? ({ kind: 'Void', policy: 'team/one' } as const) : ({ kind: 'Holds' } as const)
  return { kind: 'Claimed', by: { pod: `gateway-${index}`, session: `s${index}` }, digest: question.digest, standing }
}

function* everyMove(world: World, rules: Rules): Generator<Move> {
  for (const decision of world.toDecide)
    yield { name: `${decision.approver} ${decision.verdict}`, world: decide(world, decision) }
  for (const mishap of world.toHappen) yield { name: mishap, world: happen(world, mishap, rules) }
  for (const index of [0, 1] as const) {
    yield { name: `Read${index}`, world: read(world, index, rules) }
    for (const event of [{ kind: 'Looked' } as const, toClaim(world, index)]) {
      const move = act(world, index, { ...rules, event })
      if (move !== undefined) yield move
    }
  }
}

/** Counted anew, in other words than judge.ts: each policy has its number of different people who are not the requester. */
function hasEveryQuorum(asked: Question, decisions: readonly ApprovalRequestDecision[]): boolean {
  return asked.policies.every((policy) => {
    const people = new Set<string>()
    for (const { policy: key, approver, verdict } of decisions) {
      if (key === `${policy.namespace}/${policy.name}` && verdict === 'Approve') people.add(approver)
    }
    people.delete('requester')
    return people.size >= policy.required
  })
}

function* faultsOfRelease(before: World, { world, writer }: Move, asked: Question): Generator<string> {
  const { decisions } = world.stored
  const holder = before.replicas[writer ?? 0]
  if (!hasEveryQuorum(asked, decisions)) yield 'released without every quorum'
  if (decisions.some(({ verdict }) => verdict === 'Deny')) yield 'released against a denial'
  if (before.nowMs >= endMs) yield 'released after the end'
  if (before.policyChanged) yield 'released under another policy'
  if (holder.gone) yield 'released for a caller who has left'
  const kept = new Set(decisions.map(toMark))
  if (!holder.shown.every((then) => kept.has(then))) yield 'released though a decision was edited'
}

function* faultsOf(before: World, move: Move, asked: Question): Generator<string> {
  const { world } = move
  if (world.releases > 1) yield 'released twice'
  if (isFinal(before.stored) && toText(before.stored) !== toText(world.stored)) yield 'changed after a final phase'
  if (before.stored.phase !== 'Pending' && world.stored.phase === 'Pending') yield 'went back to Pending'
  if ((world.stored.phase === 'Released') !== (world.stored.releasedBy !== undefined))
    yield 'releasedBy without Released'
  if (world.releases > before.releases) yield* faultsOfRelease(before, move, asked)
}

function toText(value: unknown): string {
  return JSON.stringify(value)
}

/** Enough to tell apart the decisions of one scenario. */
function toMark({ policy, approver, verdict }: ApprovalRequestDecision): string {
  return `${policy.slice(0, 1)}${approver.slice(0, 1)}${verdict.slice(0, 1)}`
}

function toRecordKey(record?: ApprovalRecord): string {
  if (record === undefined) return '-'
  const marks = record.decisions.map(toMark).toSorted().join('')
  return `${record.phase}${record.generation}${record.releasedBy?.pod ?? ''}${record.canceledFor ?? ''}${marks}`
}

function toReplicaKey({ memory, fresh, gone, shown }: Replica): string {
  return `${toRecordKey(memory)}${fresh ? 'f' : ''}${gone ? 'g' : ''}${shown.join('')}`
}

/**
 * Equal for worlds that differ in the order of decisions only, which judge.test.ts shows to make no difference. Time and policy
 * follow from what is yet to happen.
 */
function toKey({ stored, replicas, toDecide, toHappen, releases }: World): string {
  const ahead = `${toDecide.map(toMark).join('')}:${toHappen.join('')}`
  return `${toRecordKey(stored)}|${replicas.map(toReplicaKey).join('/')}|${ahead}|${releases}`
}

interface Findings {
  readonly states: number
  readonly faults: readonly string[]
  readonly reached: readonly ApprovalRequestPhase[]
}

interface Scenario {
  readonly policies?: readonly ApprovalRequestPolicy[]
  readonly decisions: readonly ApprovalRequestDecision[]
  readonly mishaps: readonly Mishap[]
}

/** Visits every state; or, where one fault is looked for, as many as it takes to find it. */
function explore(scenario: Scenario, rules: Omit<Rules, 'question'>, wanted?: string): Findings {
  const asked: Question = { ...question, policies: scenario.policies ?? [one] }
  const start: World = {
    stored: { generation: 1, phase: 'Pending', decisions: [] },
    replicas: [restarted, restarted],
    nowMs: 0,
    policyChanged: false,
    releases: 0,
    toDecide: scenario.decisions,
    toHappen: scenario.mishaps,
  }
  const visited = new Set([toKey(start)])
  const queue = [start]
  const faults = new Set<string>()
  const reached = new Set<ApprovalRequestPhase>()
  for (let world = queue.pop(); world !== undefined && !faults.has(wanted ?? ''); world = queue.pop()) {
    reached.add(world.stored.phase)
    for (const move of everyMove(world, { ...rules, question: asked })) {
      for (const fault of faultsOf(world, move, asked)) faults.add(fault)
      const key = toKey(move.world)
      if (visited.has(key) || move.world.releases > 1) continue
      visited.add(key)
      queue.push(move.world)
    }
  }
  return { states: visited.size, faults: [...faults], reached: [...reached].toSorted() }
}

const vote = (approver: string, verdict: 'Approve' | 'Deny' = 'Approve', policy = 'team/one') => ({
  policy,
  approver,
  verdict,
})
const real = { reduce: reduceApproval, versionCheck: true }

test.for<[string, Scenario, readonly ApprovalRequestPhase[]]>([
  [
    'one approval, and everything that can go wrong',
    { decisions: [vote('ann')], mishaps: ['TimeUp', 'PolicyChanged', 'CallerLeaves0', 'Restart0', 'Restart1'] },
    ['Approved', 'Canceled', 'Expired', 'Pending', 'Released'],
  ],
  [
    'a quorum of two',
    { policies: [{ ...one, required: 2 }], decisions: [vote('ann'), vote('bob')], mishaps: ['TimeUp', 'Restart0'] },
    ['Approved', 'Expired', 'Pending', 'Released'],
  ],
  [
    'two policies, and the requester helps one of them',
    {
      policies: [one, two],
      decisions: [vote('ann'), vote('bob', 'Approve', 'platform/one'), vote('requester', 'Approve', 'platform/one')],
      mishaps: ['Restart1'],
    },
    ['Approved', 'Pending', 'Released'],
  ],
  [
    'only the requester stands up for one of the two policies',
    {
      policies: [one, two],
      decisions: [vote('ann'), vote('requester', 'Approve', 'platform/one')],
      mishaps: ['TimeUp', 'Restart0'],
    },
    ['Expired', 'Pending'],
  ],
  [
    'approved by one, denied by another',
    { decisions: [vote('ann'), vote('bob', 'Deny')], mishaps: ['TimeUp', 'Restart0'] },
    ['Approved', 'Denied', 'Expired', 'Pending', 'Released'],
  ],
  [
    'a denial for one policy, the quorum of the other',
    {
      policies: [one, two],
      decisions: [vote('ann'), vote('bob', 'Deny', 'platform/one')],
      mishaps: ['Restart0', 'Restart1'],
    },
    ['Denied', 'Pending'],
  ],
  [
    'three people and two policies, and one of the people denies',
    {
      policies: [one, two],
      decisions: [vote('ann'), vote('bob', 'Approve', 'platform/one'), vote('cid', 'Deny', 'platform/one')],
      mishaps: ['PolicyChanged', 'CallerLeaves0'],
    },
    ['Approved', 'Canceled', 'Denied', 'Pending', 'Released'],
  ],
  [
    'a decision is edited behind everybody',
    { decisions: [vote('ann'), vote('bob', 'Deny')], mishaps: ['DecisionEdited', 'Restart1'] },
    ['Approved', 'Canceled', 'Denied', 'Pending', 'Released'],
  ],
])('no order breaks it: %s', ([, scenario, reached]) => {
  const findings = explore(scenario, real)
  expect(findings.faults).toEqual([])
  expect(findings.reached).toEqual(reached)
  expect(findings.states).toBeGreaterThan(300)
})

// The checker itself is held to account: each mistake from here on must be found, or a green run above would say nothing.
test('the checker finds a write without a version check', () => {
  const findings = explore({ decisions: [vote('ann')], mishaps: [] }, { ...real, versionCheck: false })
  expect(findings.faults).toEqual(expect.arrayContaining(['released twice', 'changed after a final phase']))
})

test.for<[string, Omit<Rules, 'question'>, string]>([
  ['a reader that forgets', { ...real, reduce: forgetful }, 'released though a decision was edited'],
  ['a clock that stands still', { ...real, reduce: (q, r, e) => reduceApproval(q, r, e, 0) }, 'released after the end'],
  [
    'no revalidation',
    { ...real, reduce: (q, r, e, t) => reduceApproval(q, r, holding(e), t) },
    'released under another policy',
  ],
  ['a requester who counts', { ...real, reduce: counting }, 'released without every quorum'],
])('the checker finds %s', ([, rules, fault]) => {
  const decisions = [vote('ann', 'Deny'), vote('requester')]
  const mishaps: readonly Mishap[] = ['TimeUp', 'PolicyChanged', 'DecisionEdited']
  expect(explore({ decisions, mishaps }, rules, fault).faults).toContain(fault)
})

function forgetful(...[asked, record, event, nowMs]: Parameters<typeof reduceApproval>): Step {
  return reduceApproval(asked, event.kind === 'Observed' ? event.record : record, event, nowMs)
}

function holding(event: ApprovalEvent): ApprovalEvent {
  return event.kind === 'Claimed' ? { ...event, standing: { kind: 'Holds' } } : event
}

function counting(...[asked, record, event, nowMs]: Parameters<typeof reduceApproval>): Step {
  return reduceApproval(
    { ...asked, requester: { issuer: 'i', subject: 's', username: 'nobody' } },
    record,
    event,
    nowMs,
  )
}
