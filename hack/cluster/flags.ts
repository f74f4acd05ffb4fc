// The command lines of the parts of a control plane. Pure: everything that differs from one cluster to the next comes in.
import path from 'node:path'
import type { Certificate } from './certificates.ts'

export interface Ports {
  readonly apiserver: number
  readonly etcd: number
  readonly etcdPeer: number
}

export interface Files {
  /** The state folder. It stands in every command line, which proves a leftover process to be ours. */
  readonly folder: string
  readonly authority: Certificate
  readonly serving: Certificate
  readonly serviceAccountKey: string
  readonly serviceAccountPublicKey: string
  readonly auditPolicy: string
  readonly managerKubeconfig: string
}

/** Addresses of Services; the first one is the API server's own and stands in its certificate. */
export const serviceRange = '10.96.0.0/16'
export const serviceAddress = '10.96.0.1'

/** An address of the documentation range: the API server publishes it as its endpoint and refuses a loopback address there. */
const advertisedAddress = '198.51.100.1'

export function serverUrl({ apiserver }: Ports): string {
  return `https://127.0.0.1:${apiserver}`
}

export function etcdArgs({ folder }: Files, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`
  const peer = `http://127.0.0.1:${ports.etcdPeer}`
  return toArgs({
    'data-dir': path.join(folder, 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    // What is lost when the machine loses power does not matter here; waiting for the disk at each write does.
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
  })
}

export function apiserverArgs(files: Files, ports: Ports): string[] {
  return toArgs({
    'etcd-servers': `http://127.0.0.1:${ports.etcd}`,
    'bind-address': '127.0.0.1',
    'advertise-address': advertisedAddress,
    'secure-port': String(ports.apiserver),
    'cert-dir': path.join(files.folder, 'apiserver'),
    'tls-cert-file': files.serving.certificate,
    'tls-private-key-file': files.serving.key,
    'client-ca-file': files.authority.certificate,
    'authorization-mode': 'Node,RBAC',
    // Not on by default, but some distributions have it on and it restricts owner references: what works here works there.
    'enable-admission-plugins': 'OwnerReferencesPermissionEnforcement',
    'service-cluster-ip-range': serviceRange,
    // The issuer is where the server really is, so that OIDC discovery of ServiceAccount tokens works as written.
    'service-account-issuer': serverUrl(ports),
    'service-account-jwks-uri': `${serverUrl(ports)}/openid/v1/jwks`,
    'service-account-key-file': files.serviceAccountPublicKey,
    'service-account-signing-key-file': files.serviceAccountKey,
    'audit-policy-file': files.auditPolicy,
    'audit-log-path': path.join(files.folder, 'logs', 'audit.log'),
    // Ends the watches of its clients when it stops; without it they hold the stopping server until it is killed.
    'shutdown-watch-termination-grace-period': '1s',
    profiling: 'false',
  })
}

export function controllerManagerArgs(files: Files): string[] {
  return toArgs({
    kubeconfig: files.managerKubeconfig,
    'leader-elect': 'false',
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': files.serviceAccountKey,
    'root-ca-file': files.authority.certificate,
    'cluster-signing-cert-file': files.authority.certificate,
    'cluster-signing-key-file': files.authority.key,
    'secure-port': '0',
    profiling: 'false',
  })
}

/** Every write, and every access to a Secret, with who did it; never a body. The tests ask it who did what. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources: [{ group: "", resources: [secrets, serviceaccounts/token] }]
  - level: None
    verbs: [get, list, watch]
  - level: None
    users: ["system:apiserver", "system:kube-controller-manager"]
  - level: None
    userGroups: ["system:serviceaccounts:kube-system"]
  - level: Metadata
`

function toArgs(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
}
