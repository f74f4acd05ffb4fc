// One edit of a policy after the other on a real API server, each timed until every replica has answered a call by it. What is
// waited for is an answer in the words of the edit: a denial with its message, under a revision that was not seen before.
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import type { ResourceStore } from '../../../kube/store.ts'
import type { InferencePolicy } from '../../../operator/objects.ts'
import { inferencePolicies } from '../../../operator/objects.ts'

export interface Replica {
  readonly origin: string
  readonly token: string
}

export interface Edit {
  /** From before the edit was sent. */
  readonly firstMs: number
  readonly lastMs: number
}

export interface EditOptions {
  readonly store: ResourceStore
  readonly replicas: readonly Replica[]
  readonly edits: number
  /** Different in every round, so that no edit says what an earlier one said. */
  readonly round: number
  readonly signal: AbortSignal
}

const policy = { namespace: 'research', name: 'chat-for-research' }
const path = '/research/chat/v1/chat/completions'
/** Not a fixed rhythm, which could fall into step with a poll of somebody's. */
const pauseMs = { min: 500, max: 750 }
const givenUpMs = 10_000
const betweenCallsMs = 1

export async function measureEdits(options: EditOptions): Promise<readonly Edit[]> {
  const { store, edits, round, signal } = options
  const callers = options.replicas.map((replica) => new Caller(replica))
  const measured: Edit[] = []
  try {
    for (let edit = 0; edit < edits; edit += 1) {
      await delay(pauseMs.min + Math.random() * (pauseMs.max - pauseMs.min), undefined, { signal })
      await Promise.all(callers.map(async (caller) => caller.call()))
      const message = `edit ${edit} of round ${round}`
      const startedMs = performance.now()
      await applyEdit(store, message)
      const seen = callers.map(async (caller) => (await caller.waitFor(message, signal)) - startedMs)
      const times = await Promise.all(seen)
      measured.push({ firstMs: Math.min(...times), lastMs: Math.max(...times) })
    }
  } finally {
    await Promise.all(callers.map(async (caller) => caller.close()))
  }
  return measured
}

async function applyEdit(store: ResourceStore, message: string): Promise<void> {
  const rule = { name: 'bench', phase: 'Request', action: 'Deny', message } as const
  const spec: InferencePolicy['spec'] = { mode: 'Enforce', targetRefs: [{ name: 'chat' }], rules: [rule] }
  await store.apply(inferencePolicies, { metadata: policy, spec }, { fieldManager: 'bench', force: true })
}

interface Answer {
  readonly revision: string
  readonly message: string
}

class Caller {
  readonly #pool: Pool
  readonly #token: string
  #revision = ''

  constructor({ origin, token }: Replica) {
    this.#pool = new Pool(origin, { connections: 1 })
    this.#token = token
  }

  async call(): Promise<Answer> {
    const { headers, body } = await this.#pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      body: '{"model":"assistant","messages":[{"role":"user","content":"hello"}]}',
    })
    const answer = { revision: String(headers['x-portcullis-revision']), message: await body.text() }
    this.#revision = answer.message.includes('"code":"policy_denied"') ? answer.revision : this.#revision
    return answer
  }

  /** When the answer came. */
  async waitFor(message: string, signal: AbortSignal): Promise<number> {
    const before = this.#revision
    const deadline = performance.now() + givenUpMs
    for (;;) {
      const answer = await this.call()
      const now = performance.now()
      if (answer.message.includes(`"${message}"`) && answer.revision !== before) return now
      if (now > deadline) throw new Error(`a replica did not enforce an edit within ${givenUpMs / 1000} s`)
      await delay(betweenCallsMs, undefined, { signal })
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}
