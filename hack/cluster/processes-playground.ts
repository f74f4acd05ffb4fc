// What `npm run cluster` (and the bench) starts on top of a control plane: operator and gateways as processes, a development identity provider
// and a mock model, the samples applied and in force, and lines to paste.
import { mkdir, readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { issueTokenFor, startSurroundings } from '../../cli/surroundings.ts'
import type { Surroundings } from '../../cli/surroundings.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Cluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import type { GatewayProcess, Installation } from './processes.ts'
import { installProduct, kubectlOrThrow, makeGateway, makeOperator } from './processes.ts'
import { Kubelet } from './processes-kubelet.ts'

export interface Playground extends AsyncDisposable {
  readonly gateways: readonly GatewayProcess[]
  /** Of alice, whom the samples let in. */
  readonly token: string
  /** For a terminal: what is where, and what to try. */
  readonly lines: readonly string[]
}

const config = path.resolve(import.meta.dirname, '..', '..', 'config')
const team = 'research'
const secret = 'llm-key'

/** The samples are in force at every replica when this resolves. */
export async function startPlayground(cluster: Cluster, replicas: number): Promise<Playground> {
  await using parts = new AsyncDisposableStack()
  const folder = path.join(cluster.address.folder, 'product')
  await mkdir(folder, { mode: 0o700 })
  const installation = await installProduct(cluster, folder)
  // Their pods would wait for a node for ever.
  await kubectlOrThrow(cluster, ['scale', 'deployment', '--all', '--replicas=0', '-n', 'portcullis'])
  const surroundings = parts.use(await startSurroundings(systemClock))
  const { gateways, kubelet } = await startProcesses(installation, replicas, parts)
  const explain = async (): Promise<string> =>
    (await Promise.all(gateways.map(async ({ child }) => child.explain()))).join('\n')
  const patience = { timeoutMs: 60_000, explain }
  await eventually(() => gateways.every(({ pod }) => kubelet.isReady(pod)), { ...patience, message: 'the gateways' })
  await applySamples(cluster, surroundings)
  await eventually(async () => isInForce(cluster), { ...patience, message: 'the samples to be in force' })
  const token = await issueTokenFor(surroundings.identityProvider, 'alice')
  const lines = toLines(installation, { gateways, surroundings, token })
  const owned = parts.move()
  return { gateways, token, lines, [Symbol.asyncDispose]: async () => owned.disposeAsync() }
}

interface Processes {
  readonly gateways: readonly GatewayProcess[]
  readonly kubelet: Kubelet
}

async function startProcesses(
  installation: Installation,
  replicas: number,
  parts: AsyncDisposableStack,
): Promise<Processes> {
  const operator = await makeOperator(installation, { name: 'operator-0' })
  const kubelet = parts.use(new Kubelet(installation.cluster))
  parts.use(operator.child)
  operator.child.start()
  const names = Array.from({ length: replicas }, (_, index) => `gateway-${index}`)
  const gateways = await Promise.all(names.map(async (name) => makeGateway(installation, { name })))
  for (const gateway of gateways) {
    parts.use(gateway.child)
    await kubelet.admit(gateway)
    gateway.child.start()
  }
  kubelet.start()
  return { gateways, kubelet }
}

/** The samples as they are, but for what this machine has in place of the company's: issuers, and a model without a Service. */
async function applySamples(cluster: Cluster, { identityProvider, model, development }: Surroundings): Promise<void> {
  await cluster.createNamespace(team)
  const grant = await readFile(path.join(config, 'grants', 'secret.yaml'), 'utf8')
  const texts = [grant.replaceAll('TEAM', team).replaceAll('SECRET', secret)]
  const issuers = [toClusterIssuer(cluster), { ...development.issuer, issuer: identityProvider.issuer }]
  // The lessons and the tests of the samples stand in folders of their own.
  const names = await readdir(path.join(config, 'samples'))
  for (const name of names.filter((one) => one.endsWith('.yaml'))) {
    const documents = parseAllDocuments(await readFile(path.join(config, 'samples', name), 'utf8'))
    for (const document of documents) texts.push(toLocal(document.toJS(), { issuers, model: model.origin }))
  }
  await kubectlOrThrow(cluster, ['apply', '--server-side', '-f', '-'], { stdin: texts.join('\n---\n') })
}

function toClusterIssuer({ address }: Cluster): object {
  const issuer = { name: 'cluster', issuer: address.server, preset: 'Kubernetes', audiences: ['portcullis'] }
  return { ...issuer, fetchAs: 'ServiceAccount' }
}

interface Local {
  readonly issuers: readonly object[]
  readonly model: string
}

interface Endpoint {
  readonly service?: { readonly path?: string }
}

interface Sample {
  readonly kind: string
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly endpoints?: readonly Endpoint[] }
}

function toLocal(sample: Sample, { issuers, model }: Local): string {
  const text = sample.data?.['settings.yaml']
  if (text !== undefined) {
    const settings: object = parse(text)
    return stringify({ ...sample, data: { 'settings.yaml': stringify({ ...settings, issuers }) } })
  }
  if (sample.kind !== 'ModelConnection') return stringify(sample)
  const endpoints = sample.spec?.endpoints?.map(({ service, ...rest }) => ({
    ...rest,
    url: model + (service?.path ?? ''),
  }))
  return stringify({ ...sample, spec: { ...sample.spec, endpoints } })
}

async function isInForce(cluster: Cluster): Promise<boolean> {
  const wait = ['wait', '--for=condition=Ready', '--timeout=5s', '-n', team, 'modelconnection/chat']
  return (await cluster.kubectl([...wait, 'inferencepolicy/chat-for-research'])).exitCode === 0
}

interface Shown {
  readonly gateways: readonly GatewayProcess[]
  readonly surroundings: Surroundings
  readonly token: string
}

function toLines({ cluster, folder }: Installation, { gateways, surroundings, token }: Shown): readonly string[] {
  const { identityProvider, model } = surroundings
  const { file, args } = cluster.address.kubectl
  const gateway = gateways[0]?.origin ?? ''
  const body = JSON.stringify({ model: 'assistant', messages: [{ role: 'user', content: 'hello' }] })
  return [
    `export KUBECONFIG=${cluster.address.adminKubeconfig}`,
    `alias kubectl='${[file, ...args].join(' ')}'`,
    `export TOKEN=${token}`,
    '',
    '# A call, as alice of group research:',
    `curl -i ${gateway}/${team}/chat/v1/chat/completions -H "authorization: Bearer $TOKEN" \\`,
    `  -H 'content-type: application/json' -d '${body}'`,
    '# The same with "Nightjar" in the message is refused by a rule; another replica answers at:',
    ...gateways.slice(1).map(({ origin }) => `#   ${origin}/${team}/chat/v1`),
    `# bob, whom no policy lets in: curl -s ${identityProvider.origin}/users/bob/token`,
    `# What reached the model: curl -s ${model.origin}/seen`,
    '',
    'kubectl get modelconnections,inferencepolicies -A',
    `kubectl edit inferencepolicy chat-for-research -n ${team}   # in force at the next call`,
    'kubectl explain inferencepolicy.spec.rules',
    `# Logs of the processes: ${path.join(folder, 'logs')}`,
  ]
}
