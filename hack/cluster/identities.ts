// Who talks to a test cluster: people by client certificate, processes by ServiceAccount token, tokens bound to a Pod.
import { CertificatesV1Api, CoreV1Api } from '@kubernetes/client-node'
import type { KubeConfig } from '@kubernetes/client-node'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { issueCertificate, makeSigningRequest } from './certificates.ts'
import type { ClusterAddress } from './cluster.ts'
import { eventually } from './eventually.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import type { Credential } from './kubeconfig.ts'

export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

export interface Reference {
  readonly namespace: string
  readonly name: string
}

export interface PodReference extends Reference {
  readonly uid: string
}

export interface TokenOptions {
  /** The API server itself by default. */
  readonly audiences?: readonly string[]
  /** At least 600, says Kubernetes. */
  readonly expirationSeconds?: number
  /** The token dies with this Pod and says its name and uid wherever it is used. */
  readonly pod?: { readonly name: string; readonly uid: string }
}

export interface PodOptions {
  readonly serviceAccount?: string
  readonly labels?: Readonly<Record<string, string>>
  /** What its status claims; true by default. */
  readonly ready?: boolean
}

export async function writeUserKubeconfig(address: ClusterAddress, client: KubeConfig, user: User): Promise<string> {
  const folder = path.join(address.folder, 'users')
  const name = freshName('user')
  const { key, certificatePem } = await certify(address, client, { folder, name, user })
  const keyPem = await readFile(key, 'utf8')
  return await writeFor(address, name, user.name, { kind: 'certificate', certificatePem, keyPem })
}

export async function writeTokenKubeconfig(address: ClusterAddress, user: string, token: string): Promise<string> {
  return await writeFor(address, freshName('token'), user, { kind: 'token', token })
}

export async function issueToken(client: KubeConfig, account: Reference, options: TokenOptions = {}): Promise<string> {
  const { audiences = [], expirationSeconds, pod } = options
  const { status } = await client.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    ...account,
    body: {
      spec: {
        audiences: [...audiences],
        ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
        ...(pod === undefined
          ? {}
          : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid } }),
      },
    },
  })
  if (!status?.token) throw new Error(`no token came for the ServiceAccount ${account.namespace}/${account.name}`)
  return status.token
}

/** What the strictest level of Pod Security asks for, because namespaces under test may enforce it. */
const restricted = {
  pod: { securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } } },
  container: { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
}

export async function makePod(client: KubeConfig, pod: Reference, options: PodOptions = {}): Promise<PodReference> {
  const { serviceAccount = 'default', labels = {}, ready = true } = options
  const core = client.makeApiClient(CoreV1Api)
  const created = await core.createNamespacedPod({
    namespace: pod.namespace,
    body: {
      metadata: { name: pod.name, labels: { ...labels } },
      spec: {
        serviceAccountName: serviceAccount,
        ...restricted.pod,
        containers: [{ name: 'process', image: 'none.invalid/process-of-a-test', ...restricted.container }],
      },
    },
  })
  created.status = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: new Date() }],
  }
  const { metadata } = await core.replaceNamespacedPodStatus({ ...pod, body: created })
  if (!metadata?.uid) throw new Error(`the API server returned the Pod ${pod.namespace}/${pod.name} without a uid`)
  return { ...pod, uid: metadata.uid }
}

interface Certification {
  readonly folder: string
  readonly name: string
  readonly user: User
}

async function certify(
  address: ClusterAddress,
  client: KubeConfig,
  { folder, name, user }: Certification,
): Promise<{ key: string; certificatePem: string }> {
  const subject = { commonName: user.name, organizations: user.groups }
  if (address.authority) {
    const { key, certificate } = await issueCertificate(address.authority, { folder, name, subject, usage: 'client' })
    return { key, certificatePem: await readFile(certificate, 'utf8') }
  }
  const { key, request } = await makeSigningRequest(folder, name, subject)
  return { key, certificatePem: await requestCertificate(client, name, await readFile(request)) }
}

/** The way of a cluster whose authority is not ours: its certificates API, approved by its administrator. */
async function requestCertificate(client: KubeConfig, name: string, request: Buffer): Promise<string> {
  const certificates = client.makeApiClient(CertificatesV1Api)
  const made = await certificates.createCertificateSigningRequest({
    body: {
      metadata: { generateName: `portcullis-test-${name}-` },
      spec: {
        request: request.toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    },
  })
  const generated = made.metadata?.name ?? ''
  made.status = { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'a user of the tests' }] }
  await certificates.replaceCertificateSigningRequestApproval({
    name: generated,
    body: made,
  })
  const signed = await eventually(
    async () => (await certificates.readCertificateSigningRequest({ name: generated })).status?.certificate,
    { message: `the cluster to sign the certificate request ${generated}` },
  )
  await certificates.deleteCertificateSigningRequest({ name: generated })
  return Buffer.from(signed, 'base64').toString('utf8')
}

async function writeFor(address: ClusterAddress, name: string, user: string, credential: Credential): Promise<string> {
  const folder = path.join(address.folder, 'users')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, `${name}.kubeconfig`)
  await writeKubeconfig(file, { server: address.server, authorityPem: address.authorityPem, user, credential })
  return file
}

/** Two tests may ask for the same user at the same time, from two processes. */
function freshName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}
