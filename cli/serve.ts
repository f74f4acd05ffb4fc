// Stays over a folder until it is told to end: says where everything is and how to call it, then one line for each thing that
// happens (a new revision, a problem in the folder or in an object, a call).
import type { Clock } from '../kube/clock.ts'
import type { FolderProblem } from '../kube/manifests.ts'
import { Reflector } from '../kube/reflector.ts'
import type { KubeObject, Resource } from '../kube/resource.ts'
import type { InferencePolicy, ModelConnection } from '../operator/objects.ts'
import { inferencePolicies, modelConnections } from '../operator/objects.ts'
import type { Refusal } from './local/admission.ts'
import { isPassedOver, toProblemLine, toRefusalLines } from './local/folder.ts'
import { toLogLine, toObjectLines } from './news.ts'
import { showLines } from './next.ts'
import type { Standalone } from './standalone.ts'
import { startStandalone } from './standalone.ts'
import type { Surroundings } from './surroundings.ts'
import { devUsers, issueTokenFor } from './surroundings.ts'
import type { Terminal } from './terminal.ts'
import { toExcerpt, width } from './terminal.ts'

export interface ServeDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export interface ServeOptions {
  readonly folder: string
  readonly port: number
  readonly surroundings: Surroundings
  /** Whether the folder is the one that the lines to paste are about. */
  readonly isSample: boolean
}

/** Says that it has ended once it has: nothing is told after that. */
export async function serve(deps: ServeDeps, options: ServeOptions): Promise<void> {
  await serveUntilSignal(deps, options)
  deps.terminal.line()
  deps.terminal.line('ended')
}

async function serveUntilSignal(deps: ServeDeps, options: ServeOptions): Promise<void> {
  const { terminal, signal } = deps
  const { folder, surroundings } = options
  const tell = makeTeller(deps)
  await using product = await startStandalone(deps, {
    ...options,
    development: surroundings.development,
    onProblem: makeFolderTeller(tell, folder),
    onRefusal: (refusal) => void tellRefusal(tell, folder, refusal),
    signal,
    logTo: { write: (logged) => tell(toLogLine(logged)) },
  })
  await showAddresses(deps, options, product)
  product.onRevision((revision) => tell(`revision ${revision} in force`))
  const watching = [
    tellObjects(tell, product, modelConnections, signal),
    tellObjects(tell, product, inferencePolicies, signal),
  ]
  terminal.line(`Serving ${folder}: edit a file there and it takes effect. Ctrl-C ends it.`)
  terminal.line()
  await Promise.all(watching)
}

type Tell = (text: string | undefined) => void

function makeTeller({ terminal, clock }: ServeDeps): Tell {
  return (text) => {
    if (text === undefined) return
    const time = clock.date().toTimeString().slice(0, 8)
    terminal.line(`${terminal.paint('quiet', time)}  ${toExcerpt(text, 4 * width)}`)
  }
}

/** Kinds that nobody serves here are told too: one may be a spelling mistake. */
function makeFolderTeller(tell: Tell, folder: string): (problems: readonly FolderProblem[]) => void {
  let wasWrong = false
  return (problems) => {
    for (const problem of problems)
      tell(`${toProblemLine(folder, problem)}${isPassedOver(problem) ? ', so it is passed over' : ''}`)
    const isWrong = problems.some((problem) => !isPassedOver(problem))
    if (isWrong) tell('what was good before stays in force until this is repaired')
    else if (wasWrong) tell('the folder can be read again')
    wasWrong = isWrong
  }
}

async function tellRefusal(tell: Tell, folder: string, refusal: Refusal): Promise<void> {
  for (const line of await toRefusalLines(folder, refusal)) tell(line)
  const name = `${refusal.namespace}/${refusal.name}`
  tell(
    refusal.hasEarlier
      ? `${name} stays in force as it was before this edit`
      : `${name} is not used until it is repaired`,
  )
}

/** Follows one kind until the end; says once what is wrong with an object, or where it is ready. */
async function tellObjects<T extends KubeObject & (InferencePolicy | ModelConnection)>(
  tell: Tell,
  { feed, origin }: Standalone,
  resource: Resource<T>,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<string, string>()
  const reflector = new Reflector(feed, { resource })
  reflector.onChange((key) => {
    const object = reflector.getKey(key)
    const lines = object === undefined ? [`${resource.kind} ${key}: gone`] : toObjectLines(object, origin)
    const text = lines.join('\n')
    if (text === '' || text === told.get(key)) return
    told.set(key, text)
    for (const line of lines) tell(line)
  })
  await reflector.start(signal)
}

async function showAddresses(deps: ServeDeps, options: ServeOptions, product: Standalone): Promise<void> {
  const { terminal } = deps
  const { identityProvider, model } = options.surroundings
  const addresses = { gateway: product.origin, identityProvider: identityProvider.issuer, model: model.origin }
  const people = devUsers.map(({ name, groups }) => `${name} (${groups.join(', ')})`).join(', ')
  terminal.line(terminal.paint('strong', 'Portcullis is up'))
  terminal.line(`   gateway            ${addresses.gateway}`)
  terminal.line(`   health, metrics    ${product.adminOrigin}/readyz  ${product.adminOrigin}/metrics`)
  terminal.line(`   identity provider  ${addresses.identityProvider}  for ${people}`)
  terminal.line(`   mock model         ${addresses.model}  answers for every Service in the folder`)
  terminal.line()
  if (options.isSample) showLines(terminal, addresses)
  const [user] = devUsers
  if (user === undefined) return
  terminal.line(terminal.paint('strong', `A token for ${user.name}, good for 12 hours`))
  terminal.line(await issueTokenFor(identityProvider, user.name))
  terminal.line()
}
