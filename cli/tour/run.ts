// Walks the tour in a product of its own, over a copy of the samples that may be edited, and cleans up behind it.
import type { Clock } from '../../kube/clock.ts'
import { makeChatClient, read } from './chat-client.ts'
import { addRule, copyFolder, readSecret } from './samples.ts'
import { startStandalone } from '../standalone.ts'
import type { Surroundings } from '../surroundings.ts'
import { issueTokenFor } from '../surroundings.ts'
import type { Terminal } from '../terminal.ts'
import type { Result } from '../tour.ts'
import { walk } from '../tour.ts'
import type { Search } from './steps.ts'
import { sample, tourSteps } from './steps.ts'

export interface TourDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export interface TourOptions {
  readonly samples: string
  readonly port: number
  readonly surroundings: Surroundings
}

const callTimeoutMs = 10_000
const reloadTimeoutMs = 10_000
const { namespace, connection, policy, secret, secretKey, user } = sample

export async function runTour(deps: TourDeps, { samples, port, surroundings }: TourOptions): Promise<Result> {
  const { identityProvider, model, development } = surroundings
  const { clock, terminal } = deps
  await using copy = await copyFolder(samples)
  const { folder } = copy
  await using product = await startStandalone(deps, {
    folder,
    port,
    development,
    onProblem: () => {},
    onRefusal: () => {},
    signal: deps.signal,
    logTo: { write: () => {} },
  })
  await using chat = makeChatClient(`${product.origin}/${namespace}/${connection}/v1`, callTimeoutMs)
  terminal.line(`   gateway            ${product.origin}`)
  terminal.line(
    `   identity provider  ${identityProvider.issuer}  (development: anybody on this machine may be anybody)`,
  )
  terminal.line(`   mock model         ${model.origin}`)
  terminal.line()
  const world = {
    chat,
    token: await issueTokenFor(identityProvider, user),
    credential: await readSecret(folder, { namespace, name: secret }, secretKey),
    searchModel: async (text: string) => searchModel(model.origin, text),
    addRule: async (rule: object) => addRule(folder, { namespace, name: policy }, rule),
    now: clock.monotonicMs,
    reloadTimeoutMs,
  }
  // Awaited here: what the walk uses ends with this function.
  return await walk(tourSteps, world, deps)
}

async function searchModel(origin: string, text: string): Promise<Search> {
  const reply = await fetch(`${origin}/seen/search`, { method: 'POST', body: text })
  const body: unknown = await reply.json()
  return { calls: Number(read(body, 'calls')), containing: Number(read(body, 'containing')) }
}
