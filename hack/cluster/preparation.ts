// Everything a control plane reads from its state folder: authority, certificates, keys of ServiceAccount tokens, audit policy.
import { generateKeyPair } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { issueCertificate, makeAuthority } from './certificates.ts'
import type { Certificate } from './certificates.ts'
import { auditPolicy, serverUrl, serviceAddress } from './flags.ts'
import type { Files, Ports } from './flags.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { isAlive, killRecorded } from './leftovers.ts'

export interface Prepared extends Files {
  readonly adminKubeconfig: string
  readonly authorityPem: string
}

/** Says that the folder is ours, and the process that owns it. */
const marker = 'portcullis-test-cluster'

/** Makes the folder empty and ours. A folder with anything else in it, or in use, is refused rather than deleted. */
export async function claimFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const names = await readdir(folder)
  if (names.length > 0 && !names.includes(marker)) {
    throw new Error(`${folder} is not empty and not the state of a test cluster; name another folder for it`)
  }
  if (await isInUse(folder)) throw new Error(`${folder} is the state of a test cluster that still runs`)
  await killRecorded(folder)
  for (const name of names) await rm(path.join(folder, name), { recursive: true, force: true, maxRetries: 5 })
  await writeFile(path.join(folder, marker), String(process.pid))
  for (const name of ['logs', 'pids', 'pki']) await mkdir(path.join(folder, name), { mode: 0o700 })
}

async function isInUse(folder: string): Promise<boolean> {
  const owner = Number(await readFile(path.join(folder, marker), 'utf8').catch(() => ''))
  const parts = await readdir(path.join(folder, 'pids')).catch(() => [])
  return parts.length > 0 && Number.isInteger(owner) && owner > 0 && isAlive(owner)
}

export async function prepare(folder: string, ports: Ports): Promise<Prepared> {
  const pki = path.join(folder, 'pki')
  const audit = path.join(folder, 'audit.yaml')
  const [authority, accounts] = await Promise.all([
    makeAuthority(pki, 'authority'),
    makeServiceAccountKeys(pki),
    writeFile(audit, auditPolicy),
  ])
  const authorityPem = await readFile(authority.certificate, 'utf8')
  const identity = { folder, pki, authority, authorityPem, server: serverUrl(ports) }
  const [serving, adminKubeconfig, managerKubeconfig] = await Promise.all([
    issueCertificate(authority, {
      folder: pki,
      name: 'serving',
      usage: 'server',
      subject: { commonName: 'kube-apiserver' },
      hosts: ['127.0.0.1', 'localhost', serviceAddress, 'kubernetes.default.svc'],
    }),
    writeIdentity(identity, 'admin', { commonName: 'test-admin', organizations: ['system:masters'] }),
    writeIdentity(identity, 'manager', { commonName: 'system:kube-controller-manager' }),
  ])
  return {
    folder,
    authority,
    authorityPem,
    serving,
    adminKubeconfig,
    managerKubeconfig,
    auditPolicy: audit,
    ...accounts,
  }
}

/** RSA, because that is what tokens of nearly every real cluster are signed with. */
async function makeServiceAccountKeys(
  folder: string,
): Promise<Pick<Files, 'serviceAccountKey' | 'serviceAccountPublicKey'>> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const serviceAccountKey = path.join(folder, 'service-accounts.key')
  const serviceAccountPublicKey = path.join(folder, 'service-accounts.pub')
  await writeFile(serviceAccountKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(serviceAccountPublicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }))
  return { serviceAccountKey, serviceAccountPublicKey }
}

interface Identity {
  readonly folder: string
  readonly pki: string
  readonly authority: Certificate
  readonly authorityPem: string
  readonly server: string
}

async function writeIdentity(
  { folder, pki, authority, authorityPem, server }: Identity,
  name: string,
  subject: { readonly commonName: string; readonly organizations?: readonly string[] },
): Promise<string> {
  const issued = await issueCertificate(authority, { folder: pki, name, subject, usage: 'client' })
  const [certificatePem, keyPem] = await Promise.all([
    readFile(issued.certificate, 'utf8'),
    readFile(issued.key, 'utf8'),
  ])
  const file = path.join(folder, `${name}.kubeconfig`)
  const credential = { kind: 'certificate', certificatePem, keyPem } as const
  await writeKubeconfig(file, { server, authorityPem, user: subject.commonName, credential })
  return file
}
