// Issues the certificates of a test cluster with the openssl program. Node can read X.509 but not write it; a part of the
// built binary could, but then a cluster from KUBEBUILDER_ASSETS, which has no such part, would need a second way. Only
// options that OpenSSL 1.1, OpenSSL 3 and LibreSSL share are used.
import { generateKeyPair, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { runCommand } from './run-command.ts'

/** Paths of two PEM files. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

export interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

export interface Issue {
  readonly folder: string
  /** The files are called after it. */
  readonly name: string
  readonly subject: Subject
  readonly usage: 'client' | 'server'
  /** Names and addresses a server is reached by. */
  readonly hosts?: readonly string[]
}

const days = '30'

/** Never the machine's own openssl.cnf: it may be missing, or add extensions of its own. */
const requestConfig = `[req]
distinguished_name = subject
x509_extensions = authority
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`

export async function makeAuthority(folder: string, name: string): Promise<Certificate> {
  const files = await makeKey(folder, name)
  const config = await writeRequestConfig(folder, name)
  const subject = subjectArgument({ commonName: name })
  const request = ['-config', config, '-subj', subject, '-utf8', '-key', files.key]
  await openssl('req', ['-x509', '-new', '-sha256', '-days', days, ...request, '-out', files.certificate])
  return files
}

export async function issueCertificate(authority: Certificate, issue: Issue): Promise<Certificate> {
  const { request, ...files } = await makeSigningRequest(issue.folder, issue.name, issue.subject)
  const extensions = path.join(issue.folder, `${issue.name}.extensions`)
  await writeFile(extensions, renderExtensions(issue))
  const signer = ['-CA', authority.certificate, '-CAkey', authority.key]
  const content = ['-in', request, '-extfile', extensions, '-set_serial', `0x${randomBytes(16).toString('hex')}`]
  await openssl('x509', ['-req', '-sha256', '-days', days, ...content, ...signer, '-out', files.certificate])
  return files
}

/** A request that somebody else signs: the certificates API of a cluster whose authority is not ours. */
export async function makeSigningRequest(
  folder: string,
  name: string,
  subject: Subject,
): Promise<Certificate & { readonly request: string }> {
  const files = await makeKey(folder, name)
  const request = path.join(folder, `${name}.csr`)
  const config = await writeRequestConfig(folder, name)
  const content = ['-config', config, '-subj', subjectArgument(subject), '-utf8', '-key', files.key]
  await openssl('req', ['-new', '-sha256', ...content, '-out', request])
  return { ...files, request }
}

/** The `-subj` form: Kubernetes reads the user from CN and one group from every O. */
export function subjectArgument({ commonName, organizations = [] }: Subject): string {
  return [...organizations.map((group) => `/O=${escapeValue(group)}`), `/CN=${escapeValue(commonName)}`].join('')
}

function escapeValue(value: string): string {
  return value.replaceAll(/[\\/+]/g, String.raw`\$&`)
}

export function renderExtensions({ usage, hosts = [] }: Pick<Issue, 'usage' | 'hosts'>): string {
  const names = hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`))
  const lines = [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    `extendedKeyUsage = ${usage}Auth`,
    'authorityKeyIdentifier = keyid',
    ...(names.length > 0 ? [`subjectAltName = ${names.join(', ')}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

async function makeKey(folder: string, name: string): Promise<Certificate> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const key = path.join(folder, `${name}.key`)
  await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return { key, certificate: path.join(folder, `${name}.crt`) }
}

async function writeRequestConfig(folder: string, name: string): Promise<string> {
  const file = path.join(folder, `${name}.cnf`)
  await writeFile(file, requestConfig)
  return file
}

async function openssl(command: string, args: readonly string[]): Promise<void> {
  const run = runCommand('openssl', [command, ...args], { timeoutMs: 30_000 }).catch((error: unknown) => {
    throw new Error(
      'could not run openssl, which makes the certificates of a test cluster; install the package openssl',
      {
        cause: error,
      },
    )
  })
  const { exitCode, stderr } = await run
  if (exitCode !== 0) throw new Error(`openssl ${command} failed: ${stderr.trim()}`)
}
