// Judges texts as the gateway would: each is the message of a user in an OpenAI chat, read by the protocol, turned into facts and judged
// by the compiled policies of a world.
import { assertSound, loadWorld } from '../../cli/offline/load.ts'
import { toRequest } from '../../cli/offline/messages.ts'
import { readKinds } from '../../cli/offline/objects.ts'
import { defaultPlatformNamespace } from '../../cli/offline/plan.ts'
import { toIdentity } from '../../cli/offline/call.ts'
import { toFacts } from '../../gateway/facts.ts'
import { makeMakeScan } from '../../gateway/masking/scan.ts'
import { Protocols } from '../../gateway/protocols/find.ts'
import { readAsked } from '../../gateway/read.ts'
import { evaluate } from '../../policy/evaluate.ts'
import { explain } from '../../policy/explain.ts'
import { MaskEngines } from '../../policy/masking/mask-engines.ts'
import type { Facts } from '../../policy/model.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'

export interface Verdict {
  readonly refused: boolean
  /** Rules of the pack that hold, by name, and scores, by reason; also those that are not asked any more after a first denial. */
  readonly signs: readonly string[]
}

export interface Judge {
  readonly judge: (text: string) => Promise<Verdict>
  /** Microseconds of one evaluation, the median of some. */
  readonly time: (text: string, options: Timing) => Promise<number>
}

export interface Timing {
  readonly rounds: number
  readonly nowMs: () => number
}

export interface JudgeOptions {
  readonly paths: readonly string[]
  /** `namespace/name`. */
  readonly connection: string
  readonly pack: string
}

export async function makeJudge({ paths, connection: id, pack }: JudgeOptions): Promise<Judge> {
  const options = { platformNamespace: defaultPlatformNamespace, allowLoopback: false }
  const world = await loadWorld({ kinds: await readKinds() }, paths, options)
  assertSound(world)
  const connection = world.snapshot.connections.get(id)
  if (connection === undefined) throw new Error(`there is no connection ${id} in ${paths.join(', ')}`)
  if (!connection.policies.some((policy) => policy.id === pack)) throw new Error(`${pack} does not select ${id}`)
  const readFacts = makeFactReader(connection)
  return {
    judge: async (text) => {
      const facts = await readFacts(text)
      const { decision } = evaluate(connection, facts)
      if (decision.effect === 'Deny') assertDeniedBy(pack, decision)
      return { refused: decision.effect === 'Deny', signs: findSigns(connection, facts, pack) }
    },
    time: async (text, timing) => {
      const facts = await readFacts(text)
      return time(() => evaluate(connection, facts), timing)
    },
  }
}

function makeFactReader(connection: CompiledConnection): (text: string) => Promise<Facts> {
  const protocols = new Protocols()
  const makeScan = makeMakeScan(new MaskEngines())
  const identity = toIdentity({ username: 'alice' })
  return async (text) => {
    const json = { model: 'm', messages: [{ role: 'user', content: text }] }
    const request = toRequest({ path: '/v1/chat/completions', json }, connection)
    const asked = await readAsked(protocols, request, { connection, rest: '/v1/chat/completions' })
    return toFacts({ countTokens: () => 0, makeScan }, { request, identity, connection, asked, nowMs: 0 })
  }
}

interface Denial {
  readonly reason: string
  readonly policy?: string
}

/** A refusal for want of budget, or by something else, would look like a good catch. */
function assertDeniedBy(pack: string, { reason, policy = 'nobody' }: Denial): void {
  if (policy === pack && (reason === 'DeniedByRule' || reason === 'RiskTooHigh')) return
  throw new Error(`a prompt was refused with ${reason} by ${policy}, which says nothing about the pack`)
}

function findSigns(connection: CompiledConnection, facts: Facts, pack: string): readonly string[] {
  const found = explain(connection, facts).policies.find(({ policy }) => policy === pack)
  const rules = (found?.rules ?? []).filter(({ outcome }) => outcome === 'Matched')
  const { risk } = found ?? {}
  return [...rules.map(({ name }) => name), ...(risk !== undefined && 'reasons' in risk ? risk.reasons : [])]
}

function time(work: () => unknown, { rounds, nowMs }: Timing): number {
  for (let i = 0; i < rounds; i += 1) work()
  const took = Array.from({ length: rounds }, () => {
    const startedMs = nowMs()
    work()
    return (nowMs() - startedMs) * 1000
  })
  return took.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0
}
