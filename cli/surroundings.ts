// Everybody a gateway deals with and a laptop does not have: who issues tokens, and a model. Both end with the process.
import type { Clock } from '../kube/clock.ts'
import { choosePort } from './port.ts'
import type { DevIdentityProvider, DevUser } from './dev-identity-provider.ts'
import { startDevIdentityProvider } from './dev-identity-provider.ts'
import type { Development } from './local/development.ts'
import type { LoopbackServer } from './loopback-server.ts'
import { startMockModel } from './mock-model.ts'

/** Two people, of whom the samples let one in. */
export const devUsers: readonly DevUser[] = [
  { name: 'alice', groups: ['research'], scopes: ['inference'] },
  { name: 'bob', groups: ['sales'], scopes: ['inference'] },
]

const audience = 'portcullis'
/** A working day: long enough to play, and the key dies with the process anyway. */
const lifetimeSeconds = 12 * 3600
const pauseMs = 15
const namespace = 'portcullis'

export interface Surroundings extends AsyncDisposable {
  readonly identityProvider: DevIdentityProvider
  readonly model: LoopbackServer
  readonly development: Development
}

/** `usualPorts`: easy to remember where they are free; absent, any. */
export async function startSurroundings(clock: Clock, usualPorts?: readonly [number, number]): Promise<Surroundings> {
  const nowMs = (): number => clock.date().getTime()
  const [idpPort = 0, modelPort = 0] = usualPorts ?? []
  await using started = new AsyncDisposableStack()
  const identityProvider = started.use(
    await startDevIdentityProvider({
      users: devUsers,
      audience,
      lifetimeSeconds,
      now: nowMs,
      port: await choosePort({ usual: idpPort }),
    }),
  )
  const model = started.use(
    await startMockModel({
      pauseMs,
      now: () => Math.floor(nowMs() / 1000),
      port: await choosePort({ usual: modelPort }),
    }),
  )
  const owned = started.move()
  return {
    identityProvider,
    model,
    development: { namespace, mockOrigin: model.origin, issuer: toIssuer(identityProvider) },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  }
}

function toIssuer({ issuer }: DevIdentityProvider): Development['issuer'] {
  return { name: 'development', issuer, audiences: [audience], claims: { username: { claim: 'preferred_username' } } }
}

export async function issueTokenFor(identityProvider: DevIdentityProvider, name: string): Promise<string> {
  const user = identityProvider.users.find((one) => one.name === name)
  if (user === undefined) throw new Error(`the development identity provider knows no ${name}`)
  return identityProvider.issueToken(user)
}
