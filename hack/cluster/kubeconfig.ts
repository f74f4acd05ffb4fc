// Writes kubeconfig files that need no other file, so that a test can hand one path to a process or to a person.
import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'

export type Credential =
  | { readonly kind: 'certificate'; readonly certificatePem: string; readonly keyPem: string }
  | { readonly kind: 'token'; readonly token: string }

export interface KubeconfigContent {
  readonly server: string
  readonly authorityPem: string
  readonly user: string
  readonly credential: Credential
}

export function renderKubeconfig({ server, authorityPem, user, credential }: KubeconfigContent): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(authorityPem) } }],
    users: [{ name: user, user: renderCredential(credential) }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
  })
}

/** Whoever reads the file is that user. */
export async function writeKubeconfig(file: string, content: KubeconfigContent): Promise<void> {
  await writeFile(file, renderKubeconfig(content), { mode: 0o600 })
}

function renderCredential(credential: Credential): Record<string, string> {
  if (credential.kind === 'token') return { token: credential.token }
  return {
    'client-certificate-data': base64(credential.certificatePem),
    'client-key-data': base64(credential.keyPem),
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
